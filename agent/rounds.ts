/**
 * The rhythm of a controller: woken by events, it looks at the whole world and acts, one round at a time; what happens
 * meanwhile starts another. A round that fails is repeated, each time later. While nothing happens nothing runs.
 */
import type { Clock } from "./clock.ts";
import type { Logger } from "./telemetry/log.ts";

export interface RoundsOptions {
  /** As the log calls it: `scheduler`. */
  name: string;
  /** One round; returns the monotonic ms at which another is due although nothing happened. */
  round(): Promise<number | void> | number | void;
  clock: Clock;
  log: Logger;
}

const firstRetryMs = 500;
const longestRetryMs = 30_000;

export class Rounds {
  readonly #options: RoundsOptions;
  #due = false;
  #running?: Promise<void>;
  #stopped = false;
  #failures = 0;
  #cancelTimer = () => {};

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  /** Something may have changed. */
  wake(): void {
    if (this.#stopped) return;
    this.#due = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#due) this.wake();
    });
  }

  /** Resolves when nothing is left to do that is known of now. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** A round that is under way is finished. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { name, round, clock, log } = this.#options;
    // what one turn of the event loop brings is one round
    await Promise.resolve();
    while (this.#due && !this.#stopped) {
      this.#due = false;
      this.#cancelTimer();
      this.#cancelTimer = () => {};
      let next: number | void;
      try {
        next = await round();
        this.#failures = 0;
      } catch (err) {
        log[this.#failures++ === 0 ? "warn" : "debug"](`A round of the ${name} failed; it is repeated`, { err });
        next = clock.mono() + Math.min(longestRetryMs, firstRetryMs * 2 ** (this.#failures - 1));
      }
      if (next !== undefined && !this.#stopped) {
        this.#cancelTimer = clock.after(Math.max(1, next - clock.mono()), () => this.wake());
      }
    }
  }
}
