/**
 * One query → one reply: what is the cluster's from its records, the rest from other servers. Replies at once where nobody
 * has to be asked.
 */
import type { Forwarder, Kept } from "./forward.ts";
import { readQuery } from "./message.ts";
import type { DnsObserver } from "./observer.ts";
import { type Query, queryFor, type Transport } from "./query.ts";
import { answersOf, passOn, writeReply } from "./reply.ts";
import type { Rr, ZoneAnswer } from "./types.ts";
import { rcodes, types } from "./wire.ts";
import type { Zone } from "./zone.ts";

/** How many queries ended how, since the start: each is counted once. */
export interface Counts {
  local: number;
  cached: number;
  forwarded: number;
  /** Nobody could say: SERVFAIL. */
  failed: number;
  /** Not understood, or not answered on principle. */
  refused: number;
}

/** What ANY gets instead of everything (RFC 8482): it is of no use but to those who flood others with our replies. */
const anyData = { cpu: "RFC8482", os: "" };
const anyTtl = 3600;

export class Resolver {
  readonly counts: Counts = { local: 0, cached: 0, forwarded: 0, failed: 0, refused: 0 };
  #turn = 0;
  #waiting = 0;

  /** `maxWaiting`: queries that wait for others' answers at once; more fail without waiting. */
  constructor(
    readonly zone: Zone,
    readonly forwarder: Forwarder,
    private readonly maxWaiting = 1000,
    private readonly observer?: DnsObserver,
  ) {}

  /** Undefined: what came deserves no reply. Never throws and never rejects. */
  handle(bytes: Uint8Array, transport: Transport): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    const received = readQuery(bytes, transport);
    if (!received) return undefined;
    if ("reply" in received) {
      this.counts.refused++;
      return received.reply;
    }
    const { query } = received;
    const began = this.observer ? performance.now() : 0;
    let isOurs = false;
    const told = (reply: Uint8Array) => {
      this.observer?.replied({
        transport,
        type: query.typeName,
        isOurs,
        rcode: reply[3] & 15,
        queryBytes: bytes.length,
        replyBytes: reply.length,
        ms: performance.now() - began,
      });
      return reply;
    };
    try {
      const answer = this.zone.answer(query.name, query.typeName);
      isOurs = answer !== undefined;
      const reply = this.#reply(query, answer);
      if (!(reply instanceof Promise)) return told(reply);
      this.#waiting++;
      return reply.catch(() => this.#failure(query)).then(told).finally(() => this.#waiting--);
    } catch {
      return told(this.#failure(query));
    }
  }

  #reply(query: Query, answer: ZoneAnswer | undefined): Uint8Array | Promise<Uint8Array> {
    const isAny = query.type === types.ANY;
    if (!answer) return isAny ? this.#any(query, false) : this.#foreign(query);
    if (isAny && answer.rcode === "NOERROR") return this.#any(query, true);
    if (answer.follow === undefined) {
      this.counts[answer.rcode === "SERVFAIL" ? "failed" : "local"]++;
      return writeReply(query, { ...answer, authoritative: true, answers: this.#inTurn(answer.answers) });
    }
    return this.#followed(query, answer, answer.follow);
  }

  #foreign(query: Query): Uint8Array | Promise<Uint8Array> {
    if (!query.recursionDesired) {
      const known = this.forwarder.known(query);
      if (known) return this.#passOn(query, known, "cached");
      this.counts.refused++;
      return writeReply(query, { rcode: "REFUSED" });
    }
    const found = this.#ask(query);
    if (found instanceof Promise) {
      return found.then((kept) => kept ? this.#passOn(query, kept, "forwarded") : this.#failure(query));
    }
    return found ? this.#passOn(query, found, "cached") : this.#failure(query);
  }

  /** What is known, else others' answer, unless too many wait for those already. */
  #ask(query: Query): ReturnType<Forwarder["resolve"]> {
    return this.#waiting < this.maxWaiting ? this.forwarder.resolve(query) : this.forwarder.known(query);
  }

  #passOn(query: Query, { kept, age }: Kept, count: keyof Counts): Uint8Array {
    const reply = passOn(kept, query, age);
    this.counts[count]++;
    return reply;
  }

  /** An alias that leads out of the cluster: with what others say of where it leads. */
  #followed(query: Query, answer: ZoneAnswer, name: string): Uint8Array | Promise<Uint8Array> {
    const next = queryFor(name, query);
    const write = (found: Kept | undefined) => {
      const code = found && found.kept[3] & 15;
      const rcode = code === rcodes.NOERROR ? "NOERROR" : code === rcodes.NXDOMAIN ? "NXDOMAIN" : "SERVFAIL";
      const behind: Rr[] = found && rcode !== "SERVFAIL" ? answersOf(passOn(found.kept, next!, found.age)) : [];
      this.counts[rcode === "SERVFAIL" ? "failed" : "forwarded"]++;
      return writeReply(query, { rcode, authoritative: true, answers: [...answer.answers, ...this.#inTurn(behind)] });
    };
    if (!query.recursionDesired) {
      this.counts.local++;
      return writeReply(query, { ...answer, authoritative: true });
    }
    const found = next && this.#ask(next);
    return found instanceof Promise ? found.then(write) : write(found);
  }

  #any(query: Query, authoritative: boolean): Uint8Array {
    this.counts[authoritative ? "local" : "refused"]++;
    return writeReply(query, {
      rcode: "NOERROR",
      authoritative,
      answers: [{ name: query.name, type: "HINFO", ttl: anyTtl, data: anyData }],
    });
  }

  #failure(query: Query): Uint8Array {
    this.counts.failed++;
    return writeReply(query, { rcode: "SERVFAIL" });
  }

  /** Another record comes first each time: clients take the first. Aliases stay before what they lead to. */
  #inTurn(records: readonly Rr[]): readonly Rr[] {
    const first = records.findIndex(({ type }) => type !== "CNAME");
    const rest = records.length - first;
    if (first < 0 || rest < 2) return records;
    const by = this.#turn++ % rest;
    return [...records.slice(0, first), ...records.slice(first + by), ...records.slice(first, first + by)];
  }
}
