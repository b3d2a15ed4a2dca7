/**
 * Looks at what is left of everything, and acts when too little is: the room's thin executor.
 *
 *     the kernel tells ─┐
 *     a timer ──────────┴► look ─► plan ─┬─► conditions of the node
 *                                        ├─► memory, pids: the first in rank goes
 *                                        └─► disk: what nobody needs is removed; if that is not enough, pods are
 *                                            measured and the first in rank goes
 *     pods with limits on storage ─► measured now and then ─► those that hold more go
 *
 * One pod at a time: the next look at who has to go comes when the last one has ended and things have settled.
 */
import type { Clock } from "../../clock.ts";
import type { Pod } from "../../objects/mod.ts";
import type { PodStats } from "../../stats/mod.ts";
import type { Logger } from "../../telemetry/log.ts";
import { type DiskLayout, nodeReclaims, storageUse } from "./layout.ts";
import { hasStorageLimits, storageExcess } from "./local_storage.ts";
import type { MemoryRoad, MemoryThreshold } from "./memory_roads.ts";
import { type ContainerUse, evictionMessage } from "./messages.ts";
import type { MemoryPlace, NodeLook } from "./observe.ts";
import { nextLookMs, slowestMs } from "./pace.ts";
import { type EvictionMemory, isMet, planEviction } from "./plan.ts";
import { type Candidate, rankPods } from "./rank.ts";
import {
  isOfDisk,
  type Observation,
  type Observations,
  type Pressure,
  type Signal,
  signals,
  type StarvedResource,
} from "./signals.ts";
import { neededOf, type Threshold } from "./thresholds.ts";

/** Someone who can give back disk without a pod's end. */
export interface Reclaimers {
  /** Removes containers that have ended, and says how many. */
  containers?(): Promise<number>;
  /** Removes images that nobody wants, until so many bytes are won back (Infinity: all of them). */
  images?(bytes: number): Promise<unknown>;
}

/** What a pod uses of memory. */
export interface MemoryUse {
  bytes: number;
  containers: ContainerUse[];
}

/** How a pod is ended. */
export interface Eviction {
  /** As the metric names it: a signal, or the limit that was exceeded. */
  signal: string;
  message: string;
  graceSeconds: number;
}

export interface EvictionManagerOptions {
  thresholds: readonly Threshold[];
  transitionMs: number;
  maxPodGraceSeconds: number;
  look(at: number): NodeLook;
  layout(): DiskLayout;
  /** Pods of this node that are neither over nor being deleted. */
  pods(): Pod[];
  memory(): ReadonlyMap<string, MemoryUse>;
  tasks(): ReadonlyMap<string, number>;
  storage(of: (pod: Pod) => boolean, maxAgeMs: number): Promise<PodStats[]>;
  reclaimers: Reclaimers;
  /** Ends a pod; false when there was nothing to end. */
  evict(pod: Pod, eviction: Eviction): boolean;
  /** Resolves when nothing of the pod runs any more, or in vain after a while. */
  ended(uid: string): Promise<void>;
  /** The node has other conditions now. */
  onPressures(pressures: readonly Pressure[]): void;
  /** What is won back from now on. */
  onReclaim(resource: StarvedResource): void;
  /** How old the figures were that led to an eviction. */
  onStatsAge?(signal: string, seconds: number): void;
  openRoad(onEvent: () => void): Promise<MemoryRoad>;
  /** A cgroup's directory in the memory hierarchy, for the road. */
  memoryDirectory(path: string): string;
  /** Pressures that an earlier life of the agent saw: they are held for the transition period. */
  before?: readonly Pressure[];
  clock: Clock;
  log: Logger;
}

/** Between a victim's end and the next look at whether it was enough. */
const settleMs = { memory: 1000, disk: 3000 };
/** Runtimes give back a removed container's layer when they next collect garbage, which containerd does within seconds. */
const giveBack = { lookMs: 250, mostMs: 5000 };
/** How soon after a threshold of the kernel's was moved it is looked whether it was crossed meanwhile. */
const afterMoveMs = 250;
/** Pods with limits on storage are measured so often at most, at least, and for so small a part of the time. */
const storagePace = { minMs: 10_000, maxMs: 60_000, part: 0.01 };

export class EvictionManager {
  readonly #options: EvictionManagerOptions;
  #memory: EvictionMemory;
  #pressures: readonly Pressure[];
  #road: MemoryRoad | undefined;
  #opening: Promise<void> | undefined;
  #marks = new Map<string, number>();
  #cancelLook = () => {};
  #cancelStorage = () => {};
  /** Pods that are on their way out by us. */
  #ending = new Set<string>();
  /** Somebody is on the way out for memory or pids, or for disk. */
  #busy = false;
  #diskWork: Promise<void> | undefined;
  /** What disk was last worked for. */
  #lastDisk: Signal | undefined;
  #storageWork: Promise<void> | undefined;
  #told = "";
  #stopped = false;

  constructor(options: EvictionManagerOptions) {
    this.#options = options;
    this.#pressures = options.before ?? [];
    const now = options.clock.mono();
    this.#memory = {
      metSince: new Map(),
      acted: new Set(),
      lastSeen: new Map(this.#pressures.map((each) => [each, now])),
    };
  }

  /** What the node is short of. */
  get pressures(): readonly Pressure[] {
    return this.#pressures;
  }

  start(): void {
    this.look();
    this.#lookAtStorage();
    const { thresholds } = this.#options;
    if (thresholds.some(({ signal }) => signals[signal].resource === "memory")) this.#opening = this.#openRoad();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelLook();
    this.#cancelStorage();
    await this.#opening;
    await this.#road?.stop();
  }

  async #openRoad(): Promise<void> {
    const { log, openRoad } = this.#options;
    this.#road = await openRoad(() => this.look());
    log.info("Memory is watched", { by: this.#road.name });
    this.look();
  }

  /** Something may have changed. */
  look(): void {
    if (this.#stopped) return;
    const { thresholds, transitionMs, clock, look, log } = this.#options;
    let next = slowestMs;
    try {
      const now = clock.mono();
      const { observations, places } = look(now);
      const plan = planEviction(thresholds, observations, this.#memory, { now, transitionMs });
      this.#memory = plan.memory;
      this.#publish(plan.pressures);
      const moved = this.#mark(places);
      this.#act(plan.due, observations);
      next = nextLookMs(thresholds, observations, { memoryIsTold: this.#road?.exact ?? false });
      if (plan.nextAt !== undefined) next = Math.min(next, Math.max(1, plan.nextAt - now));
      if (moved) next = Math.min(next, afterMoveMs);
    } catch (err) {
      log.warn("Cannot look at what is left on the node", { err });
    }
    this.#cancelLook();
    this.#cancelLook = clock.after(next, () => this.look());
  }

  #publish(pressures: readonly Pressure[]): void {
    if (pressures.join() === this.#pressures.join()) return;
    const { log, onPressures } = this.#options;
    const begun = pressures.filter((each) => !this.#pressures.includes(each));
    const over = this.#pressures.filter((each) => !pressures.includes(each));
    if (begun.length > 0) log.warn("The node is short of something", { conditions: begun });
    if (over.length > 0) log.info("The node is no longer short of it", { conditions: over });
    this.#pressures = pressures;
    onPressures(pressures);
  }

  /** Has the kernel tell when the use of memory crosses a threshold; says whether one was moved. */
  #mark(places: readonly MemoryPlace[]): boolean {
    const road = this.#road;
    if (!road) return false;
    const marks: (MemoryThreshold & { key: string; slack: number })[] = [];
    for (const { signal, path, capacity, usageBytes, workingSetBytes } of places) {
      for (const threshold of this.#options.thresholds.filter((each) => each.signal === signal)) {
        const needed = neededOf(threshold, capacity, false);
        marks.push({
          key: `${path} ${threshold.graceMs}`,
          directory: this.#options.memoryDirectory(path),
          // page cache that can go is counted by the kernel, and not by us
          usageBytes: capacity - needed + usageBytes - workingSetBytes,
          slack: needed / 10,
        });
      }
    }
    const stays = marks.length === this.#marks.size && marks.every(({ key, usageBytes, slack }) => {
      const before = this.#marks.get(key);
      return before !== undefined && Math.abs(before - usageBytes) <= slack;
    });
    if (stays) return false;
    this.#marks = new Map(marks.map(({ key, usageBytes }) => [key, usageBytes]));
    road.set(marks);
    return road.exact;
  }

  #act(due: readonly Threshold[], observations: Observations): void {
    if (due.length === 0) this.#told = "";
    const [disks, others] = [due.filter(isOfDisk), due.filter((each) => !isOfDisk(each))];
    for (const threshold of others) if (!this.#busy && this.#evictNow(threshold, observations)) return;
    // of several disks each has its turn: one may be beyond help
    const next = disks.find(({ signal }) => signal !== this.#lastDisk) ?? disks[0];
    if (next) this.#winDiskNow(next);
  }

  #winDiskNow(threshold: Threshold): void {
    if (this.#diskWork) return;
    this.#lastDisk = threshold.signal;
    this.#diskWork = this.#winDisk(threshold).catch((err) => this.#options.log.warn("Cannot win back disk", { err }))
      .finally(() => {
        this.#diskWork = undefined;
        this.look();
      });
  }

  /** Memory and pids: what pods use is looked up at once. */
  #evictNow(threshold: Threshold, observations: Observations): boolean {
    const { resource } = signals[threshold.signal];
    const { onReclaim, memory, tasks } = this.#options;
    onReclaim(resource);
    const uses = resource === "memory" ? memory() : new Map<string, MemoryUse>();
    const counts = resource === "memory" ? undefined : tasks();
    const candidates = this.#candidates().map((pod) => {
      const uid = pod.metadata.uid!;
      return { pod, used: counts?.get(uid) ?? uses.get(uid)?.bytes ?? 0, containers: uses.get(uid)?.containers ?? [] };
    });
    const victim = this.#evictFirst(candidates, threshold, observations.get(threshold.signal)!);
    if (!victim) return false;
    this.#busy = true;
    void this.#settle(victim, settleMs.memory).then(() => {
      this.#busy = false;
      this.look();
    });
    return true;
  }

  /** Disk: the node's own first, and then pods by what they hold now. */
  async #winDisk(threshold: Threshold): Promise<void> {
    const { clock, look, layout, reclaimers, storage, onReclaim, log } = this.#options;
    const { signal } = threshold;
    const { resource } = signals[signal];
    onReclaim(resource);
    let seen = look(clock.mono()).observations;
    const short = () => !this.#stopped && isMet(threshold, seen, true);
    for (const each of nodeReclaims(signal, layout())) {
      const { available, capacity } = seen.get(signal)!;
      const bytes = resource === "inodes" ? Infinity : neededOf(threshold, capacity, true) - available;
      let removed = 0;
      try {
        if (each === "images") await reclaimers.images?.(bytes);
        else removed = await reclaimers.containers?.() ?? 0;
      } catch (err) {
        log.warn(`Cannot remove ${each} that nobody needs`, { err });
      }
      const until = clock.mono() + (removed > 0 ? giveBack.mostMs : 0);
      for (;; await this.#pause(giveBack.lookMs)) {
        seen = look(clock.mono()).observations;
        if (!short()) return;
        if (clock.mono() >= until) break;
      }
    }
    const stats = new Map((await storage(() => true, 0)).map((each) => [each.podRef.uid, each]));
    seen = look(clock.mono()).observations;
    if (!short()) return;
    const candidates = this.#candidates().map((pod) => {
      const found = stats.get(pod.metadata.uid!);
      return {
        pod,
        used: found ? storageUse(found, signal, layout()) : 0,
        containers: found ? storageUses(found) : [],
      };
    });
    const victim = this.#evictFirst(candidates, threshold, seen.get(signal)!);
    if (victim) await this.#settle(victim, settleMs.disk);
    // nothing can be done: not again at once
    else await this.#pause(slowestMs);
  }

  #candidates(): Pod[] {
    const pods = this.#options.pods();
    const there = new Set(pods.map(({ metadata }) => metadata.uid!));
    for (const uid of this.#ending) if (!there.has(uid)) this.#ending.delete(uid);
    return pods.filter(({ metadata }) => !this.#ending.has(metadata.uid!));
  }

  #evictFirst(
    candidates: readonly (Candidate & { containers: ContainerUse[] })[],
    threshold: Threshold,
    observation: Observation,
  ): Pod | undefined {
    const { clock, log, maxPodGraceSeconds, onStatsAge } = this.#options;
    const { signal } = threshold;
    const { resource } = signals[signal];
    for (const { pod, containers } of rankPods(candidates, resource)) {
      const own = pod.spec.terminationGracePeriodSeconds ?? 30;
      const graceSeconds = threshold.graceMs > 0 ? Math.max(0, Math.min(own, maxPodGraceSeconds)) : 0;
      const message = evictionMessage(pod, resource, { threshold, observation }, containers);
      if (!this.#evict(pod, { signal, message, graceSeconds })) continue;
      onStatsAge?.(signal, Math.max(0, clock.mono() - observation.at) / 1000);
      return pod;
    }
    if (this.#told !== signal) log.warn("No pod is left whose end would help", { signal, resource });
    this.#told = signal;
    return undefined;
  }

  #evict(pod: Pod, eviction: Eviction): boolean {
    if (!this.#options.evict(pod, eviction)) return false;
    this.#ending.add(pod.metadata.uid!);
    this.#options.log.warn("A pod is evicted", {
      pod: `${pod.metadata.namespace}/${pod.metadata.name}`,
      signal: eviction.signal,
      graceSeconds: eviction.graceSeconds,
      reason: eviction.message.trim(),
    });
    return true;
  }

  async #settle({ metadata }: Pod, ms: number): Promise<void> {
    await this.#options.ended(metadata.uid!);
    await this.#pause(ms);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(this.#stopped ? 0 : ms, resolve));
  }

  /** Pods that hold more than their own limits; nothing is measured where none has any. */
  #lookAtStorage(): void {
    const { clock, log } = this.#options;
    const began = clock.mono();
    const again = (spentMs: number) => {
      const { minMs, maxMs, part } = storagePace;
      if (this.#stopped) return;
      this.#cancelStorage = clock.after(
        Math.min(maxMs, Math.max(minMs, spentMs / part)),
        () => this.#lookAtStorage(),
      );
    };
    if (!this.#candidates().some(hasStorageLimits)) return again(0);
    this.#storageWork = this.#evictExcessive()
      .catch((err) => log.warn("Cannot measure what pods hold of the disk", { err }))
      .finally(() => again(clock.mono() - began));
  }

  async #evictExcessive(): Promise<void> {
    const stats = new Map((await this.#options.storage(hasStorageLimits, 0)).map((each) => [each.podRef.uid, each]));
    if (this.#stopped) return;
    for (const pod of this.#candidates()) {
      const found = stats.get(pod.metadata.uid!);
      const excess = found && storageExcess(pod, found);
      if (excess) this.#evict(pod, { ...excess, graceSeconds: 0 });
    }
  }
}

/** Layers and logs of each container, as far as both are known. */
function storageUses({ containers }: PodStats): ContainerUse[] {
  return (containers ?? []).flatMap(({ name, rootfs, logs }) =>
    rootfs?.usedBytes === undefined || logs?.usedBytes === undefined
      ? []
      : [{ name, bytes: rootfs.usedBytes + logs.usedBytes }]
  );
}
