/**
 * What to do with one container's log files, as kubelet does it: a log that has grown over `maxSize` is renamed and the
 * runtime told to open a new one; the one renamed before it is compressed (collectors have read it by now); the oldest
 * go, so that with the new one at most `maxFiles` remain. Pure: files and time in, steps out.
 */
import type { LogFile } from "./paths.ts";

export interface RotationPolicy {
  /** Bytes; a negative number turns rotation off. */
  maxSize: number;
  /** At least 2: the one that is written and the one before it. */
  maxFiles: number;
}

export interface RotationInput {
  /** The file that the runtime writes. */
  path: string;
  /** Its size; undefined when it is not there. */
  size: number | undefined;
  /** The rotated files, as `rotatedFiles` lists them; only looked at when they matter. */
  rotated: () => LogFile[];
  /** Wall clock, ms. */
  now: number;
}

/** One step; a later one is taken only when the earlier ones worked. */
export type RotationStep =
  | { type: "remove"; path: string; reason: "temporary" | "compressed already" | "excess" }
  | { type: "compress"; path: string }
  | { type: "rotate"; path: string; to: string }
  /** The runtime's file is gone, as after a rotation that was cut off between rename and reopen. */
  | { type: "reopen"; path: string };

/** The steps that are due. */
export function planRotation(input: RotationInput, policy: RotationPolicy): RotationStep[] {
  const { path, size } = input;
  if (policy.maxSize < 0) return [];
  if (size === undefined) return [{ type: "reopen", path }];
  if (size < policy.maxSize) return [];

  const files = input.rotated();
  const compressed = new Set(files.filter((file) => file.compressed).map((file) => file.path));
  const steps: RotationStep[] = [];
  const used: LogFile[] = [];
  for (const file of files) {
    if (file.temporary) steps.push({ type: "remove", path: file.path, reason: "temporary" });
    else if (!file.compressed && compressed.has(`${file.path}.gz`)) {
      steps.push({ type: "remove", path: file.path, reason: "compressed already" });
    } else used.push(file);
  }
  // The file that is written now and the one that it makes room for are two of maxFiles.
  const kept = Math.max(0, policy.maxFiles - 2);
  used.forEach((file, index) => {
    if (index < used.length - kept) steps.push({ type: "remove", path: file.path, reason: "excess" });
    else if (!file.compressed) steps.push({ type: "compress", path: file.path });
  });
  steps.push({ type: "rotate", path, to: `${path}.${nextStamp(files, input.now)}` });
  return steps;
}

/** Steps for a log whose rotation an earlier life left half done; the current file is not touched. */
export function planCleanup(rotated: LogFile[]): RotationStep[] {
  const compressed = new Set(rotated.filter((file) => file.compressed).map((file) => file.path));
  return rotated.flatMap((file): RotationStep[] => {
    if (file.temporary) return [{ type: "remove", path: file.path, reason: "temporary" }];
    const twice = !file.compressed && compressed.has(`${file.path}.gz`);
    return twice ? [{ type: "remove", path: file.path, reason: "compressed already" }] : [];
  });
}

/** `YYYYMMDD-HHMMSS` in UTC: sorts by time. */
export function rotationStamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
}

/** A stamp later than all there are, also when the clock was put back or two rotations fall into one second. */
function nextStamp(files: LogFile[], now: number): string {
  const last = files.map((file) => stampTime(file.stamp)).reduce((a, b) => Math.max(a, b), 0);
  return rotationStamp(Math.max(now, last + 1000));
}

function stampTime(stamp: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)$/.exec(stamp);
  if (!match) return 0;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) || 0;
}
