/**
 * Other servers' replies, kept as bytes for as long as they say, within a bound of memory: what has not been asked for the
 * longest goes first. Names that do not exist are kept too, for as long as their zone's SOA says (RFC 2308).
 */
import { type Clock, systemClock } from "./clock.ts";
import { flags, layoutOf, rcodes, types, uint16, uint32 } from "./wire.ts";

export interface CacheOptions {
  clock?: Clock;
  /** Default: 2 MiB. */
  maxBytes?: number;
  /** Seconds that an answer is kept at most. Default: an hour. */
  maxTtl?: number;
  /** The same for what does not exist. Default: a quarter of an hour. */
  maxNegativeTtl?: number;
}

/** Looks at the cache, since the start. */
export interface CacheCounts {
  hits: number;
  /** Hits of what does not exist. */
  denials: number;
  misses: number;
}

interface Entry {
  kept: Uint8Array;
  since: number;
  until: number;
}

/** What an entry costs beside its bytes, roughly. */
const overhead = 200;

export class Cache {
  readonly counts: CacheCounts = { hits: 0, denials: 0, misses: 0 };
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #maxTtl: number;
  readonly #maxNegativeTtl: number;
  /** The order is that of use. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(options: CacheOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#maxBytes = options.maxBytes ?? 2 << 20;
    this.#maxTtl = options.maxTtl ?? 3600;
    this.#maxNegativeTtl = options.maxNegativeTtl ?? 900;
  }

  /** The reply and its age in whole seconds. */
  get(key: string): { kept: Uint8Array; age: number } | undefined {
    const entry = this.#entries.get(key);
    const now = this.#clock.mono();
    if (entry) this.#remove(key, entry);
    if (!entry || now >= entry.until) {
      this.counts.misses++;
      return undefined;
    }
    this.#add(key, entry);
    this.counts[(entry.kept[3] & 15) === rcodes.NXDOMAIN ? "denials" : "hits"]++;
    return { kept: entry.kept, age: Math.floor((now - entry.since) / 1000) };
  }

  /** Keeps a reply for as long as it says, or for `seconds`. Returns for how long. */
  put(key: string, kept: Uint8Array, seconds?: number): number {
    const { ttl, negative } = lifetime(kept);
    const time = seconds ?? Math.min(ttl, negative ? this.#maxNegativeTtl : this.#maxTtl);
    const before = this.#entries.get(key);
    if (before) this.#remove(key, before);
    if (time <= 0 || costOf(key, kept) > this.#maxBytes) return 0;
    const since = this.#clock.mono();
    this.#add(key, { kept, since, until: since + time * 1000 });
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#remove(oldest, entry);
    }
    return time;
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  #add(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += costOf(key, entry.kept);
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= costOf(key, entry.kept);
  }
}

function costOf(key: string, kept: Uint8Array): number {
  return kept.length + key.length + overhead;
}

/** For how many seconds a reply may be kept: 0 for one that must not be. Pure. */
export function lifetime(kept: Uint8Array): { ttl: number; negative: boolean } {
  const layout = layoutOf(kept);
  const rcode = kept[3] & 15;
  const isError = rcode !== rcodes.NOERROR && rcode !== rcodes.NXDOMAIN;
  if (!layout || isError || uint16(kept, 2) & flags.TC) return { ttl: 0, negative: false };
  const type = uint16(kept, layout.nameEnd);
  const answers = layout.records.filter((record) => record.section === 1);
  const negative = rcode === rcodes.NXDOMAIN || !answers.some((record) => record.type === type || type === types.ANY);
  const times = answers.map((record) => secondsAt(kept, record.ttlAt));
  if (negative) {
    const soa = layout.records.find((record) => record.section === 2 && record.type === types.SOA);
    // without one nobody says for how long
    if (!soa || soa.end - soa.dataAt < 22) return { ttl: 0, negative };
    times.push(secondsAt(kept, soa.ttlAt), secondsAt(kept, soa.end - 4));
  }
  return { ttl: Math.min(...times), negative };
}

/** A time to live with its highest bit set counts as none (RFC 2181, section 8). */
function secondsAt(bytes: Uint8Array, at: number): number {
  const seconds = uint32(bytes, at);
  return seconds > 0x7fffffff ? 0 : seconds;
}
