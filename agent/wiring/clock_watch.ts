/** Notices that somebody set the wall clock: it then stands elsewhere against the monotonic one. */
import type { Clock } from "../clock.ts";

/** Less than this is a clock being kept right. */
const stepMs = 30_000;

export class ClockWatch {
  #offset: number;

  constructor(private readonly clock: Pick<Clock, "now" | "mono">, private readonly onStep: (byMs: number) => void) {
    this.#offset = clock.now() - clock.mono();
  }

  /** Called now and then, by whoever looks at something anyway. */
  look(): void {
    const offset = this.clock.now() - this.clock.mono();
    const by = offset - this.#offset;
    if (Math.abs(by) < stepMs) return;
    this.#offset = offset;
    this.onStep(by);
  }
}
