/**
 * How soon to look again. Pure. What is far from its threshold is looked at every ten seconds; what a fast program could
 * use up sooner, in that time; memory and pids below twice their threshold, all the time. Where the kernel tells of memory by
 * itself, memory needs no looking.
 */
import { type Observations, type Pressure, signals } from "./signals.ts";
import { neededOf, type Threshold } from "./thresholds.ts";

export const slowestMs = 10_000;

/** Per second, at most: page faults of one core, a fast disk, forks. Inodes are few, and files are slow to make. */
const fastest = { memory: 2 * 2 ** 30, "ephemeral-storage": 2 ** 30, inodes: 20_000, pids: 5000 } as const;

const quickestMs = 1000;
/** Below twice the threshold. Disks are slow, and many are that full all their life. */
const nearMs: Readonly<Partial<Record<Pressure, number>>> = { MemoryPressure: 250, PIDPressure: 250 };

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
    const near = seen.available < 2 * needed ? nearMs[pressure] : undefined;
    const ms = near ?? Math.max(quickestMs, (seen.available - needed) / fastest[resource] * 1000);
    next = Math.min(next, ms);
  }
  return next;
}
