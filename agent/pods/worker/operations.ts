/**
 * What a pod's worker has under way, and what failed and waits for its next try. Knows how to begin, overtake, cancel and
 * let go; when a look at the pod shows all that has ended; and when a failed action is due again.
 */
import { isNameReserved } from "../../../cri/mod.ts";
import type { Clock } from "../../clock.ts";
import type { ObservedPod } from "../../observed/types.ts";
import { retryDelay } from "./backoff.ts";
import { describeFailure, type Failure } from "../execute/failures.ts";
import { nameTries, type Operation, operationKey, Overtaken, type PodAction, type Retry } from "../types.ts";

/** Between tries of a name that is taken. */
const nameWaitMs = 500;
/** An operation that does not let go is left behind. */
const stopMs = 500;

/** What becomes of an operation. */
export interface Outcome {
  succeeded(): void;
  /** Not of one that was told to stop or was overtaken. `isNew`: the log has not told it yet. */
  failed(failure: Failure, isNew: boolean): void;
  /** Either way. */
  ended(): void;
}

interface Running extends Operation {
  abort: AbortController;
  done: Promise<void>;
}

export class Operations {
  /** By operation key. */
  readonly retries = new Map<string, Retry>();
  readonly #clock: Clock;
  #running = new Map<string, Running>();
  /** How many have ended, the last one when, and how many had when the last look began. */
  #ends = 0;
  #lastEnd = -1;
  #looked = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#running.size;
  }

  has(key: string): boolean {
    return this.#running.has(key);
  }

  list(): Operation[] {
    return [...this.#running.values()];
  }

  /** Begins an action; one of its key that is under way is overtaken. */
  begin(action: PodAction, run: (signal: AbortSignal) => Promise<void>, outcome: Outcome): void {
    const key = operationKey(action);
    this.#running.get(key)?.abort.abort(new Overtaken());
    const operation: Running = {
      key,
      type: action.type,
      canceled: false,
      abort: new AbortController(),
      done: Promise.resolve(),
      ...("name" in action ? { container: action.name } : {}),
      ...("containerId" in action ? { containerId: action.containerId } : {}),
      ...(action.type === "killContainer" ? { deadline: action.deadline } : {}),
    };
    this.#running.set(key, operation);
    operation.done = run(operation.abort.signal).then(
      () => {
        this.retries.delete(key);
        outcome.succeeded();
      },
      (err) => {
        if (operation.canceled || this.#running.get(key) !== operation) return;
        const { failure, isNew } = this.#retryLater(key, action, err);
        outcome.failed(failure, isNew);
      },
    ).finally(() => {
      if (this.#running.get(key) === operation) this.#running.delete(key);
      // preparing changes nothing that a look would show
      if (action.type !== "prepare") {
        this.#ends++;
        this.#lastEnd = this.#clock.mono();
      }
      outcome.ended();
    });
  }

  /** Tells one to stop. */
  cancel(key: string, reason: string): void {
    const operation = this.#running.get(key);
    if (!operation || operation.canceled) return;
    operation.canceled = true;
    operation.abort.abort(new Error(reason));
  }

  /** Lets go of everything; resolves when all have ended, or soon all the same. */
  async stop(): Promise<void> {
    const all = [...this.#running.values()];
    for (const operation of all) {
      operation.canceled = true;
      operation.abort.abort(new Error("the agent stops"));
    }
    if (all.length === 0) return;
    const enough = Promise.withResolvers<void>();
    const cancel = this.#clock.after(stopMs, enough.resolve);
    await Promise.race([Promise.all(all.map(({ done }) => done)), enough.promise]);
    cancel();
  }

  /** What failed ones wait for may be there now: they are due. */
  retryNow(): void {
    for (const retry of this.retries.values()) retry.at = this.#clock.mono();
  }

  /** Not before that many ms. */
  holdBack(key: string, ms: number): void {
    this.retries.set(key, { at: this.#clock.mono() + ms, count: 0, reason: "", message: "" });
  }

  /** Whether an observation shows all that has ended. */
  isShownBy({ observedAt }: ObservedPod): boolean {
    return this.#looked === this.#ends || observedAt > this.#lastEnd;
  }

  /** A look that shows all that has ended before it began. */
  async look(observe: () => Promise<unknown>): Promise<void> {
    const ends = this.#ends;
    await observe();
    this.#looked = ends;
  }

  /** Drops retries of what an observation shows done or gone. */
  digest({ containers, sandboxes }: ObservedPod): void {
    const ids = new Set([...containers, ...sandboxes].map(({ id }) => id));
    for (const key of this.retries.keys()) {
      const [verb, target] = key.split("/");
      if (target === undefined) continue;
      const over = verb === "start"
        ? !this.has(key) && containers.find(({ name }) => name === target)?.state === "running"
        : !ids.has(target);
      if (over) this.retries.delete(key);
    }
  }

  #retryLater(key: string, action: PodAction, err: unknown): { failure: Failure; isNew: boolean } {
    const failure = describeFailure(action, err);
    const { reason, message } = failure;
    const before = this.retries.get(key);
    const count = (before?.count ?? 0) + 1;
    const isTaken = isNameReserved(err) || isNameReserved(err instanceof Error ? err.cause : undefined);
    const namesTaken = (before?.namesTaken ?? 0) + (isTaken ? 1 : 0);
    const wait = failure.retryAfterMs ?? (isTaken && namesTaken <= nameTries ? nameWaitMs : retryDelay(count));
    // the log tells it once; that it is still so is in the status and the events
    const told = failure.wait ? before?.told : message;
    this.retries.set(key, {
      at: this.#clock.mono() + wait,
      count,
      reason,
      message,
      told,
      ...(namesTaken > 0 ? { namesTaken } : {}),
    });
    return { failure, isNew: !failure.wait && before?.told !== message };
  }
}
