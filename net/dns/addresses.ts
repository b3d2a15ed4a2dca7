/** Addresses as bytes, and the names that reverse lookups give them. Pure. */

/** Four or sixteen bytes, undefined for what is no address. */
export function addressBytes(text: string): Uint8Array | undefined {
  return text.includes(":") ? bytesOfIPv6(text) : bytesOfIPv4(text);
}

/** One pass over the letters: every answer with an address goes through here. */
function bytesOfIPv4(text: string): Uint8Array | undefined {
  if (text.length < 7 || text.length > 15) return undefined;
  const bytes = new Uint8Array(4);
  let part = 0, value = 0, digits = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 0x2e;
    if (code === 0x2e) {
      if (digits === 0 || part > 3) return undefined;
      bytes[part++] = value;
      value = digits = 0;
      continue;
    }
    // a zero in front would mean octal to some
    if (code < 0x30 || code > 0x39 || (digits > 0 && value === 0)) return undefined;
    value = value * 10 + code - 0x30;
    digits++;
    if (value > 255) return undefined;
  }
  return part === 4 ? bytes : undefined;
}

function bytesOfIPv6(text: string): Uint8Array | undefined {
  let source = text;
  const dotted = /^(.*:)([^:]*\.[^:]*)$/.exec(text);
  if (dotted) {
    const tail = bytesOfIPv4(dotted[2]);
    if (!tail) return undefined;
    const group = (at: number) => ((tail[at] << 8) | tail[at + 1]).toString(16);
    source = `${dotted[1]}${group(0)}:${group(2)}`;
  }
  const halves = source.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => half === "" ? [] : half.split(":"));
  const given = head.length + (tail?.length ?? 0);
  if (tail ? given > 7 : given !== 8) return undefined;
  const groups = tail ? [...head, ...Array<string>(8 - given).fill("0"), ...tail] : head;
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(groups.flatMap((group) => {
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  }));
}

/** An address in one way of writing only: what two spellings are compared by. */
export function addressKey(text: string): string | undefined {
  const bytes = addressBytes(text);
  return bytes && keyOf(bytes);
}

export function keyOf(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join(".") : [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

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
  if (bytesOfIPv4(dotted)) return dotted;
  const text = label.replaceAll("-", ":");
  if (!text.includes(":")) return undefined;
  return bytesOfIPv6(text) && text;
}

/** What a reverse name says: an address, or the beginning of one where the name is that of a network. */
export interface ReverseName {
  family: 4 | 6;
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
  const family = root === "ip6" ? 6 : 4;
  if (parts.length > (family === 6 ? 32 : 4)) return undefined;
  const digits = parts.map(family === 6 ? nibble : decimalByte);
  if (digits.includes(undefined)) return undefined;
  const known = digits as number[];
  if (family === 4) {
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
export interface ReverseZone {
  family: 4 | 6;
  bytes: Uint8Array;
  prefix: number;
  /** Labels before `in-addr.arpa` or `ip6.arpa` that a zone of the range has: whole octets or nibbles. */
  depth: number;
}

/** @throws where the range is none. */
export function reverseZone(cidr: string): ReverseZone {
  const [address, length] = cidr.split("/");
  const bytes = addressBytes(address);
  const most = bytes && bytes.length * 8;
  const prefix = length === undefined ? most : Number(/^\d{1,3}$/.test(length) ? length : NaN);
  if (!bytes || prefix === undefined || !(prefix <= most!)) {
    throw new Error(`Cannot read address range ${cidr}: want ADDRESS/LENGTH`);
  }
  const family = bytes.length === 4 ? 4 : 6;
  return { family, bytes, prefix, depth: Math.max(1, Math.ceil(prefix / (family === 4 ? 8 : 4))) };
}

/** Whether a reverse name lies in a range: at the top of one of its zones or below. */
export function inReverseZone(name: ReverseName, zone: ReverseZone): boolean {
  if (name.family !== zone.family || name.digits.length < zone.depth) return false;
  const width = name.family === 4 ? 8 : 4;
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
