/**
 * A WebSocket client (RFC 6455) of the size that exec, attach and port-forward need: binary messages over one
 * connection, with backpressure both ways. The platform's own `WebSocket` reads as fast as the peer sends, so that
 * `cat` of a large file to a slow reader would end up in memory; here nothing is read before it is asked for.
 */
import { concat, StreamError } from "./bytes.ts";
import { openUpgrade, type UpgradedConnection } from "./upgrade.ts";
import { encodeFrame, FrameReader, opcode } from "./websocket_frames.ts";

const maxMessage = 16 * 1024 * 1024;
const longestHead = 14;
const largestRoom = 64 * 1024 + longestHead;

export interface WebSocketOptions {
  /** Ends the connection at any time. */
  signal?: AbortSignal;
  /** Where to connect to, if not to the URL's host. */
  connect?: () => Promise<Deno.Conn>;
  /** Further headers of the handshake. */
  headers?: readonly (readonly [name: string, value: string])[];
}

export class WebSocketConnection {
  #frames: FrameReader;
  #writing: Promise<unknown> = Promise.resolve();
  /** Where frames are made, one after the other. */
  #room = new Uint8Array(0);
  #closed = false;

  private constructor(
    private connection: UpgradedConnection,
    readonly protocol: string,
    private signal: AbortSignal | undefined,
  ) {
    this.#frames = new FrameReader(connection.reader, "server");
  }

  /**
   * Opens `url` (http, https, ws or wss) with one of `protocols`. Throws an UpgradeRefusedError with the peer's words
   * when it refuses, a StreamError when it cannot be reached.
   */
  static async open(
    url: string,
    protocols: readonly string[],
    { signal, connect, headers = [] }: WebSocketOptions = {},
  ): Promise<WebSocketConnection> {
    const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
    const connection = await openUpgrade(url, {
      headers: [
        ["Upgrade", "websocket"],
        ["Sec-WebSocket-Version", "13"],
        ["Sec-WebSocket-Key", key],
        ["Sec-WebSocket-Protocol", protocols.join(", ")],
        ...headers,
      ],
      signal,
      connect,
    });
    try {
      if (connection.headers.get("sec-websocket-accept") !== await acceptKey(key)) {
        throw new StreamError("Cannot open a stream: the server's handshake does not fit the request");
      }
      const chosen = connection.headers.get("sec-websocket-protocol") ?? "";
      if (!protocols.includes(chosen)) {
        throw new StreamError(`Cannot open a stream: the server speaks ${JSON.stringify(chosen)}, not ${protocols}`);
      }
      return new WebSocketConnection(connection, chosen, signal);
    } catch (err) {
      connection.close();
      throw err;
    }
  }

  /**
   * The next message, or undefined when either side has closed. Throws a StreamError when the connection breaks, the
   * signal's reason when that ended it.
   */
  async receive(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    try {
      while (!this.#closed) {
        const frame = await this.#frames.next();
        if (!frame) throw new StreamError("the connection ended");
        if (frame.kind === "close") {
          await this.#send(opcode.close, frame.data).catch(() => {});
          this.close();
          return undefined;
        }
        if (frame.kind === "ping") await this.#send(opcode.pong, frame.data);
        if (frame.kind !== "data") continue;
        size += frame.data.length;
        if (size > maxMessage) throw new StreamError(`Cannot read a message: more than ${maxMessage} bytes`);
        parts.push(frame.data.slice());
        if (frame.last) return parts.length === 1 ? parts[0] : concat(parts);
      }
      return undefined;
    } catch (err) {
      if (this.#closed) return undefined;
      this.close();
      this.signal?.throwIfAborted();
      throw new StreamError(`Cannot read from the stream: ${(err as Error).message}`, { cause: err });
    }
  }

  /** Sends a binary message; resolves when the system has taken it. */
  send(...parts: Uint8Array[]): Promise<void> {
    return this.#send(opcode.binary, ...parts);
  }

  /** Ends the connection at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.connection.close();
  }

  #send(code: number, ...parts: Uint8Array[]): Promise<void> {
    const sent = this.#writing.then(() => {
      if (this.#closed) throw new StreamError("Cannot write to the stream: it is closed");
      const size = parts.reduce((sum, part) => sum + part.length, longestHead);
      if (size > this.#room.length && size <= largestRoom) this.#room = new Uint8Array(size);
      return this.connection.write(encodeFrame(code, parts, true, this.#room));
    });
    this.#writing = sent.catch(() => {});
    return sent;
  }
}

/** What a server proves with that it has understood a client's key. */
export async function acceptKey(key: string): Promise<string> {
  const bytes = new TextEncoder().encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest("SHA-1", bytes))));
}
