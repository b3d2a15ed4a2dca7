/**
 * D-Bus messages, as far as a client needs them that calls a few methods and hears a few signals: bytes, booleans,
 * numbers, strings, variants. Pure. Source: "D-Bus Specification", Message Format and Type System.
 */

export const messageType = { call: 1, reply: 2, error: 3, signal: 4 } as const;

export interface Message {
  type: number;
  serial: number;
  path?: string;
  interface?: string;
  member?: string;
  /** Of an error. */
  errorName?: string;
  /** Of the call that this answers. */
  replySerial?: number;
  destination?: string;
  sender?: string;
  signature?: string;
  body: (Value | Variant)[];
}

export type Value = string | number | bigint | boolean;

/** A variant, when it is written; one that was read is its value. */
export interface Variant {
  type: string;
  value: Value;
}

/** Header fields by their codes, with the types that they have. */
const fields = [
  [1, "path", "o"],
  [2, "interface", "s"],
  [3, "member", "s"],
  [4, "errorName", "s"],
  [5, "replySerial", "u"],
  [6, "destination", "s"],
  [7, "sender", "s"],
  [8, "signature", "g"],
] as const;

const fixedLength = 16;

/** Sizes of what is aligned: a value begins at a multiple of its own. */
const alignments: Record<string, number> = { y: 1, b: 4, u: 4, i: 4, t: 8, s: 4, o: 4, g: 1, v: 1 };

/** The bytes of a message, little-endian. */
export function encodeMessage(message: Message): Uint8Array<ArrayBuffer> {
  const body = new Writer();
  [...message.signature ?? ""].forEach((type, at) => body.value(type, message.body[at]));
  const head = new Writer();
  for (const [code, name, type] of fields) {
    const value = message[name];
    if (value === undefined) continue;
    head.align(8);
    head.value("y", code);
    head.value("g", type);
    head.value(type, value);
  }
  const out = new Writer();
  for (const byte of [0x6c, message.type, 0, 1]) out.value("y", byte);
  for (const number of [body.bytes.length, message.serial, head.bytes.length]) out.value("u", number);
  out.bytes.push(...head.bytes);
  out.align(8);
  out.bytes.push(...body.bytes);
  return new Uint8Array(out.bytes);
}

/** How long the message is that these bytes begin; undefined while too few are there to tell. */
export function messageLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < fixedLength) return undefined;
  const reader = new Reader(bytes);
  const [bodyLength, headLength] = [reader.at("u", 4), reader.at("u", 12)] as number[];
  return aligned(fixedLength + headLength, 8) + bodyLength;
}

/** The message that these bytes are; a body of types that are not known here is left out. */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new Reader(bytes);
  const message: Message = { type: bytes[1], serial: reader.at("u", 8) as number, body: [] };
  const end = fixedLength + (reader.at("u", 12) as number);
  for (reader.offset = fixedLength; reader.offset < end;) {
    reader.offset = aligned(reader.offset, 8);
    const code = reader.value("y");
    const value = reader.value("v");
    const field = fields.find(([known]) => known === code);
    if (field) Object.assign(message, { [field[1]]: value });
  }
  reader.offset = aligned(end, 8);
  const types = [...message.signature ?? ""];
  if (types.every((type) => type in alignments)) message.body = types.map((type) => reader.value(type));
  return message;
}

function aligned(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}

class Writer {
  readonly bytes: number[] = [];

  align(to: number): void {
    while (this.bytes.length % to !== 0) this.bytes.push(0);
  }

  value(type: string, value: Value | Variant): void {
    this.align(alignments[type]);
    if (typeof value === "object") {
      this.value("g", value.type);
      this.value(value.type, value.value);
    } else if (type === "s" || type === "o" || type === "g") {
      const text = new TextEncoder().encode(String(value));
      this.value(type === "g" ? "y" : "u", text.length);
      this.bytes.push(...text, 0);
    } else {
      let left = BigInt(value);
      for (let at = 0; at < alignments[type]; at++, left >>= 8n) this.bytes.push(Number(left & 255n));
    }
  }
}

class Reader {
  offset = 0;
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#little = bytes[0] === 0x6c;
  }

  at(type: string, offset: number): Value {
    this.offset = offset;
    return this.value(type);
  }

  value(type: string): Value {
    if (!(type in alignments)) throw new Error(`Cannot read a D-Bus message: type ${type} is not known here`);
    const start = this.offset = aligned(this.offset, alignments[type]);
    this.offset += alignments[type];
    switch (type) {
      case "y":
        return this.#view.getUint8(start);
      case "b":
        return this.#view.getUint32(start, this.#little) !== 0;
      case "u":
        return this.#view.getUint32(start, this.#little);
      case "i":
        return this.#view.getInt32(start, this.#little);
      case "t":
        return this.#view.getBigUint64(start, this.#little);
      case "v":
        this.offset = start;
        return this.value(String(this.value("g")));
      default:
        return this.#text(type === "g" ? this.#view.getUint8(start) : this.#view.getUint32(start, this.#little));
    }
  }

  #text(length: number): string {
    const text = new TextDecoder().decode(this.bytes.subarray(this.offset, this.offset + length));
    this.offset += length + 1;
    return text;
  }
}
