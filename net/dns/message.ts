/** What clients send, read with care: a query that can be answered, or the reply that says why it cannot. */
import { Buffer } from "node:buffer";
import dnsPacket from "dns-packet";
import { copyOf, datagramSize, oldDatagramSize, type Query, streamSize, type Transport } from "./query.ts";
import { writeReply } from "./reply.ts";
import {
  caselessKey,
  flags,
  headerLength,
  layoutOf,
  nameText,
  type Rcode,
  rcodes,
  setUint16,
  types,
  uint16,
} from "./wire.ts";

/** A query, or the reply that refuses it, or undefined for what deserves no reply. */
export type Received = { query: Query } | { reply: Uint8Array } | undefined;

/** Reads what a client sent. Never throws, whatever it is. */
export function readQuery(bytes: Uint8Array, transport: Transport): Received {
  // a reply is never replied to: two servers could go on for ever
  if (bytes.length < headerLength || bytes[2] & 0x80) return undefined;
  if ((bytes[2] >> 3) & 15) return { reply: bareReply(bytes, "NOTIMP") };
  const layout = layoutOf(bytes);
  if (!layout) return { reply: bareReply(bytes, "FORMERR") };
  const question = copyOf(bytes, headerLength, layout.questionEnd);
  const type = uint16(bytes, layout.nameEnd);
  const word = uint16(bytes, 2);
  const opts = layout.records.filter((record) => record.type === types.OPT);
  const [opt] = opts;
  const query: Query = {
    id: uint16(bytes, 0),
    question,
    name: nameText(bytes, headerLength, layout.nameEnd),
    type,
    typeName: typeName(type),
    recursionDesired: (word & flags.RD) !== 0,
    checkingDisabled: (word & flags.CD) !== 0,
    dnssec: opt !== undefined && (bytes[opt.ttlAt + 2] & 0x80) !== 0,
    edns: opt !== undefined,
    limit: limitOf(transport, opt && uint16(bytes, opt.ttlAt - 2)),
    key: "",
  };
  query.key = `${query.dnssec ? 1 : 0}${query.checkingDisabled ? 1 : 0}${caselessKey(question)}`;
  const refuse = (rcode: Rcode) => ({ reply: writeReply(query, { rcode }) });
  if (opts.length > 1 || (opt && (opt.section !== 3 || bytes[opt.start] !== 0))) return refuse("FORMERR");
  if (opt && bytes[opt.ttlAt + 1] !== 0) return refuse("BADVERS");
  if (uint16(bytes, 6) !== 0 || type === types.OPT) return refuse("FORMERR");
  if (uint16(bytes, layout.nameEnd + 2) !== 1) return refuse("REFUSED");
  if (type === types.AXFR || type === types.IXFR) return refuse("REFUSED");
  if (type === types.MAILA || type === types.MAILB) return refuse("NOTIMP");
  return { query };
}

function limitOf(transport: Transport, offered: number | undefined): number {
  if (transport === "tcp") return streamSize;
  return Math.min(datagramSize, Math.max(oldDatagramSize, offered ?? 0));
}

const names = new Map<number, string>();

/** A type's name as dns-packet has it. */
function typeName(type: number): string {
  let name = names.get(type);
  if (name === undefined) {
    name = dnsPacket.question.decode(Buffer.from([0, type >> 8, type & 0xff, 0, 1])).type as string;
    // strangers choose the types: a few hundred are plenty to remember
    if (names.size < 512) names.set(type, name);
  }
  return name;
}

/** Header only, for what could not be read any further. */
function bareReply(bytes: Uint8Array, rcode: Rcode): Uint8Array {
  const reply = new Uint8Array(headerLength);
  reply.set(bytes.subarray(0, 4));
  setUint16(reply, 2, flags.QR | (uint16(bytes, 2) & (0x7800 | flags.RD)) | rcodes[rcode]);
  return reply;
}
