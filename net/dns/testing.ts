/** What the tests of this room share: queries as clients send them, chance that can be repeated. */
import { Buffer } from "node:buffer";
import dnsPacket from "dns-packet";

/** A decoded message, as far as tests look at it. */
export interface Decoded {
  id: number;
  rcode: string;
  flag_qr: boolean;
  flag_aa: boolean;
  flag_tc: boolean;
  flag_rd: boolean;
  flag_ra: boolean;
  flag_ad: boolean;
  flag_cd: boolean;
  questions: { name: string; type: string; class: string }[];
  answers: DecodedRecord[];
  authorities: DecodedRecord[];
  additionals: DecodedRecord[];
}

export interface DecodedRecord {
  name: string;
  type: string;
  ttl: number;
  // deno-lint-ignore no-explicit-any
  data: any;
  udpPayloadSize?: number;
  extendedRcode?: number;
  flag_do?: boolean;
}

export interface QueryOptions {
  id?: number;
  /** The payload size of an OPT record; none without. */
  edns?: number;
  dnssec?: boolean;
  recursion?: boolean;
  class?: string;
}

export function queryBytes(name: string, type: string, options: QueryOptions = {}): Uint8Array {
  const { id = 4711, edns, dnssec = false, recursion = true } = options;
  return dnsPacket.encode({
    type: "query",
    id,
    flags: recursion ? dnsPacket.RECURSION_DESIRED : 0,
    questions: [{ name, type, class: options.class ?? "IN" }],
    additionals: edns === undefined
      ? []
      : [{ type: "OPT", name: ".", udpPayloadSize: edns, flags: dnssec ? dnsPacket.DNSSEC_OK : 0, options: [] }],
  });
}

/** A reply as another server would send it. */
export function replyBytes(
  to: { id: number; questions: readonly unknown[] },
  reply: { flags?: number; answers?: unknown[]; authorities?: unknown[]; additionals?: unknown[] },
): Uint8Array {
  return dnsPacket.encode({
    type: "response",
    id: to.id,
    questions: to.questions,
    ...reply,
    flags: reply.flags ?? 0x180,
  });
}

export function decode(bytes: Uint8Array): Decoded {
  return dnsPacket.decode(Buffer.from(bytes));
}

/** `name type data`, sorted, of the records that are not OPT. */
export function brief(records: readonly DecodedRecord[]): string[] {
  return records.filter(({ type }) => type !== "OPT").map(({ name, type, data }) => {
    const text = Array.isArray(data)
      ? data.map(String).join(" ")
      : typeof data === "string"
      ? data
      : JSON.stringify(data);
    return `${name} ${type} ${text}`;
  }).sort();
}

/** Numbers in [0, 1) that look random and are the same for the same seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
