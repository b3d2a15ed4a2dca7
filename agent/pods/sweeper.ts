/** Cleans up at the start what earlier lives left behind; what cannot be removed is tried again, with growing pauses. */
import type { Clock } from "../clock.ts";
import type { Logger } from "../telemetry/log.ts";

const firstPauseMs = 60_000;
const longestPauseMs = 3600_000;

export interface SweeperOptions {
  /** Answers of how many pods something could not be removed. */
  sweep(): Promise<number>;
  clock: Clock;
  log: Logger;
}

export class Sweeper {
  readonly #options: SweeperOptions;
  #cancel = () => {};
  #stopped = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** Resolves after the first try. */
  async start(pauseMs = firstPauseMs): Promise<void> {
    const { sweep, clock, log } = this.#options;
    let left: number;
    try {
      left = await sweep();
    } catch (err) {
      log.warn("Cannot clean up after pods that are gone", { err });
      left = 1;
    }
    if (left === 0 || this.#stopped) return;
    this.#cancel = clock.after(pauseMs, () => void this.start(Math.min(2 * pauseMs, longestPauseMs)));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }
}
