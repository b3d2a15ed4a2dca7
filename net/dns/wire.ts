/**
 * DNS messages as bytes: where a name ends, where records begin. Bounds are checked before every step, so that nothing a
 * stranger sends can do harm. What is inside records is dns-packet's business (see reply.ts); this file is for what must
 * stay byte for byte: questions, whose labels may hold anything, and the answers of others, which are passed on as they came.
 */

export const headerLength = 12;

export const rcodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;

export type Rcode = keyof typeof rcodes;

/** Bits of the header's second word. */
export const flags = {
  QR: 0x8000,
  AA: 0x0400,
  TC: 0x0200,
  RD: 0x0100,
  RA: 0x0080,
  AD: 0x0020,
  CD: 0x0010,
} as const;

/** Record types that are treated specially. */
export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
} as const;

export function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

export function setUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
}

export function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

export function setUint32(bytes: Uint8Array, at: number, value: number): void {
  setUint16(bytes, at, value >>> 16);
  setUint16(bytes, at + 2, value & 0xffff);
}

/** Where the name at `at` ends; -1 if it is none. Pointers are taken only where `pointers` says so, and not followed. */
export function endOfName(bytes: Uint8Array, at: number, pointers: boolean): number {
  for (let i = at; i < bytes.length;) {
    const length = bytes[i];
    if (length === 0) return i + 1 - at > 255 ? -1 : i + 1;
    if ((length & 0xc0) === 0xc0) return pointers && i + 2 <= bytes.length && i + 2 - at <= 255 ? i + 2 : -1;
    if (length & 0xc0) return -1;
    i += length + 1;
  }
  return -1;
}

/** Labels as text, as zone files write them: what is not plain is `\ddd`, so that a dot is always a border. */
export function nameText(bytes: Uint8Array, at: number, end: number): string {
  let text = "";
  for (let i = at; i < end - 1;) {
    const next = i + 1 + bytes[i];
    if (text !== "") text += ".";
    for (i++; i < next; i++) {
      const byte = bytes[i];
      text += byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\${String(byte).padStart(3, "0")}`;
    }
  }
  return text;
}

/** A name or question as a key: the same for every way of writing its letters. */
export function caselessKey(bytes: Uint8Array): string {
  let key = "";
  for (const byte of bytes) key += String.fromCharCode(isUpper(byte) ? byte + 0x20 : byte);
  return key;
}

/** Whether the bytes from `at` on are this name, in whatever case. */
export function isNameAt(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  const lower = (byte: number) => isUpper(byte) ? byte + 0x20 : byte;
  return name.every((byte, i) => lower(byte) === lower(bytes[at + i]));
}

const isUpper = (byte: number) => byte >= 0x41 && byte <= 0x5a;
const isLower = (byte: number) => byte >= 0x61 && byte <= 0x7a;

/** Turns each letter of a name to the case that the next random bit says (0x20 encoding): answers must echo it. */
export function scatterCase(name: Uint8Array, random: (bytes: Uint8Array) => void): Uint8Array {
  const bits = new Uint8Array((name.length >> 3) + 1);
  random(bits);
  return name.map((byte, i) =>
    (isUpper(byte) || isLower(byte)) ? (byte & ~0x20) | (((bits[i >> 3] >> (i & 7)) & 1) << 5) : byte
  );
}

/** One record of a message: offsets into its bytes. */
export interface RecordAt {
  section: 1 | 2 | 3;
  start: number;
  type: number;
  /** Time to live: four bytes here; length of data: two bytes at `dataAt - 2`. */
  ttlAt: number;
  dataAt: number;
  end: number;
}

export interface Layout {
  /** Behind the only question. */
  questionEnd: number;
  nameEnd: number;
  records: RecordAt[];
}

/** Where everything is in a message with one question; undefined where it is cut short or badly made. */
export function layoutOf(bytes: Uint8Array): Layout | undefined {
  if (bytes.length < headerLength || uint16(bytes, 4) !== 1) return undefined;
  const nameEnd = endOfName(bytes, headerLength, false);
  if (nameEnd < 0 || nameEnd + 4 > bytes.length) return undefined;
  const records: RecordAt[] = [];
  let at = nameEnd + 4;
  for (const section of [1, 2, 3] as const) {
    for (let left = uint16(bytes, 4 + 2 * section); left > 0; left--) {
      const owner = endOfName(bytes, at, true);
      if (owner < 0 || owner + 10 > bytes.length) return undefined;
      const dataAt = owner + 10;
      const end = dataAt + uint16(bytes, owner + 8);
      if (end > bytes.length) return undefined;
      records.push({ section, start: at, type: uint16(bytes, owner), ttlAt: owner + 4, dataAt, end });
      at = end;
    }
  }
  return { questionEnd: nameEnd + 4, nameEnd, records };
}
