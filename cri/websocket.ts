/**
 * A WebSocket client (RFC 6455) of the size that exec, attach and port-forward need: binary messages over one
 * connection, with backpressure both ways. The platform's own `WebSocket` reads as fast as the peer sends, so that
 * `cat` of a large file to a slow reader would end up in memory; here nothing is read before it is asked for.
 */

/** A connection that was refused, or that broke. */
export class WebSocketError extends Error {
  override name = "WebSocketError";
}

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
const maxHead = 16 * 1024;
const maxMessage = 16 * 1024 * 1024;
const encoder = new TextEncoder();

export class WebSocketConnection {
  #reader: ByteReader;
  #writing: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(
    private connection: Deno.Conn,
    reader: ByteReader,
    readonly protocol: string,
    private signal: AbortSignal | undefined,
    private abort: () => void,
  ) {
    this.#reader = reader;
  }

  /**
   * Opens `url` (http, https, ws or wss) with one of `protocols`. The signal ends the connection at any time.
   * Throws a WebSocketError with the peer's words when it refuses.
   */
  static async open(url: string, protocols: string[], signal?: AbortSignal): Promise<WebSocketConnection> {
    signal?.throwIfAborted();
    const { protocol, hostname, port, pathname, search, host } = new URL(url);
    const secure = protocol === "https:" || protocol === "wss:";
    const address = { hostname: hostname.replace(/^\[|\]$/g, ""), port: Number(port || (secure ? 443 : 80)) };
    const connection = await (secure ? Deno.connectTls(address) : Deno.connect(address)).catch((err) => {
      throw new WebSocketError(`Cannot connect to ${host}: ${err.message}`, { cause: err });
    });
    const abort = () => closeQuietly(connection);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
      await writeAll(
        connection,
        encoder.encode(
          `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
            `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n` +
            `Sec-WebSocket-Protocol: ${protocols.join(", ")}\r\n\r\n`,
        ),
      );
      const reader = new ByteReader(connection);
      const chosen = await readUpgrade(reader, key, protocols);
      signal?.throwIfAborted();
      return new WebSocketConnection(connection, reader, chosen, signal, abort);
    } catch (err) {
      closeQuietly(connection);
      signal?.removeEventListener("abort", abort);
      signal?.throwIfAborted();
      throw err instanceof WebSocketError
        ? err
        : new WebSocketError(`Cannot open a stream at ${host}: ${(err as Error).message}`, { cause: err });
    }
  }

  /**
   * The next message, or undefined when either side has closed. Throws a WebSocketError when the connection breaks, the
   * signal's reason when that ended it.
   */
  async receive(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    try {
      while (!this.#closed) {
        const [first, second] = await this.#reader.read(2);
        const opcode = first & 0x0f;
        let length = second & 0x7f;
        if (second & 0x80) throw new WebSocketError("Cannot read a frame: a server must not mask");
        if (length === 126) length = view(await this.#reader.read(2)).getUint16(0);
        else if (length === 127) length = Number(view(await this.#reader.read(8)).getBigUint64(0));
        size += length;
        if (size > maxMessage) throw new WebSocketError(`Cannot read a message: more than ${maxMessage} bytes`);
        const payload = await this.#reader.read(length);
        if (opcode === opcodes.close) {
          await this.#send(opcodes.close, payload).catch(() => {});
          this.close();
          return undefined;
        }
        if (opcode === opcodes.ping) await this.#send(opcodes.pong, payload);
        if (opcode >= opcodes.close) {
          size -= length;
          continue;
        }
        parts.push(payload);
        if (first & 0x80) return parts.length === 1 ? payload : concat(parts, size);
      }
      return undefined;
    } catch (err) {
      if (this.#closed) return undefined;
      this.close();
      this.signal?.throwIfAborted();
      throw err instanceof WebSocketError
        ? err
        : new WebSocketError(`Cannot read from the stream: ${(err as Error).message}`, { cause: err });
    }
  }

  /** Sends a binary message; resolves when the system has taken it. */
  send(data: Uint8Array): Promise<void> {
    return this.#send(opcodes.binary, data);
  }

  /** Ends the connection at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.signal?.removeEventListener("abort", this.abort);
    closeQuietly(this.connection);
  }

  #send(opcode: number, data: Uint8Array): Promise<void> {
    const sent = this.#writing.then(() => {
      if (this.#closed) throw new WebSocketError("Cannot write to the stream: it is closed");
      return writeAll(this.connection, maskedFrame(opcode, data));
    });
    this.#writing = sent.catch(() => {});
    return sent;
  }
}

/** Reads the answer to the upgrade; returns the protocol that the server chose. */
async function readUpgrade(reader: ByteReader, key: string, protocols: string[]): Promise<string> {
  const [statusLine, ...lines] = (await reader.readHead()).split("\r\n");
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  const status = Number(statusLine.split(" ")[1]);
  if (status !== 101) {
    const length = Math.min(Number(headers.get("content-length") ?? 0), 4096);
    const said = new TextDecoder().decode(await reader.read(length)).trim();
    throw new WebSocketError(`Cannot open a stream: HTTP status ${status}${said ? `: ${said}` : ""}`);
  }
  const digest = await crypto.subtle.digest("SHA-1", encoder.encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`));
  if (headers.get("sec-websocket-accept") !== btoa(String.fromCharCode(...new Uint8Array(digest)))) {
    throw new WebSocketError("Cannot open a stream: the server's handshake does not fit the request");
  }
  const chosen = headers.get("sec-websocket-protocol") ?? "";
  if (!protocols.includes(chosen)) {
    throw new WebSocketError(`Cannot open a stream: the server speaks ${JSON.stringify(chosen)}, not ${protocols}`);
  }
  return chosen;
}

/** A client masks what it sends. */
function maskedFrame(opcode: number, data: Uint8Array): Uint8Array {
  const head = data.length < 126 ? 6 : data.length < 65536 ? 8 : 14;
  const frame = new Uint8Array(head + data.length);
  frame[0] = 0x80 | opcode;
  if (head === 6) frame[1] = 0x80 | data.length;
  else if (head === 8) {
    frame[1] = 0x80 | 126;
    view(frame).setUint16(2, data.length);
  } else {
    frame[1] = 0x80 | 127;
    view(frame).setBigUint64(2, BigInt(data.length));
  }
  const mask = crypto.getRandomValues(frame.subarray(head - 4, head));
  for (let i = 0; i < data.length; i++) frame[head + i] = data[i] ^ mask[i & 3];
  return frame;
}

/** Exact reads from a connection. */
export class ByteReader {
  #buffer = new Uint8Array(64 * 1024);
  #start = 0;
  #end = 0;

  constructor(private connection: Deno.Conn) {}

  async read(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const out = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      if (this.#start === this.#end) await this.#fill();
      const take = Math.min(length - filled, this.#end - this.#start);
      out.set(this.#buffer.subarray(this.#start, this.#start + take), filled);
      this.#start += take;
      filled += take;
    }
    return out;
  }

  /** An HTTP head, without its empty last line. */
  async readHead(): Promise<string> {
    let head = "";
    while (!head.endsWith("\r\n\r\n")) {
      if (head.length > maxHead) throw new WebSocketError("Cannot open a stream: the server's headers do not end");
      head += String.fromCharCode(...await this.read(1));
    }
    return head.slice(0, -4);
  }

  async #fill(): Promise<void> {
    const count = await this.connection.read(this.#buffer);
    if (!count) throw new Error("connection ended");
    this.#start = 0;
    this.#end = count;
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function concat(parts: Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export async function writeAll(connection: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length;) at += await connection.write(data.subarray(at));
}

export function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // already closed
  }
}
