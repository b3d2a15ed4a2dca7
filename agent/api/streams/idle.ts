/** Ends a stream on which nothing moves. One timer a stream, armed again at most once a period. */
import type { Clock } from "../../clock.ts";

export const defaultIdleMs = 4 * 60 * 60 * 1000;

export class IdleTimer {
  #last: number;
  #cancel = () => {};

  /** `ms` 0: never. */
  constructor(private readonly ms: number, private readonly clock: Clock, private readonly onIdle: () => void) {
    this.#last = clock.mono();
    if (ms > 0) this.#arm(ms);
  }

  /** Something moved. */
  touch(): void {
    this.#last = this.clock.mono();
  }

  stop(): void {
    this.#cancel();
  }

  #arm(ms: number): void {
    this.#cancel = this.clock.after(ms, () => {
      const left = this.#last + this.ms - this.clock.mono();
      if (left > 0) this.#arm(left);
      else this.onIdle();
    });
  }
}
