/**
 * How soon to look again. Pure. What is far from its threshold is looked at every ten seconds; what a fast program could
 * use up sooner, in that time; and what is below twice its threshold, all the time. Where the kernel tells of memory by
 * itself, memory needs no looking.
 */
import { type Observations, type Pressure, signals } from "./signals.ts";
import { neededOf, type Threshold } from "./thresholds.ts";

export const slowestMs = 10_000;

/** Per second, at most: page faults of one core, a fast disk, forks. Inodes are few, and files are slow to make. */
const fastest = { memory: 2 * 2 ** 30, "ephemeral-storage": 2 ** 30, inodes: 20_000, pids: 5000 } as const;

/** Below twice the threshold, and above it. */
const quickest: Readonly<Record<Pressure, readonly [near: number, far: number]>> = {
  MemoryPressure: [250, 1000],
  DiskPressure: [1000, 1000],
  PIDPressure: [250, 1000],
};

export function nextLookMs(
  thresholds: readonly Threshold[],
  observations: Observations,
  { memoryIsTold }: { memoryIsTold: boolean },
): number {
  let next = slowestMs;
  for (const threshold of thresholds) {
    const { pressure, resource } = signals[threshold.signal];
    const seen = observations.get(threshold.signal);
    if (!seen || (memoryIsTold && pressure === "MemoryPressure")) continue;
    const needed = neededOf(threshold, seen.capacity, false);
    const [near, far] = quickest[pressure];
    const ms = seen.available < 2 * needed ? near : Math.max(far, (seen.available - needed) / fastest[resource] * 1000);
    next = Math.min(next, ms);
  }
  return next;
}
