/**
 * Evicted pods of manifests come back: nobody else would make them anew. Not while the node is short of anything, one at
 * a time, and each time later than the time before; how late is kept in the store. Pods of the API stay Failed, as
 * everywhere.
 *
 *     evicted ─► waits for its back-off ─► and for the pressure's end ─► and for the one before it to have settled
 *             ─► its row is deleted, and the manifest makes the next incarnation
 */
import type { Clock } from "../../clock.ts";
import type { Pod } from "../../objects/mod.ts";
import { isFromFile } from "../../sources/mod.ts";
import type { Store, StoreObject } from "../../store/mod.ts";
import type { EventRecorder } from "../../telemetry/events.ts";
import type { Logger } from "../../telemetry/log.ts";

/** What is kept of a pod's evictions, by namespace and name. */
export interface Evictions {
  /** How often in a row. */
  level: number;
  /** Wall-clock ms of the last one. */
  at: number;
}

const firstMs = 30_000;
const longestMs = 30 * 60_000;
/** Between two that come back: whether the first makes the node short again shows by then. */
const betweenMs = 30_000;

/** How long an evicted pod stays away. */
export function awayMs(level: number): number {
  return Math.min(longestMs, firstMs * 2 ** (level - 1));
}

/** The record of an eviction: one that came long after the last is the first in a row. `ranMs`: since the pod began. */
export function nextEvictions(before: Evictions | undefined, now: number, ranMs: number): Evictions {
  const again = before && ranMs < Math.max(10 * 60_000, 2 * awayMs(before.level));
  return { level: again ? before.level + 1 : 1, at: now };
}

/** A pod that waits to come back. */
export interface Waiting {
  pod: Pod;
  evictions: Evictions | undefined;
}

/**
 * Which one comes back now, or in how many ms to look again; neither while the node is short of something, whose end is
 * told. Pure. `now`: wall-clock ms; a clock that was set cannot make a wait longer than it is. `lastAgoMs`: since the
 * last one came back.
 */
export function planComeback(
  waiting: readonly Waiting[],
  { now, lastAgoMs, short }: { now: number; lastAgoMs: number; short: boolean },
): { comes?: Pod; inMs?: number } {
  if (short || waiting.length === 0) return {};
  const left = ({ evictions }: Waiting) => {
    const away = evictions ? awayMs(evictions.level) : firstMs;
    return evictions ? Math.min(away, Math.max(0, evictions.at + away - now)) : 0;
  };
  const ordered = waiting.map((each) => ({ ...each, left: left(each) })).sort((a, b) =>
    (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0) || a.left - b.left ||
    (a.evictions?.at ?? 0) - (b.evictions?.at ?? 0)
  );
  const first = ordered.find(({ left }) => left === 0);
  const turn = Math.max(0, betweenMs - lastAgoMs);
  if (first && turn === 0) return { comes: first.pod };
  return { inMs: Math.max(turn, first ? 0 : Math.min(...ordered.map(({ left }) => left))) };
}

export interface ComebacksOptions {
  store: Pick<Store, "list" | "watch" | "record" | "records" | "setRecord" | "markDeleted">;
  clock: Clock;
  log: Logger;
  events: EventRecorder;
}

const table = "evictions";
const realm = "local";

export class Comebacks {
  readonly #options: ComebacksOptions;
  #short = false;
  #lastAt = -Infinity;
  #cancel = () => {};
  #unwatch = () => {};

  constructor(options: ComebacksOptions) {
    this.#options = options;
  }

  /** @param short whether the node is short of something now. */
  start(short: boolean): void {
    this.#short = short;
    const { store } = this.#options;
    const names = new Set(store.list<Pod>("Pod", { realm }).map(({ object }) => keyOf(object)));
    for (const [key] of store.records(table)) if (!names.has(key)) store.setRecord(table, key, undefined);
    this.#unwatch = store.watch(({ type, object }) => {
      if (type === "MODIFIED" && isEvicted(object as unknown as Pod)) this.#look();
    }, { kind: "Pod" });
    this.#look();
  }

  stop(): void {
    this.#unwatch();
    this.#cancel();
    this.#unwatch = this.#cancel = () => {};
  }

  /** A pod is being evicted. */
  evicted(pod: Pod): void {
    if (!isFromFile(pod as unknown as StoreObject)) return;
    const { store, clock } = this.#options;
    const now = clock.now();
    const began = Date.parse(pod.status?.startTime ?? "") || now;
    const before = store.record(table, keyOf(pod)) as Evictions | undefined;
    store.setRecord(table, keyOf(pod), nextEvictions(before, now, now - began));
  }

  /** Whether the node is short of something. */
  set short(short: boolean) {
    this.#short = short;
    this.#look();
  }

  #look(): void {
    const { store, clock, log, events } = this.#options;
    this.#cancel();
    this.#cancel = () => {};
    const waiting = store.list<Pod>("Pod", { realm }).map(({ object }) => object).filter(isEvicted).map((pod) => ({
      pod,
      evictions: store.record(table, keyOf(pod)) as Evictions | undefined,
    }));
    const { comes, inMs } = planComeback(waiting, {
      now: clock.now(),
      lastAgoMs: clock.mono() - this.#lastAt,
      short: this.#short,
    });
    if (inMs !== undefined) this.#cancel = clock.after(Math.max(1, inMs), () => this.#look());
    if (!comes) return;
    this.#lastAt = clock.mono();
    const { namespace, name, uid } = comes.metadata;
    log.info("An evicted pod comes back", { pod: `${namespace}/${name}` });
    events.event({ kind: "Pod", namespace, name, uid }, "Normal", "ComesBack", "What it was evicted for is over");
    // an end makes room even where nothing can be written
    store.markDeleted(realm, "Pod", namespace!, name, { uid, gracePeriodSeconds: 0, evenIfUnwritable: true })
      .catch((err) => log.warn("Cannot bring back an evicted pod", { pod: `${namespace}/${name}`, err }));
    if (waiting.length > 1) this.#cancel = clock.after(betweenMs, () => this.#look());
  }
}

function keyOf({ metadata: { namespace, name } }: Pod): string {
  return `${namespace}/${name}`;
}

/** Whether a pod of a manifest was ended for want of something; those that were not let in are the gate's. */
function isEvicted({ status, metadata, ...pod }: Pod): boolean {
  return status?.phase === "Failed" && status.reason === "Evicted" && !status.message?.startsWith("Pod was rejected") &&
    !metadata.deletionTimestamp && isFromFile({ ...pod, metadata } as unknown as StoreObject);
}
