/** Addresses of a network as numbers, both families. */

export type Family = "IPv4" | "IPv6";

export class AddressRange {
  readonly family: Family;
  readonly #base: bigint;
  /** Addresses of the range, without the first and, in IPv4, the last. */
  readonly size: number;

  /** @throws when `cidr` is none. */
  constructor(readonly cidr: string) {
    const [address, bits] = cidr.trim().split("/");
    this.family = address.includes(":") ? "IPv6" : "IPv4";
    const width = this.family === "IPv4" ? 32 : 128;
    const prefix = Number(bits);
    const number = addressNumber(address);
    if (number === undefined || !Number.isInteger(prefix) || prefix < 0 || prefix > width) {
      throw new Error(`Cannot read the network ${cidr}`);
    }
    const room = 1n << BigInt(width - prefix);
    this.#base = number - number % room;
    const usable = room - (this.family === "IPv4" ? 2n : 1n);
    this.size = usable > 65_536n ? 65_536 : Math.max(0, Number(usable));
  }

  /** The address at an offset from 0. */
  at(offset: number): string {
    return addressText(this.#base + 1n + BigInt(offset), this.family);
  }

  /** Whether an address is one that can be given out. */
  has(address: string): boolean {
    const number = addressNumber(address);
    if (number === undefined || familyOf(address) !== this.family) return false;
    const offset = number - this.#base - 1n;
    return offset >= 0n && offset < BigInt(this.size);
  }
}

export function familyOf(address: string): Family {
  return address.includes(":") ? "IPv6" : "IPv4";
}

/** One spelling for every address. */
export function plainAddress(address: string): string {
  const number = addressNumber(address);
  return number === undefined ? address : addressText(number, familyOf(address));
}

function addressNumber(address: string): bigint | undefined {
  if (!address.includes(":")) {
    const parts = address.split(".");
    if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
    return parts.reduce((number, part) => number * 256n + BigInt(part), 0n);
  }
  const [head, tail, ...more] = address.split("::");
  if (more.length > 0) return undefined;
  const groups = (text: string | undefined) => text ? text.split(":") : [];
  const [front, back] = [groups(head), groups(tail)];
  const missing = 8 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...front, ...Array<string>(Math.max(0, missing)).fill("0"), ...back];
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return all.reduce((number, group) => number * 65_536n + BigInt(`0x${group}`), 0n);
}

function addressText(number: bigint, family: Family): string {
  if (family === "IPv4") return [24n, 16n, 8n, 0n].map((shift) => String(number >> shift & 255n)).join(".");
  const groups = Array.from({ length: 8 }, (_, at) => (number >> BigInt(16 * (7 - at)) & 65_535n).toString(16));
  // The longest run of zeros is left out, as RFC 5952 has it.
  let [start, length] = [-1, 1];
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === "0") end++;
    if (end - at > length) [start, length] = [at, end - at];
  }
  if (start < 0) return groups.join(":");
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + length).join(":")}`;
}
