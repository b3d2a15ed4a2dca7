/**
 * The server's end of a WebSocket (RFC 6455) on a connection that was taken over from HTTP. Nothing is read before it is
 * asked for, and a message is given out in pieces: a client that sends faster than its data are taken is held back by
 * the connection itself.
 */
import type { Context } from "hono";
import { acceptKey } from "../../../cri/websocket.ts";
import {
  closeCode,
  closePayload,
  type DataPiece,
  encodeFrame,
  FrameError,
  FrameReader,
  opcode,
} from "../../../cri/websocket_frames.ts";
import type { Clock } from "../../clock.ts";
import type { AppEnv } from "../request.ts";
import { ApiError, badRequest } from "../status.ts";
import { listed } from "./channels.ts";
import { ClientConnection } from "./client_connection.ts";

/** How long the client has to answer our close. */
const closeMs = 5000;
const longestHead = 10;
const largestRoom = 64 * 1024 + 1 + longestHead;

export class ServerWebSocket {
  readonly #frames: FrameReader;
  /** Resolves when nothing more will be received. */
  readonly #ended = Promise.withResolvers<void>();
  #closing = false;
  #pong: Uint8Array | undefined;
  #ponging = false;
  /** Where frames of data are made while no other is under way. */
  #room: Uint8Array | undefined = new Uint8Array(0);

  constructor(private readonly connection: ClientConnection, private readonly clock: Clock) {
    this.#frames = new FrameReader(connection.reader, "client");
  }

  /** Aborts when the connection is gone. */
  get gone(): AbortSignal {
    return this.connection.gone;
  }

  /** The next piece of a message; undefined once the client has closed, broken the protocol, or is gone. */
  async receive(): Promise<DataPiece | undefined> {
    try {
      for (let frame; (frame = await this.#frames.next());) {
        if (frame.kind === "data") return frame;
        if (frame.kind === "ping") void this.#answer(frame.data);
        if (frame.kind !== "close") continue;
        if (!this.#closing) await this.#say(opcode.close, frame.data.subarray(0, 2));
        break;
      }
      this.#end();
    } catch (err) {
      if (err instanceof FrameError) await this.refuse(err.code, err.message);
      else this.abort();
    }
    return undefined;
  }

  /** Sends one message; resolves when the connection has taken it. */
  async send(text: boolean, ...parts: Uint8Array[]): Promise<void> {
    let room = this.#room;
    this.#room = undefined;
    const size = parts.reduce((sum, part) => sum + part.length, longestHead);
    if (room && size > room.length && size <= largestRoom) room = new Uint8Array(size);
    try {
      await this.connection.write(encodeFrame(text ? opcode.text : opcode.binary, parts, false, room));
    } finally {
      this.#room ??= room;
    }
  }

  /** Tells the client that we are there, though nothing of what it sends is read: it may wait for that. */
  keepAlive(): void {
    void this.#answer(new Uint8Array(0));
  }

  /** Says that nothing more comes, and waits for the client to say the same. Somebody must go on to receive. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      const cancel = this.clock.after(closeMs, () => this.abort());
      await this.#say(opcode.close, closePayload(closeCode.normal)).catch(() => this.abort());
      await this.#ended.promise;
      cancel();
    }
    await this.#ended.promise;
  }

  /** Ends the connection for something that the client has sent. */
  async refuse(code: number, reason: string): Promise<void> {
    if (!this.#closing) await this.#say(opcode.close, closePayload(code, reason)).catch(() => {});
    this.#end();
  }

  /** Ends the connection at once. */
  abort(): void {
    this.connection.close();
    this.#end();
  }

  #end(): void {
    this.#closing = true;
    this.#ended.resolve();
    void this.connection.finish();
  }

  #say(code: number, ...parts: Uint8Array[]): Promise<void> {
    return this.connection.write(encodeFrame(code, parts, false));
  }

  /** Only the last ping that waits is answered: many of them cannot fill our memory when the client does not read. */
  async #answer(data: Uint8Array): Promise<void> {
    this.#pong = data;
    if (this.#ponging) return;
    this.#ponging = true;
    try {
      while (this.#pong && !this.#closing) {
        const pong = this.#pong;
        this.#pong = undefined;
        await this.#say(opcode.pong, pong);
      }
    } catch {
      // gone
    } finally {
      this.#ponging = false;
    }
  }
}

/** Whether a request asks for a WebSocket. */
export function wantsWebSocket({ headers }: Request): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket" &&
    listed(headers.get("connection")).some((word) => word.toLowerCase() === "upgrade");
}

/** Throws a 4xx for a handshake that is none. */
export function checkHandshake({ method, headers }: Request): void {
  if (method !== "GET") throw badRequest("a WebSocket is opened by GET");
  const version = headers.get("sec-websocket-version");
  if (version !== "13") throw new ApiError(400, "BadRequest", `WebSocket version 13 is spoken here, not ${version}`);
  if (!/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(headers.get("sec-websocket-key")?.trim() ?? "")) {
    throw badRequest("the WebSocket's key is missing or malformed");
  }
}

/** Answers the handshake, which must have been checked. */
export async function acceptWebSocket(c: Context<AppEnv>, protocol: string, clock: Clock): Promise<ServerWebSocket> {
  const accept = await acceptKey(c.req.raw.headers.get("sec-websocket-key")!.trim());
  const socket = c.env.upgrade!.accept({
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Accept": accept,
    ...(protocol === "" ? {} : { "Sec-WebSocket-Protocol": protocol }),
  });
  return new ServerWebSocket(new ClientConnection(socket, c.req.raw.signal, clock), clock);
}
