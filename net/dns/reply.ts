/**
 * Replies: written from records of our own, or another server's passed on. The records themselves are encoded by dns-packet;
 * the frame around them is made here, since it echoes the question byte for byte (case and all), compresses owners, and cuts
 * at a record where a client's limit is.
 */
import { Buffer } from "node:buffer";
import dnsPacket from "dns-packet";
import { parseAddress } from "../addr.ts";
import { copyOf, datagramSize, nameBytes, optLength, type Query, streamSize } from "./query.ts";
import type { Rr } from "./types.ts";
import {
  flags,
  headerLength,
  isNameAt,
  layoutOf,
  type Rcode,
  rcodes,
  setUint16,
  setUint32,
  types,
  uint16,
  uint32,
} from "./wire.ts";

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
