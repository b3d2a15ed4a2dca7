/**
 * When images came and when they were used last. Kept in the store by image id, so that it outlives a restart, and written
 * rarely: flash wears. In this life times are monotonic; stamps of earlier lives are taken over as ages, so a clock that is
 * set makes no image old.
 */
import type { Clock } from "../clock.ts";
import type { Records } from "./pins.ts";

/** As it is kept: wall-clock ms. */
export interface ImageUse {
  seen: number;
  used?: number;
  /** Somebody imported it by hand: it cannot be pulled again. */
  kept?: true;
}

/** Monotonic ms. */
interface Times {
  seenAt: number;
  usedAt?: number;
}

/** A use this much later than the one on disk is worth a write. */
const worthWritingMs = 3600_000;

export class UseBook {
  readonly #records: Records;
  readonly #clock: Pick<Clock, "mono">;
  readonly #now: () => number;
  #times = new Map<string, Times>();
  #inUse: ReadonlySet<string> = new Set();

  /** `now`: the wall clock, or the latest time that is known where that is behind. */
  constructor(records: Records, clock: Pick<Clock, "mono">, now: () => number) {
    this.#records = records;
    this.#clock = clock;
    this.#now = now;
  }

  /** What is known of an image, which is seen now if it never was. */
  times(id: string): Readonly<Times> {
    return this.#known(id);
  }

  /** Wall-clock ms of its last use, to be shown. */
  lastUsed(id: string): number | undefined {
    const { usedAt } = this.#known(id);
    return usedAt === undefined ? undefined : this.#now() - (this.#clock.mono() - usedAt);
  }

  isInUse(id: string): boolean {
    return this.#inUse.has(id);
  }

  /** These images are used at this moment, and no others. */
  inUse(ids: ReadonlySet<string>): void {
    for (const id of this.#inUse) if (!ids.has(id)) this.used(id);
    for (const id of ids) this.used(id);
    this.#inUse = new Set(ids);
  }

  /** It is used now, or was until now. */
  used(id: string): void {
    this.#known(id).usedAt = this.#clock.mono();
    const record = this.#record(id)!;
    const now = this.#now();
    if (record.used !== undefined && Math.abs(now - record.used) < worthWritingMs) return;
    this.#records.set(id, { ...record, used: now });
  }

  isKept(id: string): boolean {
    return this.#record(id)?.kept === true;
  }

  /** It was imported by hand. */
  keep(id: string): void {
    this.#known(id);
    this.#records.set(id, { ...this.#record(id)!, kept: true });
  }

  /** Forgets images that are not there any more. */
  retain(ids: ReadonlySet<string>): void {
    for (const id of this.#records.keys()) if (!ids.has(id)) this.forget(id);
  }

  forget(id: string): void {
    this.#times.delete(id);
    this.#records.set(id, undefined);
  }

  #record(id: string): ImageUse | undefined {
    return this.#records.get(id) as ImageUse | undefined;
  }

  #known(id: string): Times {
    let times = this.#times.get(id);
    if (times) return times;
    const now = this.#now(), mono = this.#clock.mono();
    let record = this.#record(id);
    if (!record) this.#records.set(id, record = { seen: now });
    const at = (stamp: number) => mono - Math.max(0, now - stamp);
    times = { seenAt: at(record.seen), ...(record.used === undefined ? {} : { usedAt: at(record.used) }) };
    this.#times.set(id, times);
    return times;
  }
}
