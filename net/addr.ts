/**
 * Addresses and address ranges as text and as bytes. What comes out of `canonical…` is written the way the kernel's tools
 * write it, so that it compares equal with what they list, and holds nothing but an address: it may stand in a script.
 */

export type Family = "ip" | "ip6";

/** A range of addresses: all that share the first `prefix` bits. */
export interface Cidr {
  family: Family;
  /** 4 or 16 bytes; those after the prefix are zero. */
  bytes: Uint8Array;
  prefix: number;
}

/** The bytes of an IPv4 or IPv6 address without zone; undefined if it is none. */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(":") ? parse6(text) : parse4(text);
}

/** An address as inet_ntop(3) writes it; undefined if it is none. */
export function canonicalAddress(text: string): string | undefined {
  if (dotted.test(text)) return text; // has but one way to be written
  const bytes = parseAddress(text);
  return bytes && formatAddress(bytes);
}

const octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const dotted = new RegExp(`^${octet}(?:\\.${octet}){3}$`);

/** Which table an address belongs to. The text must be an address. */
export function familyOf(address: string): Family {
  return address.includes(":") ? "ip6" : "ip";
}

/** Parses `10.0.0.0/8`; a bare address is a range of one. Bits after the prefix are cleared. */
export function parseCidr(text: string): Cidr | undefined {
  const [address, length, more] = text.trim().split("/");
  const bytes = parseAddress(address);
  if (!bytes || more !== undefined || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined;
  const prefix = length === undefined ? bytes.length * 8 : Number(length);
  if (prefix > bytes.length * 8) return undefined;
  return {
    family: bytes.length === 4 ? "ip" : "ip6",
    bytes: bytes.map((byte, i) => byte & maskByte(prefix, i)),
    prefix,
  };
}

/** `10.0.0.0/8`; a range of one as the bare address, as nft lists it. */
export function formatCidr({ bytes, prefix }: Cidr): string {
  return prefix === bytes.length * 8 ? formatAddress(bytes) : `${formatAddress(bytes)}/${prefix}`;
}

/** Whether a range holds an address or another range. */
export function contains(range: Cidr, inner: Cidr | Uint8Array): boolean {
  const { bytes, prefix } = inner instanceof Uint8Array ? { bytes: inner, prefix: inner.length * 8 } : inner;
  return bytes.length === range.bytes.length && prefix >= range.prefix &&
    range.bytes.every((byte, i) => (bytes[i] & maskByte(range.prefix, i)) === byte);
}

/** The same addresses without ranges that lie in others: what is left does not overlap. */
export function withoutContained(ranges: readonly Cidr[]): Cidr[] {
  const kept: Cidr[] = [];
  for (const range of [...ranges].sort((a, b) => a.prefix - b.prefix)) {
    if (!kept.some((other) => contains(other, range))) kept.push(range);
  }
  return kept;
}

/** An address as inet_ntop(3) writes it. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const words = Array.from({ length: 8 }, (_, i) => bytes[2 * i] << 8 | bytes[2 * i + 1]);
  let start = -1, length = 1; // the longest run of zeros, at least two words
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && words[end] === 0) end++;
    if (end - i > length) [start, length] = [i, end - i];
  }
  if (start === 0 && (length === 6 || (length === 5 && words[5] === 0xffff))) {
    return `::${length === 5 ? "ffff:" : ""}${bytes.subarray(12).join(".")}`;
  }
  const hex = (from: number, to?: number) => words.slice(from, to).map((word) => word.toString(16)).join(":");
  return start < 0 ? hex(0) : `${hex(0, start)}::${hex(start + length)}`;
}

function maskByte(prefix: number, index: number): number {
  const bits = Math.min(8, Math.max(0, prefix - index * 8));
  return (0xff << (8 - bits)) & 0xff;
}

function parse4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return Uint8Array.from(parts, Number);
}

function parse6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const words = (half: string): number[] | undefined => {
    const found: number[] = [];
    const parts = half === "" ? [] : half.split(":");
    for (const [i, part] of parts.entries()) {
      if (i === parts.length - 1 && part.includes(".")) {
        const four = parse4(part);
        if (!four) return undefined;
        found.push(four[0] << 8 | four[1], four[2] << 8 | four[3]);
      } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) found.push(parseInt(part, 16));
      else return undefined;
    }
    return found;
  };
  const head = words(halves[0]), tail = halves.length === 2 ? words(halves[1]) : [];
  if (!head || !tail) return undefined;
  if (halves.length === 2 && halves[0].includes(".")) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...head, ...Array<number>(missing).fill(0), ...tail];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}
