/** How often a probe found what, and how long it took: numbers that live and go with the probe. */
import type { ProbeOutcome, ProbeType } from "./types.ts";

/** Upper bounds in seconds of the buckets that attempts' durations are counted in; one more has what is beyond. */
export const probeDurationBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class ProbeTally {
  successful = 0;
  failed = 0;
  /** Attempts that could not be carried out. */
  unknown = 0;
  /** By bucket, not added up. Made with the first attempt. */
  durations: Uint32Array | undefined;
  seconds = 0;

  add(result: ProbeOutcome["result"], ms: number): void {
    if (result === "failure") this.failed++;
    else if (result === "error") this.unknown++;
    else this.successful++;
    const seconds = ms / 1000;
    this.seconds += seconds;
    const durations = this.durations ??= new Uint32Array(probeDurationBounds.length + 1);
    let at = 0;
    while (at < probeDurationBounds.length && seconds > probeDurationBounds[at]) at++;
    durations[at]++;
  }
}

/** A probe and what became of its attempts. */
export interface TalliedProbe {
  namespace: string;
  pod: string;
  podUid: string;
  container: string;
  type: ProbeType;
  tally: Readonly<ProbeTally>;
}
