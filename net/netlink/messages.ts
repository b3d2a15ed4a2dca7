/** Messages to and from netfilter: a header, netfilter's own, then attributes that may hold others. Pure. */
import { type Family } from "../addr.ts";
import { headerSize } from "./socket.ts";

/** Flags of requests. */
export const flags = { request: 1, ack: 4, dump: 0x300 };

const afInet = 2, afInet6 = 10;
/** The header of nfnetlink: family, version, resource. */
const nfSize = 4;

export interface Attribute {
  type: number;
  /** With its header. */
  whole: Uint8Array;
  value: Uint8Array;
}

/** The attributes of a message. */
export function attributesOf(message: Uint8Array): Iterable<Attribute> {
  return attributes(message.subarray(headerSize + nfSize));
}

/** Attributes one after the other. */
export function* attributes(bytes: Uint8Array): Iterable<Attribute> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > bytes.length) return;
    const type = view.getUint16(at + 2, true) & 0x3fff; // without the flags "nested" and "network order"
    yield { type, whole: bytes.subarray(at, at + length), value: bytes.subarray(at + 4, at + length) };
    at += (length + 3) & ~3;
  }
}

/** A request of a subsystem of netfilter; `body` are its attributes. */
export function request(
  { subsystem, type, flag, family }: { subsystem: number; type: number; flag: number; family: Family },
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(headerSize + nfSize + body.length), view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, subsystem << 8 | type, true);
  view.setUint16(6, flag, true);
  bytes[headerSize] = family === "ip" ? afInet : afInet6;
  bytes.set(body, headerSize + nfSize);
  return bytes;
}

/** An attribute that holds a text. */
export function textAttribute(type: number, text: string): Uint8Array {
  const value = new TextEncoder().encode(`${text}\0`), length = value.length + 4;
  const bytes = new Uint8Array((length + 3) & ~3), view = new DataView(bytes.buffer);
  view.setUint16(0, length, true);
  view.setUint16(2, type, true);
  bytes.set(value, 4);
  return bytes;
}
