/**
 * Which pods a NoExecute taint drives away, and when: at once where no toleration covers it, else when the toleration's
 * seconds are over, the shortest of all taints. Pure.
 */
import { type Taint, tolerates } from "../../node/mod.ts";
import type { Pod } from "../../objects/mod.ts";

export interface TimedTaint extends Taint {
  timeAdded?: string;
}

/** Seconds that the pod may stay; undefined: for good. `now` is wall-clock ms. */
export function staySeconds(pod: Pod, taints: readonly TimedTaint[], now: number): number | undefined {
  const tolerations = pod.spec.tolerations ?? [];
  let least: number | undefined;
  for (const taint of taints) {
    if (taint.effect !== "NoExecute") continue;
    const covering = tolerations.find((each) => tolerates(each, taint));
    if (!covering) return 0;
    if (covering.tolerationSeconds === undefined) continue;
    const whole = Math.max(0, covering.tolerationSeconds);
    // counted from when both the taint and the pod were there; a clock that jumps makes it no longer and ends nothing
    const since = Math.max(stamp(taint.timeAdded), stamp(pod.status?.startTime ?? pod.metadata.creationTimestamp));
    const left = since > 0 ? Math.min(whole, Math.max(0, whole - (now - since) / 1000)) : whole;
    least = Math.min(least ?? Infinity, left);
  }
  return least;
}

function stamp(time: string | null | undefined): number {
  return Date.parse(time ?? "") || 0;
}
