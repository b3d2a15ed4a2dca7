/**
 * Work that several callers want at once is done once, at most `limit` pieces at a time. It is cancelled when the last caller
 * that wanted it has gone.
 */

interface Piece<T> {
  result: Promise<T>;
  callers: number;
  abort: AbortController;
}

export class SharedWork<T> {
  readonly #pieces = new Map<string, Piece<T>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(readonly limit: number) {}

  /** Joins the piece of work called `key`, starting it if nobody has; rejects with the signal's reason when aborted. */
  run(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (signal.aborted) return Promise.reject(signal.reason);
    let piece = this.#pieces.get(key);
    if (!piece) {
      const abort = new AbortController();
      const started: Piece<T> = { abort, callers: 0, result: this.#take(work, abort.signal) };
      const done = () => {
        if (this.#pieces.get(key) === started) this.#pieces.delete(key);
      };
      started.result.then(done, done);
      this.#pieces.set(key, piece = started);
    }
    const joined = piece;
    joined.callers++;
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        reject(signal.reason);
        if (--joined.callers > 0) return;
        joined.abort.abort(signal.reason);
        // Whoever comes now must not join work that is being given up.
        if (this.#pieces.get(key) === joined) this.#pieces.delete(key);
      };
      signal.addEventListener("abort", leave, { once: true });
      joined.result.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }

  async #take(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#running < this.limit) this.#running++;
    else await this.#turn(signal);
    try {
      return await work(signal);
    } finally {
      // The place is handed on, not given up and taken again: nobody slips in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  /** Waits in line for a place; rejects when aborted, leaving the line. */
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      this.#waiting.push(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}
