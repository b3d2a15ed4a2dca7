/**
 * Queries read, replies written. The records themselves are encoded by dns-packet; the frame around them is made here, since
 * it echoes the question byte for byte (case and all), compresses owners, and cuts at a record where a client's limit is.
 */
import { Buffer } from "node:buffer";
import dnsPacket from "dns-packet";
import { parseAddress } from "../addr.ts";
import type { Rr } from "./types.ts";
import {
  caselessKey,
  flags,
  headerLength,
  isNameAt,
  layoutOf,
  nameText,
  type Rcode,
  rcodes,
  setUint16,
  setUint32,
  types,
  uint16,
  uint32,
} from "./wire.ts";

/** As large a datagram as passes every link without being cut (DNS flag day 2020): what we send and ask for at most. */
export const datagramSize = 1232;
const oldDatagramSize = 512;
const streamSize = 65535;
const optLength = 11;

export type Transport = "udp" | "tcp";

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

/** A copy of its own. A Buffer's slice() would be a view, and keep all of the 64 KiB that a datagram is received into. */
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
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

export interface Reply {
  rcode: Rcode;
  /** Whether we are the ones to know. */
  authoritative?: boolean;
  answers?: readonly Rr[];
  authorities?: readonly Rr[];
  additionals?: readonly Rr[];
}

// replies are written one after another, never two at once: they share the paper
const paper = Buffer.alloc(streamSize);

/** The reply as bytes, within the client's limit. @throws where a record cannot be encoded. */
export function writeReply(query: Query, reply: Reply): Uint8Array {
  const { rcode, authoritative = false, answers = [], authorities = [], additionals = [] } = reply;
  const limit = query.limit - (query.edns ? optLength : 0);
  const known = new Map<string, number>();
  paper.set(query.question, headerLength);
  rememberName(known, query.name.toLowerCase(), headerLength);
  let at = headerLength + query.question.length;
  let truncated = false;
  const counts = [0, 0, 0];
  const sections = [answers, authorities, additionals];
  writing: for (const [section, records] of sections.entries()) {
    for (const record of records) {
      const end = writeRecord(record, at, limit, known);
      if (end < 0) {
        // what is left out of the last section is no loss: it was a favour
        truncated = section < 2;
        break writing;
      }
      at = end;
      counts[section]++;
    }
  }
  const code = rcodes[rcode];
  setUint16(paper, 0, query.id);
  setUint16(
    paper,
    2,
    flags.QR | flags.RA | (authoritative ? flags.AA : 0) | (truncated ? flags.TC : 0) | echoed(query) | (code & 15),
  );
  setUint16(paper, 4, 1);
  counts.forEach((count, i) => setUint16(paper, 6 + 2 * i, count));
  return finish(paper, at, query, code);
}

function echoed(query: Query): number {
  return (query.recursionDesired ? flags.RD : 0) | (query.checkingDisabled ? flags.CD : 0);
}

/** Adds our OPT where the client sent one, and takes the message off the paper. */
function finish(bytes: Uint8Array, length: number, query: Query, code: number): Uint8Array {
  if (!query.edns) return new Uint8Array(bytes.subarray(0, length));
  const message = new Uint8Array(length + optLength);
  message.set(bytes.subarray(0, length));
  setUint16(message, 10, uint16(message, 10) + 1);
  setUint16(message, length + 1, types.OPT);
  setUint16(message, length + 3, datagramSize);
  message[length + 5] = code >> 4;
  message[length + 7] = query.dnssec ? 0x80 : 0;
  return message;
}

function rememberName(known: Map<string, number>, name: string, at: number): void {
  for (let rest = name, place = at; rest !== "" && place < 0x3fff;) {
    if (!known.has(rest)) known.set(rest, place);
    const label = plainLength(rest);
    if (label < 0) return;
    place += label + 1;
    rest = rest.slice(label + 1);
  }
}

/** The length of a name's first label; -1 where it is written in a way that bytes do not have. */
function plainLength(name: string): number {
  const dot = name.indexOf(".");
  const label = dot < 0 ? name : name.slice(0, dot);
  return label.includes("\\") ? -1 : label.length;
}

/** Returns where the record ends; -1 where it does not fit. */
function writeRecord(record: Rr, at: number, limit: number, known: Map<string, number>): number {
  const owner = record.name.toLowerCase();
  // labels up to the first end of the name that was written before, then a pointer there
  let rest = owner;
  let taken = 0;
  while (rest !== "" && !known.has(rest)) {
    const label = plainLength(rest);
    if (label < 0) break;
    taken += label + 1;
    rest = rest.slice(label + 1);
  }
  const pointer = rest === "" ? undefined : known.get(rest);
  const before = pointer !== undefined && taken === 0 ? emptyName : ownerBytes(record.name);
  const ownerEnd = at + (pointer === undefined ? before.length : taken + 2);
  const body = bodyOf(record);
  const end = ownerEnd + body.length;
  if (end > limit) return -1;
  if (pointer === undefined) {
    paper.set(before, at);
  } else {
    paper.set(before.subarray(0, taken), at);
    setUint16(paper, at + taken, 0xc000 | pointer);
  }
  if (taken > 0) rememberName(known, owner, at);
  paper.set(body, ownerEnd);
  return end;
}

const emptyName = new Uint8Array(0);

function ownerBytes(name: string): Uint8Array {
  const bytes = nameBytes(name === "." ? "" : name);
  if (!bytes) throw new Error(`Cannot encode the name ${JSON.stringify(name)}: it is none`);
  return bytes;
}

/** What comes behind the owner: type, class, time to live, data with its length. */
function bodyOf(record: Rr): Uint8Array {
  if (record.type !== "A" && record.type !== "AAAA") {
    const whole: Buffer = dnsPacket.answer.encode({ ...record, name: "." });
    return whole.subarray(1, dnsPacket.answer.encode.bytes);
  }
  // most answers are addresses, and some are many of them: these are not worth a detour
  const data = parseAddress(record.data);
  if (!data || (data.length === 4) !== (record.type === "A")) {
    throw new Error(`Cannot encode the ${record.type} record of ${record.name}: ${record.data} is no such address`);
  }
  const body = new Uint8Array(10 + data.length);
  setUint16(body, 0, record.type === "A" ? 1 : 28);
  setUint16(body, 2, 1);
  setUint32(body, 4, record.ttl);
  setUint16(body, 8, data.length);
  body.set(data, 10);
  return body;
}

/** Header only, for what could not be read any further. */
function bareReply(bytes: Uint8Array, rcode: Rcode): Uint8Array {
  const reply = new Uint8Array(headerLength);
  reply.set(bytes.subarray(0, 4));
  setUint16(reply, 2, flags.QR | (uint16(bytes, 2) & (0x7800 | flags.RD)) | rcodes[rcode]);
  return reply;
}

/**
 * The reply of another server to the same question, given `age` seconds ago, as a reply to this client: its own id, case and
 * flags, less time to live, cut to its limit. `kept` must be a message that keptReply() made.
 */
export function passOn(kept: Uint8Array, query: Query, age: number): Uint8Array {
  const layout = layoutOf(kept)!;
  const limit = query.limit - (query.edns ? optLength : 0);
  const message = new Uint8Array(kept);
  message.set(query.question, headerLength);
  const asked = query.question.subarray(0, -4);
  const counts = [0, 0, 0];
  let end = layout.questionEnd;
  let truncated = (uint16(kept, 2) & flags.TC) !== 0;
  for (const record of layout.records) {
    if (record.end > limit) {
      truncated ||= record.section < 3;
      break;
    }
    setUint32(message, record.ttlAt, Math.max(0, uint32(kept, record.ttlAt) - age));
    // an owner that does not point to the question, but repeats it, has the case that we asked in
    if (record.ttlAt - 4 - record.start === asked.length && isNameAt(kept, record.start, asked)) {
      message.set(asked, record.start);
    }
    counts[record.section - 1]++;
    end = record.end;
  }
  const code = kept[3] & 15;
  setUint16(message, 0, query.id);
  setUint16(message, 2, flags.QR | flags.RA | (truncated ? flags.TC : 0) | echoed(query) | code);
  counts.forEach((count, i) => setUint16(message, 6 + 2 * i, count));
  return finish(message, end, query, code);
}

/**
 * What is kept of another server's reply: without its OPT, which was between it and us. Undefined where the message is cut
 * short, badly made, or has an error that plain DNS does not know.
 */
export function keptReply(bytes: Uint8Array): Uint8Array | undefined {
  const layout = layoutOf(bytes);
  if (!layout) return undefined;
  const at = layout.records.findIndex((record) => record.type === types.OPT);
  const opt = layout.records[at];
  if (!opt) return copyOf(bytes, 0, layout.records.at(-1)?.end ?? layout.questionEnd);
  if (opt.section !== 3 || bytes[opt.ttlAt] !== 0) return undefined;
  // what comes behind may point into what is taken out: it goes too
  const kept = copyOf(bytes, 0, opt.start);
  setUint16(kept, 10, layout.records.slice(0, at).filter(({ section }) => section === 3).length);
  return kept;
}

/** The records of another server's answer, decoded, to stand behind an alias of ours. @throws where they cannot be. */
export function answersOf(reply: Uint8Array): Rr[] {
  const decoded = dnsPacket.decode(Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength));
  return decoded.answers as Rr[];
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
