/**
 * One probe of one container: what it remembers and when it is due next. The manager owns the only timer; a worker
 * is told the time and makes one attempt at once.
 */
import type { Clock } from "../clock.ts";
import { runProbe } from "./handlers.ts";
import {
  dueAt,
  firstAttempt,
  initialMemory,
  judge,
  nextAttempt,
  type ProbeMemory,
  type ProbeSchedule,
  timeoutMs,
} from "./thresholds.ts";
import { ProbeTally } from "./tally.ts";
import type { ExecSync, ProbeOutcome, ProbeSpec, ProbeTarget, ProbeType } from "./types.ts";

export interface WorkerDeps {
  clock: Clock;
  exec: ExecSync;
  random(): number;
  /** An attempt has been made; `counted` is false for an early look that found nothing. */
  onOutcome(worker: ProbeWorker, outcome: ProbeOutcome, counted: boolean, changed: boolean): void;
}

/** kubelet tries a probe that could not be carried out this often before it gives up for the period. */
const maxTries = 3;

export class ProbeWorker {
  memory: ProbeMemory;
  /** The text of the last counted failure. */
  message = "";
  containerId = "";
  /** All attempts, for metrics. */
  readonly tally = new ProbeTally();
  #schedule?: ProbeSchedule;
  #attempt?: AbortController;

  constructor(
    readonly podUid: string,
    readonly containerName: string,
    readonly type: ProbeType,
    public probe: ProbeSpec,
    readonly deps: WorkerDeps,
  ) {
    this.memory = initialMemory(type);
  }

  /** Turns to another container: nothing of the last one's outcomes is kept. */
  attach(containerId: string, memory: ProbeMemory): void {
    this.stop();
    this.containerId = containerId;
    this.memory = memory;
    this.message = "";
  }

  /** Whether attempts are planned. */
  get scheduled(): boolean {
    return this.#schedule !== undefined;
  }

  /** Monotonic time of the next attempt; undefined while there is none or one is on its way. */
  get dueAt(): number | undefined {
    return this.#schedule && !this.#attempt ? dueAt(this.#schedule) : undefined;
  }

  /** Begins probing: the first attempt within one period from `from` on. */
  start(from: number, adopted: boolean): void {
    if (this.memory.onHold) return;
    this.#schedule = firstAttempt(this.type, this.probe, from, this.deps.random(), adopted);
  }

  /** Stops probing; an attempt on its way is ended and forgotten. */
  stop(): void {
    this.#schedule = undefined;
    this.#attempt?.abort();
    this.#attempt = undefined;
  }

  /** Makes the attempt that is due. */
  async attempt(target: ProbeTarget): Promise<void> {
    const { clock, exec } = this.deps;
    let own = this.#attempt = new AbortController();
    const counts = this.#schedule!.next <= clock.mono();
    // The place in the schedule is taken at the start. An attempt that outlives its period is followed by one more at
    // once, and the other places that it missed are gone: what kubelet's ticker does.
    this.#schedule = nextAttempt(this.type, this.probe, this.#schedule!, clock.mono());
    const { probe } = this;
    const began = clock.mono();
    let outcome: ProbeOutcome;
    let tries = 0;
    do {
      if (tries > 0) own = this.#attempt = new AbortController();
      outcome = await runProbe(probe, target, { timeoutMs: timeoutMs(probe), controller: own, exec, clock });
      // stopped meanwhile
      if (this.#attempt !== own) return;
    } while (outcome.result === "error" && ++tries < maxTries);
    this.#attempt = undefined;
    this.tally.add(outcome.result, clock.mono() - began);
    const counted = counts || outcome.result === "success" || outcome.result === "warning";
    const before = this.memory;
    if (counted) {
      this.memory = judge(this.type, probe, before, outcome.result);
      if (outcome.result === "failure") this.message = outcome.message;
      // The first success ends the early looks.
      if (this.#schedule?.early !== undefined) this.#schedule = { ...this.#schedule, early: undefined };
      if (this.memory.onHold) this.#schedule = undefined;
    }
    this.deps.onOutcome(this, outcome, counted, before.value !== this.memory.value);
  }
}
