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
    if (this.#running >= this.limit) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    this.#running++;
    try {
      signal.throwIfAborted();
      return await work(signal);
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }
}
