/** Reading exact numbers of bytes from what comes in pieces of any size: a connection, a stream. */

/** A stream that was refused, or that broke. */
export class StreamError extends Error {
  override name = "StreamError";
}

/** Gives what has arrived, at least a byte, or undefined at the end. A piece is the reader's until the next call. */
export type ByteSource = () => Promise<Uint8Array | undefined>;

const pieceSize = 64 * 1024;

/** What a connection receives. */
export function bytesOf(connection: Pick<Deno.Conn, "read">): ByteSource {
  const buffer = new Uint8Array(pieceSize);
  return async () => {
    const count = await connection.read(buffer);
    return count ? buffer.subarray(0, count) : undefined;
  };
}

/** What a stream's reader gives. */
export function bytesOfStream(reader: Pick<ReadableStreamDefaultReader<Uint8Array>, "read">): ByteSource {
  return async () => {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return undefined;
      if (value.length > 0) return value;
    }
  };
}

export class ByteReader {
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(private source: ByteSource) {}

  /** Exactly so many bytes, the caller's own. Throws a StreamError when there are fewer. */
  async read(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.readOrEnd(length);
    if (!bytes) throw new StreamError("the connection ended");
    return bytes;
  }

  /** The same, but undefined when the end comes before the first of them. */
  async readOrEnd(length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const out = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      if (this.#chunk.length === 0) {
        const next = await this.source();
        if (!next && filled === 0) return undefined;
        if (!next) throw new StreamError("the connection ended");
        this.#chunk = next;
      }
      const taken = this.#chunk.subarray(0, length - filled);
      out.set(taken, filled);
      filled += taken.length;
      this.#chunk = this.#chunk.subarray(taken.length);
    }
    return out;
  }

  /** What has arrived, at least a byte, and so much at most; undefined at the end. The caller's until the next call. */
  async readSome(most = Infinity): Promise<Uint8Array | undefined> {
    if (this.#chunk.length === 0) {
      const next = await this.source();
      if (!next) return undefined;
      this.#chunk = next;
    }
    const taken = this.#chunk.length > most ? this.#chunk.subarray(0, most) : this.#chunk;
    this.#chunk = this.#chunk.subarray(taken.length);
    return taken;
  }

  /** An HTTP head, without its empty last line. */
  async readHead(longest = 16 * 1024): Promise<string> {
    let head = "";
    while (!head.endsWith("\r\n\r\n")) {
      if (head.length > longest) throw new StreamError("the headers do not end");
      head += String.fromCharCode(...await this.read(1));
    }
    return head.slice(0, -4);
  }
}

/**
 * Writes that are given up when their connection is closed: Deno 2.7 leaves one that waits for the peer waiting for ever.
 */
export class PendingWrites {
  readonly #waiting = new Set<(err: Error) => void>();
  #closed = false;

  /** The same, but rejected as soon as the connection is closed. */
  until<T>(write: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) reject(new StreamError("the connection is closed"));
      else this.#waiting.add(reject);
      write.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }

  close(): void {
    this.#closed = true;
    for (const reject of this.#waiting) reject(new StreamError("the connection is closed"));
    this.#waiting.clear();
  }
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export async function writeAll(connection: Pick<Deno.Conn, "write">, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length;) at += await connection.write(data.subarray(at));
}

export function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // already closed
  }
}
