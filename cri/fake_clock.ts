/** A clock for tests of this room: it moves only when told to. */
import type { FakeClock } from "./fake_model.ts";

export class SteppedClock implements FakeClock {
  #time = 1_800_000_000_000;
  #timers: { at: number; fn: () => void }[] = [];

  now = (): number => this.#time;
  mono = (): number => this.#time;

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.#time + ms, fn };
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter((other) => other !== timer));
  }

  /** Lets `ms` pass: what was due by then runs, in order, and everything gets its turn before and after. */
  async advance(ms: number): Promise<void> {
    await turns();
    this.#time += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#time).sort((a, b) => a.at - b.at);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { fn } of due) fn();
    await turns();
  }
}

/** Lets everything that is ready to run do so: a call through the codec takes several turns. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}
