/** Addresses in names: as labels, and as the names of reverse lookups. Pure. */
import { type Cidr, type Family, parseAddress, parseCidr } from "../addr.ts";

export function isIPv6(address: string): boolean {
  return address.includes(":");
}

/** An address as one label, for endpoints without a hostname: `10-1-2-3`, `fd00--5`. */
export function dashed(address: string): string {
  const label = address.replace(/[.:]/g, "-").toLowerCase();
  // a label may not begin or end with a dash, which "::1" and "fd00::" would
  return label.replace(/^-/, "0-").replace(/-$/, "-0");
}

/** The address that a label such as `10-1-2-3` or `fd00--5` stands for. */
export function undashed(label: string): string | undefined {
  const dotted = label.replaceAll("-", ".");
  if (parseAddress(dotted)) return dotted;
  const text = label.replaceAll("-", ":");
  return text.includes(":") && parseAddress(text) ? text : undefined;
}

/** What a reverse name says: an address, or the beginning of one where the name is that of a network. */
export interface ReverseName {
  family: Family;
  /** As many as the name has labels: octets (IPv4) or nibbles (IPv6), most significant first. */
  digits: number[];
  /** The whole address, where the name has all of it. */
  address?: Uint8Array;
}

/** Reads labels in lower case; undefined where they are no reverse name. */
export function reverseName(labels: readonly string[]): ReverseName | undefined {
  if (labels.length < 2 || labels[labels.length - 1] !== "arpa") return undefined;
  const root = labels[labels.length - 2];
  if (root !== "in-addr" && root !== "ip6") return undefined;
  const parts = labels.slice(0, -2).reverse();
  const family = root === "ip6" ? "ip6" : "ip";
  if (parts.length > (family === "ip6" ? 32 : 4)) return undefined;
  const digits = parts.map(family === "ip6" ? nibble : decimalByte);
  if (digits.includes(undefined)) return undefined;
  const known = digits as number[];
  if (family === "ip") {
    return { family, digits: known, ...(known.length === 4 ? { address: Uint8Array.from(known) } : {}) };
  }
  if (known.length < 32) return { family, digits: known };
  return {
    family,
    digits: known,
    address: Uint8Array.from({ length: 16 }, (_, i) => (known[2 * i] << 4) | known[2 * i + 1]),
  };
}

/** The reverse name of an address. */
export function nameOfAddress(bytes: Uint8Array): string {
  const digits = bytes.length === 4
    ? [...bytes].map(String)
    : [...bytes].flatMap((byte) => [(byte >> 4).toString(16), (byte & 15).toString(16)]);
  return `${digits.reverse().join(".")}.${bytes.length === 4 ? "in-addr" : "ip6"}.arpa`;
}

/** A range of addresses whose reverse names are ours. */
export interface ReverseZone extends Cidr {
  /** Labels before `in-addr.arpa` or `ip6.arpa` that a zone of the range has: whole octets or nibbles. */
  depth: number;
}

/** @throws where the range is none. */
export function reverseZone(text: string): ReverseZone {
  const cidr = parseCidr(text);
  if (!cidr) throw new Error(`Cannot read address range ${text}: want ADDRESS/LENGTH`);
  return { ...cidr, depth: Math.max(1, Math.ceil(cidr.prefix / (cidr.family === "ip" ? 8 : 4))) };
}

/** Whether a reverse name lies in a range: at the top of one of its zones or below. */
export function inReverseZone(name: ReverseName, zone: ReverseZone): boolean {
  if (name.family !== zone.family || name.digits.length < zone.depth) return false;
  const width = name.family === "ip" ? 8 : 4;
  for (let i = 0, left = zone.prefix; left > 0; i++, left -= width) {
    const digit = width === 8 ? zone.bytes[i] : (zone.bytes[i >> 1] >> (i % 2 === 0 ? 4 : 0)) & 15;
    const mask = left >= width ? (1 << width) - 1 : ((1 << width) - 1) & ~((1 << (width - left)) - 1);
    if ((name.digits[i] & mask) !== (digit & mask)) return false;
  }
  return true;
}

function decimalByte(text: string): number | undefined {
  return /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) < 256 ? Number(text) : undefined;
}

function nibble(text: string): number | undefined {
  return /^[0-9a-f]$/.test(text) ? parseInt(text, 16) : undefined;
}
