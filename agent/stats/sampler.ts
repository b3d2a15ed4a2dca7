/**
 * Rates of CPU use, which need two looks. Nothing is looked at while nobody asks: the first question begins a sampling
 * that goes on every fifteen seconds, and ends five minutes after the last one. Who asks first waits one second for the
 * second look; everybody after that gets a look of this moment, against one of the last fifteen seconds.
 *
 *     question ──► sample ─ 1 s ─► sample ──► rates
 *                     └─ every 15 s ─► sample … until nobody has asked for 5 min, then forgotten
 */
import type { Clock } from "../clock.ts";

/** One thing at one moment. */
export interface Point {
  cpuNs: number;
  workingSetBytes: number;
  /** Wall-clock milliseconds since when it counts; a restarted container counts anew under another key. */
  startedAt: number;
}

export interface Sample {
  mono: number;
  wall: number;
  /** By container ID, pod UID, or `node`. */
  points: Map<string, Point>;
}

export const nodeKey = "node";

export interface Rate {
  nanoCores: number;
  workingSetBytes: number;
  windowMs: number;
}

export interface SamplerOptions {
  clock: Clock;
  /** Looks at everything now. */
  look(): Map<string, Point>;
  periodMs?: number;
  /** How long sampling goes on when nobody asks. */
  restMs?: number;
  /** How long the first one who asks waits. */
  firstWindowMs?: number;
}

/** A look that is younger than this is taken for one of this moment. */
const freshMs = 1000;

export class UsageSampler {
  readonly #options: Required<SamplerOptions>;
  #last: Sample | undefined;
  #before: Sample | undefined;
  #askedAt = -Infinity;
  #cancel: (() => void) | undefined;
  #first: Promise<void> | undefined;
  #endWait = () => {};
  #stopped = false;

  constructor(options: SamplerOptions) {
    this.#options = { periodMs: 15_000, restMs: 300_000, firstWindowMs: 1000, ...options };
  }

  /** Resolves when rates can be told. */
  async ask(): Promise<void> {
    const { clock } = this.#options;
    if (this.#stopped) return;
    this.#askedAt = clock.mono();
    if (this.#first) return await this.#first;
    if (!this.#last || !this.#before) {
      this.#first = this.#begin().finally(() => this.#first = undefined);
      return await this.#first;
    }
    if (clock.mono() - this.#last.mono >= freshMs) this.#sample();
  }

  /** Whether rates are known of anything; false until the first `ask()` has resolved. */
  get active(): boolean {
    return this.#before !== undefined;
  }

  /** The last look. */
  get last(): Sample | undefined {
    return this.#last;
  }

  /** The rate of one thing, of what was last asked for; undefined while there are no two looks at it. */
  rate(key: string): Rate | undefined {
    const last = this.#last, before = this.#before;
    const now = last?.points.get(key);
    if (!last || !before || !now) return undefined;
    const then = before.points.get(key);
    const { workingSetBytes } = now;
    if (then) {
      const windowMs = last.mono - before.mono;
      // a counter that went back belongs to a cgroup that was made anew
      if (windowMs <= 0 || now.cpuNs < then.cpuNs) return undefined;
      return { nanoCores: (now.cpuNs - then.cpuNs) / windowMs * 1000, workingSetBytes, windowMs };
    }
    // it began after the look before: then its whole life is the window
    const age = last.wall - now.startedAt;
    const span = last.mono - before.mono;
    if (age < freshMs || age > span + freshMs) return undefined;
    return { nanoCores: now.cpuNs / age * 1000, workingSetBytes, windowMs: age };
  }

  stop(): void {
    this.#stopped = true;
    this.#endWait();
    this.#rest();
  }

  async #begin(): Promise<void> {
    const { clock, firstWindowMs } = this.#options;
    this.#sample();
    await new Promise<void>((resolve) => {
      const cancel = clock.after(firstWindowMs, resolve);
      this.#endWait = () => {
        cancel();
        resolve();
      };
    });
    if (!this.#stopped) this.#sample();
  }

  #sample(): void {
    const { clock, look } = this.#options;
    const sample = { mono: clock.mono(), wall: clock.now(), points: look() };
    this.#before = this.#last;
    this.#last = sample;
    this.#arm();
  }

  #arm(): void {
    const { clock, periodMs, restMs } = this.#options;
    this.#cancel?.();
    this.#cancel = clock.after(periodMs, () => {
      if (clock.mono() - this.#askedAt >= restMs) this.#rest();
      else this.#sample();
    });
  }

  #rest(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#last = this.#before = undefined;
  }
}
