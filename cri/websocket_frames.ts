/**
 * WebSocket frames (RFC 6455), both ways and for both ends: what a client sends is masked, what a server sends is not.
 *
 * Data are given out in pieces as they arrive, where they have arrived, and messages are never put together here: a
 * message may be of any length, and whoever reads it piece by piece needs no memory for it.
 */
import { type ByteReader, StreamError } from "./bytes.ts";

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Status codes of a close frame. */
export const closeCode = { normal: 1000, goingAway: 1001, protocol: 1002, invalid: 1007, tooBig: 1009, internal: 1011 };

/** The peer does not keep to the protocol; `code` is what to close with. */
export class FrameError extends StreamError {
  override name = "FrameError";
  constructor(readonly code: number, problem: string) {
    super(`Cannot read a frame: ${problem}`);
  }
}

/** A piece of a message. An empty message is one empty piece. */
export interface DataPiece {
  kind: "data";
  text: boolean;
  /** Valid until the next piece is asked for. */
  data: Uint8Array;
  /** Whether a message begins with it, and ends with it. */
  first: boolean;
  last: boolean;
}

export interface ControlMessage {
  kind: "ping" | "pong" | "close";
  data: Uint8Array<ArrayBuffer>;
}

const controls: Record<number, ControlMessage["kind"]> = {
  [opcode.close]: "close",
  [opcode.ping]: "ping",
  [opcode.pong]: "pong",
};

const longestControl = 125;

/** Reads what the other end sends. */
export class FrameReader {
  /** Bytes of the present data frame that have not been read. */
  #left = 0;
  #final = true;
  /** The mask of the present data frame, turned to where it goes on. */
  #mask: Uint8Array | undefined;
  /** Whether a message has begun that has not ended. */
  #inMessage = false;
  #first = true;
  #text = false;
  /** Checks that text is UTF-8, over the pieces of a message. */
  #decoder: TextDecoder | undefined;

  constructor(private bytes: ByteReader, private from: "client" | "server") {}

  /** The next piece or control message; undefined when the connection has ended between two frames. */
  async next(): Promise<DataPiece | ControlMessage | undefined> {
    while (this.#left === 0) {
      const head = await this.bytes.readOrEnd(2);
      if (!head) return undefined;
      const found = await this.#frame(head);
      if (found) return found;
    }
    const data = await this.bytes.readSome(this.#left);
    if (!data) throw new StreamError("the connection ended");
    if (this.#mask) applyMask(data, this.#mask);
    this.#left -= data.length;
    return this.#piece(data);
  }

  /** Reads the rest of a frame's head; returns what can be told without more of it. */
  async #frame([first, second]: Uint8Array): Promise<DataPiece | ControlMessage | undefined> {
    if (first & 0x70) throw new FrameError(closeCode.protocol, "an extension is used that was not agreed on");
    const code = first & 0x0f, final = (first & 0x80) !== 0;
    const masked = (second & 0x80) !== 0;
    if (masked !== (this.from === "client")) {
      throw new FrameError(closeCode.protocol, masked ? "a server must not mask" : "a client must mask");
    }
    const kind = controls[code];
    if (kind ? !final || (second & 0x7f) > longestControl : code > opcode.binary) {
      throw new FrameError(closeCode.protocol, kind ? `a ${kind} that is too long or in parts` : `opcode ${code}`);
    }
    if (!kind && (code === opcode.continuation) !== this.#inMessage) {
      throw new FrameError(
        closeCode.protocol,
        this.#inMessage ? "a message begins within another" : "a message goes on that did not begin",
      );
    }
    const length = await this.#length(second & 0x7f);
    const mask = masked ? await this.bytes.read(4) : undefined;
    if (kind) {
      const data = await this.bytes.read(length);
      if (mask) applyMask(data, mask);
      if (kind === "close") checkClose(data);
      return { kind, data };
    }
    this.#first = !this.#inMessage;
    if (this.#first) {
      this.#text = code === opcode.text;
      this.#decoder = this.#text ? new TextDecoder("utf-8", { fatal: true }) : undefined;
    }
    this.#inMessage = !final;
    [this.#left, this.#final, this.#mask] = [length, final, mask];
    // an empty frame in the middle says nothing
    return length === 0 && (this.#first || final) ? this.#piece(new Uint8Array(0)) : undefined;
  }

  async #length(short: number): Promise<number> {
    if (short < 126) return short;
    const view = new DataView((await this.bytes.read(short === 126 ? 2 : 8)).buffer);
    if (short === 127 && view.getUint32(0) >= 2 ** 21) throw new FrameError(closeCode.tooBig, "it is too long");
    const length = short === 126 ? view.getUint16(0) : view.getUint32(0) * 2 ** 32 + view.getUint32(4);
    if (length < (short === 126 ? 126 : 65536)) {
      throw new FrameError(closeCode.protocol, "its length is not written in the shortest way");
    }
    return length;
  }

  #piece(data: Uint8Array): DataPiece {
    const last = this.#left === 0 && this.#final;
    try {
      this.#decoder?.decode(data, { stream: !last });
    } catch {
      throw new FrameError(closeCode.invalid, "text that is no UTF-8");
    }
    const first = this.#first;
    this.#first = false;
    return { kind: "data", text: this.#text, data, first, last };
  }
}

/**
 * One frame, which is a whole message; `parts` are its content one after the other. It is made in `room` where that is
 * given and large enough.
 */
export function encodeFrame(
  code: number,
  parts: readonly Uint8Array[],
  masked: boolean,
  room?: Uint8Array,
): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const lengthBytes = length < 126 ? 0 : length < 65536 ? 2 : 8;
  const head = 2 + lengthBytes + (masked ? 4 : 0);
  const size = head + length;
  const frame = room && room.length >= size ? room.subarray(0, size) : new Uint8Array(size);
  const view = new DataView(frame.buffer, frame.byteOffset);
  frame[0] = 0x80 | code;
  frame[1] = (masked ? 0x80 : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) view.setUint16(2, length);
  else if (lengthBytes === 8) view.setBigUint64(2, BigInt(length));
  let at = head;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  if (masked) {
    const mask = crypto.getRandomValues(new Uint8Array(4));
    frame.set(mask, head - 4);
    applyMask(frame.subarray(head), mask);
  }
  return frame;
}

/** What a close frame holds. The reason is cut to what fits. */
export function closePayload(code: number, reason = ""): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(longestControl);
  new DataView(payload.buffer).setUint16(0, code);
  const { written } = new TextEncoder().encodeInto(reason, payload.subarray(2));
  return payload.subarray(0, 2 + written);
}

function checkClose(data: Uint8Array): void {
  if (data.length === 0) return;
  if (data.length === 1) throw new FrameError(closeCode.protocol, "a close with half a status code");
  const code = new DataView(data.buffer, data.byteOffset).getUint16(0);
  const known = (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code < 5000);
  if (!known) throw new FrameError(closeCode.protocol, `a close with status code ${code}`);
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(data.subarray(2));
  } catch {
    throw new FrameError(closeCode.invalid, "a close whose reason is no UTF-8");
  }
}

/** Takes the mask off, or puts it on, in place; afterwards the mask is turned to where the next bytes go on. */
function applyMask(data: Uint8Array, mask: Uint8Array): void {
  const { length, byteOffset } = data;
  const turned = (by: number) => new Uint8Array([0, 1, 2, 3].map((i) => mask[(by + i) & 3]));
  let at = 0;
  // by words, as many as lie aligned: four times as fast where nothing is optimized
  const start = -byteOffset & 3;
  if (length >= start + 4) {
    for (; at < start; at++) data[at] ^= mask[at & 3];
    const words = new Uint32Array(data.buffer, byteOffset + at, (length - at) >> 2);
    const [word] = new Uint32Array(turned(at).buffer);
    for (let i = 0; i < words.length; i++) words[i] ^= word;
    at += words.length * 4;
  }
  for (; at < length; at++) data[at] ^= mask[at & 3];
  mask.set(turned(length));
}
