/**
 * A deadline that moves on with every request. Timers are dear where many connections each set and clear a few for every
 * request: here one stays as long as it is not too late, and looks when it fires whether anything is due.
 */
export class Deadline {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #firesAt = Infinity;
  #due = Infinity;
  #act = () => {};

  /** Calls `act` after so long, in place of what was set before. */
  set(ms: number, act: () => void): void {
    const now = performance.now();
    this.#due = now + ms;
    this.#act = act;
    if (this.#due < this.#firesAt) this.#arm(now);
  }

  /** Nothing is due any more; the timer may stay for the next one. */
  clear(): void {
    this.#due = Infinity;
  }

  /** Leaves no timer behind. */
  end(): void {
    this.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#firesAt = Infinity;
  }

  #arm(now: number): void {
    clearTimeout(this.#timer);
    this.#firesAt = this.#due;
    this.#timer = setTimeout(() => this.#fire(), this.#due - now);
  }

  #fire(): void {
    this.#timer = undefined;
    this.#firesAt = Infinity;
    if (this.#due === Infinity) return;
    const now = performance.now();
    if (this.#due > now) return this.#arm(now);
    this.#due = Infinity;
    this.#act();
  }
}
