/** A client's question, and questions of our own in its place. Pure. */
import { caselessKey } from "./wire.ts";

export type Transport = "udp" | "tcp";

/** As large a datagram as passes every link without being cut (DNS flag day 2020): what we send and ask for at most. */
export const datagramSize = 1232;
export const oldDatagramSize = 512;
export const streamSize = 65535;
/** What an OPT record without options takes. */
export const optLength = 11;

/** A question that can be answered. */
export interface Query {
  id: number;
  /** Name, type and class as they came. */
  question: Uint8Array;
  /** Text of the name in the case asked for, without a dot at its end: `Web.default.svc.cluster.local`. */
  name: string;
  type: number;
  /** `A`, or `UNKNOWN_65280`. */
  typeName: string;
  recursionDesired: boolean;
  checkingDisabled: boolean;
  /** Wants signatures (the DO bit). */
  dnssec: boolean;
  edns: boolean;
  /** Bytes that a reply may have. */
  limit: number;
  /** What a reply to this one may be used for: every query with the same key. */
  key: string;
}

/** A name as bytes, for questions of our own. Undefined where it is none. */
export function nameBytes(name: string): Uint8Array | undefined {
  const labels = name === "" ? [] : name.split(".").map((label) => new TextEncoder().encode(label));
  if (labels.some(({ length }) => length === 0 || length > 63)) return undefined;
  const bytes = new Uint8Array(labels.reduce((sum, { length }) => sum + length + 1, 1));
  let at = 0;
  for (const label of labels) {
    bytes[at] = label.length;
    bytes.set(label, at + 1);
    at += label.length + 1;
  }
  return bytes.length > 255 ? undefined : bytes;
}

/** A query as a client would have sent it by TCP: to follow an alias. Undefined where the name is none. */
export function queryFor(name: string, like: Query): Query | undefined {
  const bytes = nameBytes(name);
  if (!bytes) return undefined;
  const question = new Uint8Array(bytes.length + 4);
  question.set(bytes);
  question.set(like.question.subarray(-4), bytes.length);
  return { ...like, question, name, limit: streamSize, key: like.key.slice(0, 2) + caselessKey(question) };
}
/** A copy of its own. A Buffer's slice() would be a view, and keep all of the 64 KiB that a datagram is received into. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}
