/**
 * What is wanted of a pod, from its object, its status and what the node decided about it. Keeps the deadlines: each is
 * set once, on the monotonic clock, so that neither later looks nor a clock that jumps move it.
 */
import type { Clock } from "../../clock.ts";
import type { Pod, PodStatus } from "../../objects/mod.ts";
import { gracePeriodSeconds } from "../plan/standing.ts";
import { type Intent, minimumGraceMs } from "../types.ts";

/** Why the node itself ends a pod. */
export interface Verdict {
  reason: string;
  message: string;
  /** The pod ran: what its condition DisruptionTarget says. */
  disruption?: string;
  /** Default: the pod's own grace. 0: whatever runs is killed, without a signal before. */
  graceSeconds?: number;
}

/** What of it outlives the agent. */
export interface KeptIntents {
  /** Its row was deleted by force. */
  forced?: boolean;
  /** The node ends it for its own sake. */
  ended?: Verdict;
}

export class Intents {
  readonly #clock: Clock;
  /** The deletion that an earlier life of the agent saw already. */
  readonly #adopted: string | undefined;
  #deletion: { key: string; deadline: number } | undefined;
  #finish: number | undefined;
  #shutdown = Infinity;
  #shutdownVerdict: Verdict | undefined;
  #wanted: boolean;
  #forced: boolean;
  #verdict: Verdict | undefined;
  #started: number | undefined;

  /** `wanted`: the store has a row for the pod. */
  constructor(clock: Clock, pod: Pod, wanted: boolean, { forced = false, ended }: KeptIntents = {}) {
    this.#clock = clock;
    this.#adopted = pod.metadata.deletionTimestamp ? deletionKey(pod) : undefined;
    this.#wanted = wanted;
    this.#forced = forced;
    this.#verdict = ended;
  }

  /** What is to be kept. */
  get memory(): KeptIntents {
    return { ...(this.#forced ? { forced: true } : {}), ...(this.displaced ? { ended: this.#verdict } : {}) };
  }

  /** The store has a row for the pod. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** The node ends it for its own sake. */
  get displaced(): boolean {
    return this.#verdict?.disruption !== undefined;
  }

  /** The machine goes down: whatever runs ends within `graceSeconds`. */
  shutdown(graceSeconds: number, verdict: Verdict): void {
    this.#shutdown = Math.min(this.#shutdown, this.#clock.mono() + graceSeconds * 1000);
    this.#shutdownVerdict = verdict;
  }

  /** It does not go down after all. */
  resume(): void {
    this.#shutdown = Infinity;
    this.#shutdownVerdict = undefined;
  }

  /** Its row is gone while it still runs, so nobody waits for its end any more: it has no grace left. */
  force(): void {
    this.#wanted = false;
    this.#forced = true;
  }

  /** The node ends the pod, or no longer. Says whether that changes what is to be kept. */
  end(verdict: Verdict | undefined): boolean {
    const before = this.displaced;
    this.#verdict = verdict;
    this.#finish = undefined;
    return before || this.displaced;
  }

  of(pod: Pod, status: PodStatus): Intent {
    const now = this.#clock.mono();
    const verdict = this.#verdict;
    if (!this.#wanted || pod.metadata.deletionTimestamp) {
      const deadline = Math.min(this.#deletionDeadline(pod, now), this.#shutdown);
      return { type: "delete", deadline, message: "the pod is deleted" };
    }
    const finish = (
      reason: string,
      message: string,
      { graceSeconds, disruption }: Pick<Verdict, "graceSeconds" | "disruption"> = {},
    ) => {
      this.#finish ??= now + (graceSeconds ?? gracePeriodSeconds(pod)) * 1000;
      return {
        type: "finish" as const,
        deadline: Math.min(this.#finish, this.#shutdown),
        reason,
        message,
        ...(graceSeconds === 0 ? { atOnce: true } : {}),
        ...(disruption === undefined ? {} : { disruption }),
      };
    };
    const over = status.phase === "Succeeded" || status.phase === "Failed";
    // what an evicted pod wrote is to be free again
    if (over && status.reason === "Evicted") {
      return { ...finish("", "Pod was evicted", { disruption: verdict?.disruption }), discard: true };
    }
    if (verdict) return finish(verdict.reason, verdict.message, verdict);
    if (over) return finish("", "Pod has completed");
    if (this.#shutdownVerdict) {
      const { reason, message, disruption } = this.#shutdownVerdict;
      // what is to run to its end once was cut short for good
      const how = pod.spec.restartPolicy === "Never" ? { disruption } : { forNow: true };
      return { type: "finish", deadline: this.#shutdown, reason, message, ...how };
    }
    const deadline = this.activeUntil(pod, status);
    if (deadline !== undefined && deadline <= now) {
      return finish("DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
    }
    return { type: "run" };
  }

  /** Monotonic ms at which activeDeadlineSeconds have passed since startTime. */
  activeUntil({ spec: { activeDeadlineSeconds: seconds } }: Pod, { startTime }: PodStatus): number | undefined {
    if (!seconds || !startTime) return undefined;
    const passed = clamp(this.#clock.now() - Date.parse(startTime), 0, seconds * 1000);
    this.#started ??= this.#clock.mono() - passed;
    return this.#started + seconds * 1000;
  }

  /**
   * A deletion that is seen to come has its whole grace; of one that came earlier, what the stored time (without its
   * fraction of a second) leaves of it, and enough for a preStop hook to be begun.
   */
  #deletionDeadline(pod: Pod, now: number): number {
    const key = this.#forced ? "forced" : deletionKey(pod);
    if (this.#deletion?.key === key) return this.#deletion.deadline;
    const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    const grace = this.#forced ? 0 : (deletionGracePeriodSeconds ?? gracePeriodSeconds(pod)) * 1000;
    let left = grace;
    if (key === this.#adopted) {
      const stored = Date.parse(deletionTimestamp!) + 1000 - this.#clock.now();
      left = clamp(stored, Math.min(grace, minimumGraceMs), grace);
    }
    const deadline = Math.min(this.#deletion?.deadline ?? Infinity, now + left);
    this.#deletion = { key, deadline };
    return deadline;
  }
}

function deletionKey({ metadata: { deletionTimestamp, deletionGracePeriodSeconds } }: Pod): string {
  return `${deletionTimestamp ?? ""}/${deletionGracePeriodSeconds ?? ""}`;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
