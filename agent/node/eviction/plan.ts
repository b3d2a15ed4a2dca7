/**
 * What follows from what is left of everything: which conditions the node has, and which thresholds are to be acted on
 * now. Pure: the memory of one look is an argument of the next.
 *
 *     observations ─► met ─┬─► conditions, held for the transition period after the pressure is gone
 *                          └─► past their grace ─► to act on, memory first, until the minimum reclaim is won back too
 *
 * Source: Kubernetes "Node-pressure Eviction".
 */
import { type Observations, type Pressure, signals } from "./signals.ts";
import { neededOf, type Threshold, thresholdKey } from "./thresholds.ts";

/** What one look leaves for the next. Times are monotonic ms. */
export interface EvictionMemory {
  /** Threshold → since when it has been met without a break. */
  metSince: ReadonlyMap<string, number>;
  /** Thresholds that were acted on: they are met until their minimum reclaim is won back. */
  acted: ReadonlySet<string>;
  /** When a pressure was last there. */
  lastSeen: ReadonlyMap<Pressure, number>;
}

export const noMemory: EvictionMemory = { metSince: new Map(), acted: new Set(), lastSeen: new Map() };

export interface EvictionPlan {
  memory: EvictionMemory;
  /** In the order of the node's conditions. */
  pressures: Pressure[];
  /** Met and past their grace, the most urgent first. */
  due: Threshold[];
  /** Monotonic ms at which something changes though nothing is observed: a grace or a transition period ends. */
  nextAt?: number;
}

const order: readonly Pressure[] = ["MemoryPressure", "DiskPressure", "PIDPressure"];

export function planEviction(
  thresholds: readonly Threshold[],
  observations: Observations,
  before: EvictionMemory,
  { now, transitionMs }: { now: number; transitionMs: number },
): EvictionPlan {
  const metSince = new Map<string, number>();
  const lastSeen = new Map(before.lastSeen);
  const due: Threshold[] = [];
  const wakes: number[] = [];
  const met = new Set<Pressure>();
  for (const threshold of thresholds) {
    const key = thresholdKey(threshold);
    const { pressure } = signals[threshold.signal];
    if (!isMet(threshold, observations, before.acted.has(key))) {
      // it was there until now for all that is known: looks may be far apart
      if (before.metSince.has(key)) lastSeen.set(pressure, now);
      continue;
    }
    met.add(pressure);
    const since = before.metSince.get(key) ?? now;
    metSince.set(key, since);
    lastSeen.set(pressure, now);
    if (now - since >= threshold.graceMs) due.push(threshold);
    else wakes.push(since + threshold.graceMs);
  }
  for (const [pressure, at] of lastSeen) {
    if (met.has(pressure)) continue;
    if (now - at >= transitionMs) lastSeen.delete(pressure);
    else wakes.push(at + transitionMs);
  }
  return {
    memory: { metSince, acted: new Set(due.map(thresholdKey)), lastSeen },
    pressures: order.filter((pressure) => lastSeen.has(pressure)),
    due: due.sort(byUrgency),
    ...(wakes.length > 0 ? { nextAt: Math.min(...wakes) } : {}),
  };
}

/** Whether less is left than there must be. What is not observed is not short. */
export function isMet(threshold: Threshold, observations: Observations, reclaim: boolean): boolean {
  const seen = observations.get(threshold.signal);
  return seen !== undefined && seen.available < neededOf(threshold, seen.capacity, reclaim);
}

/** Memory first: it runs out in no time. A hard threshold before a soft one. */
function byUrgency(a: Threshold, b: Threshold): number {
  const rank = ({ signal }: Threshold) => order.indexOf(signals[signal].pressure);
  return rank(a) - rank(b) || Math.sign(a.graceMs) - Math.sign(b.graceMs);
}
