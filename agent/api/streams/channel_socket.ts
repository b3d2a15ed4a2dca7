/** A WebSocket whose messages belong to channels, in any of Kubernetes' protocols for that. */
import { Buffer } from "node:buffer";
import { closeCode } from "../../../cri/websocket_frames.ts";
import type { ChannelProtocol } from "./channels.ts";
import type { ServerWebSocket } from "./server_websocket.ts";

/** A piece of what a channel carries. */
export interface ChannelPiece {
  channel: number;
  data: Uint8Array;
  /** Whether a message ends with it. */
  last: boolean;
}

const digitZero = 0x30;
const encoder = new TextEncoder();

export class ChannelSocket {
  /** The channel of the message that is being received. */
  #channel = -1;
  /** Base64 characters that do not make whole bytes yet. */
  #rest = "";

  constructor(readonly socket: ServerWebSocket, readonly protocol: ChannelProtocol) {}

  /** The next piece of data; undefined when the client has closed or is gone. Closes it when it sends no base64. */
  async receive(): Promise<ChannelPiece | undefined> {
    for (let piece; (piece = await this.socket.receive());) {
      let { data } = piece;
      if (piece.first) {
        // the channel is not always in the first piece: an empty frame may begin a message
        this.#channel = -1;
        this.#rest = "";
      }
      if (this.#channel < 0) {
        if (data.length === 0) continue;
        this.#channel = this.protocol.base64 ? (data[0] - digitZero) & 0xff : data[0];
        data = data.subarray(1);
      }
      const { last } = piece;
      if (!this.protocol.base64) return { channel: this.#channel, data, last };
      const decoded = this.#decode(data, last);
      if (decoded) return { channel: this.#channel, data: decoded, last };
      await this.socket.refuse(closeCode.invalid, "the data are no base64");
      return undefined;
    }
    return undefined;
  }

  /** Sends a message on a channel; resolves when the connection has taken it. */
  send(channel: number, data: Uint8Array): Promise<void> {
    if (!this.protocol.base64) return this.socket.send(false, new Uint8Array([channel]), data);
    const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString("base64");
    return this.socket.send(true, new Uint8Array([digitZero + channel]), encoder.encode(text));
  }

  #decode(data: Uint8Array, last: boolean): Uint8Array | undefined {
    const text = this.#rest + Buffer.from(data.buffer, data.byteOffset, data.length).toString("latin1");
    const whole = last ? text.length : text.length - text.length % 4;
    this.#rest = text.slice(whole);
    const part = text.slice(0, whole);
    // padding ends a message; nothing may follow it
    const form = last ? /^[A-Za-z0-9+/]*={0,2}$/ : /^[A-Za-z0-9+/]*$/;
    if (part.length % 4 !== 0 || !form.test(part)) return undefined;
    return new Uint8Array(Buffer.from(part, "base64"));
  }
}

/** The size in a message of the resize channel; undefined where it is none. */
export function terminalSize(json: Uint8Array): { columns: number; rows: number } | undefined {
  try {
    const { Width, Height } = JSON.parse(new TextDecoder().decode(json)) ?? {};
    if (isSize(Width) && isSize(Height)) return { columns: Width, rows: Height };
  } catch {
    // no JSON
  }
  return undefined;
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 65536;
}
