/** Image-pull back-off: 10, 20, 40 … 300 s after each failure of a key, forgotten after twice the maximum without one. */
import type { Clock } from "../clock.ts";

export class PullBackOff {
  readonly #entries = new Map<string, { delay: number; since: number; message: string }>();

  constructor(readonly clock: Clock, readonly firstMs: number = 10_000, readonly maxMs: number = 300_000) {}

  /** Notes a failure and returns the wait that follows it. */
  failed(key: string, message: string): number {
    this.#forgetOld();
    const known = this.#entries.get(key);
    const delay = known ? Math.min(known.delay * 2, this.maxMs) : this.firstMs;
    this.#entries.set(key, { delay, since: this.clock.mono(), message });
    return delay;
  }

  succeeded(key: string): void {
    this.#entries.delete(key);
  }

  /** Milliseconds until the next try and what the last one failed with. */
  left(key: string): { ms: number; message: string } {
    const known = this.#entries.get(key);
    if (!known) return { ms: 0, message: "" };
    return { ms: Math.max(0, known.since + known.delay - this.clock.mono()), message: known.message };
  }

  /** Drops every key that starts with `prefix`: the pod is gone. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  #forgetOld(): void {
    const now = this.clock.mono();
    for (const [key, { since }] of this.#entries) if (now - since > 2 * this.maxMs) this.#entries.delete(key);
  }
}
