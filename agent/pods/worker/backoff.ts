/**
 * CrashLoopBackOff: the first restart comes at once, then 10, 20, 40 … seconds after the end of the container, up to a
 * maximum; ten minutes of running clear it. Source: Kubernetes "Pod Lifecycle: how Pods handle problems with
 * containers", KEP-4603 (configurable maximum).
 *
 * Only the level and the last end are kept on disk, written once a crash. Stamps from the runtime are wall-clock times;
 * they are clamped here, so a clock that jumps neither loses nor prolongs a back-off.
 */
import type { ObservedContainer } from "../../observed/types.ts";

const initialMs = 10_000;
/** Running this long makes a crash the first one again. */
const resetMs = 600_000;

/** What is kept of a container's crashes. */
export interface CrashRecord {
  /** The container's hash: another image starts afresh. */
  hash: string;
  /** Crashes in a row. */
  level: number;
  /** The container whose end was counted last, and that end in wall-clock ms. */
  containerId: string;
  finishedAt: number;
}

/** The wait before the restart that follows crash number `level` (1 for the first). */
export function crashDelay(level: number, maxMs: number): number {
  return level <= 1 ? 0 : Math.min(initialMs * 2 ** Math.min(level - 2, 20), maxMs);
}

/**
 * Counts the end of `container`, once: the same record comes back when it has been counted already. `ranMs` is how long
 * it ran on the monotonic clock, where that is known; else its stamps tell.
 */
export function countCrash(
  record: CrashRecord | undefined,
  container: ObservedContainer,
  hash: string,
  ranMs?: number,
): CrashRecord {
  if (record?.containerId === container.id) return record;
  const ran = ranMs ?? (container.startedAt > 0 ? container.finishedAt - container.startedAt : 0);
  const level = record && record.hash === hash && ran < resetMs ? record.level + 1 : 1;
  return { hash, level, containerId: container.id, finishedAt: container.finishedAt };
}

/**
 * The monotonic ms before which the container of `record` is not restarted. `wall` and `mono` are the two clocks' present
 * readings; `endedWithinMs` says how long ago it ended at most, where that is known.
 */
export function restartAt(
  record: CrashRecord,
  maxMs: number,
  wall: number,
  mono: number,
  endedWithinMs = Infinity,
): number {
  const delay = crashDelay(record.level, maxMs);
  const passed = Math.min(Math.max(0, wall - record.finishedAt), endedWithinMs, delay);
  return mono + delay - passed;
}

/** The next wait of something that failed on its way (sandbox, volumes, create): 1, 2, 4, 8, 10, 10 … seconds. */
export function retryDelay(count: number): number {
  return Math.min(1000 * 2 ** Math.max(0, count - 1), 10_000);
}
