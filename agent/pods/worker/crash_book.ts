/**
 * Keeps count of a pod's crashes: takes in observations, says when each ended container may be restarted. The arithmetic
 * is backoff.ts's.
 */
import type { Clock } from "../../clock.ts";
import { type Pod, podContainers } from "../../objects/mod.ts";
import type { ObservedPod } from "../../observed/types.ts";
import { hashAnnotation } from "../../runtime/labels.ts";
import { countCrash, crashDelay, type CrashRecord, restartAt } from "./backoff.ts";
import { forgetGone } from "./gone.ts";
import { shouldRestart } from "../plan/restart_policy.ts";

export class CrashBook {
  /** ID of an ended container → monotonic ms before which it is not restarted. */
  readonly until = new Map<string, number>();
  readonly #clock: Clock;
  readonly #maxMs: number;
  readonly #records: Record<string, CrashRecord>;
  /** ID of a container that ran → monotonic ms since when, and when it was last seen to. */
  #running = new Map<string, { since: number; seen: number }>();

  constructor(clock: Clock, maxMs: number, records: Record<string, CrashRecord>) {
    this.#clock = clock;
    this.#maxMs = maxMs;
    this.#records = { ...records };
  }

  /** By container name, as they are to be kept. */
  get records(): Record<string, CrashRecord> {
    return { ...this.#records };
  }

  /** Takes in an observation at `mono`. Says whether a crash was counted that is to be kept. */
  take(pod: Pod, observed: ObservedPod, mono: number): boolean {
    const now = this.#clock.now();
    let counted = false;
    for (const { container } of podContainers(pod)) {
      const newest = observed.containers.find(({ name }) => name === container.name);
      if (!newest) continue;
      const ran = this.#running.get(newest.id);
      if (newest.state === "running") {
        const age = newest.startedAt > 0 ? Math.max(0, now - newest.startedAt) : 0;
        this.#running.set(newest.id, { since: ran?.since ?? mono - age, seen: mono });
      }
      if (newest.state !== "exited" || this.until.has(newest.id)) continue;
      const ended = newest.finishedAt > 0 ? newest : { ...newest, finishedAt: now };
      const before = this.#records[container.name];
      const hash = newest.annotations[hashAnnotation] ?? "";
      const record = countCrash(before, ended, hash, ran && mono - ran.since);
      if (record !== before) {
        this.#records[container.name] = record;
        counted ||= shouldRestart(pod, container, newest.exitCode);
      }
      this.until.set(newest.id, restartAt(record, this.#maxMs, now, mono, ran && mono - ran.seen));
    }
    forgetGone(observed, this.until, this.#running);
    return counted;
  }

  /** The next monotonic ms after `now` at which a back-off ends. */
  nextEnd(now: number): number | undefined {
    const open = [...this.until.values()].filter((at) => at > now);
    return open.length > 0 ? Math.min(...open) : undefined;
  }

  /** The whole back-off after a container's end, in seconds. */
  seconds(containerId: string): number {
    const record = Object.values(this.#records).find((crash) => crash.containerId === containerId);
    return record ? crashDelay(record.level, this.#maxMs) / 1000 : 0;
  }
}
