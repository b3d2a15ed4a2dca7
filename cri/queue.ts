/**
 * Calls in flight, bounded by what they do. A small device's runtime gets slower, not faster, under more than a few
 * calls at once; and no kind of call may starve another:
 *
 * - `query` (list, status, stats) answers in milliseconds and must get through whatever the rest does;
 * - `change` (run, create, start, remove) is real work, and may hang in a network plugin;
 * - `wait` (stop, pull, exec) mostly waits, for as long as a grace period or a registry takes.
 */
export type Lane = "query" | "change" | "wait";

interface Waiter {
  start: () => void;
}

/** How many calls of each lane may be in flight. */
export function laneLimits(maxCalls: number): Record<Lane, number> {
  const query = Math.max(1, Math.floor(maxCalls / 4));
  return { query, change: Math.max(1, maxCalls - query), wait: 256 };
}

/** First come, first served within a lane. */
export class CallQueue {
  #running: Record<Lane, number> = { query: 0, change: 0, wait: 0 };
  #waiting: Record<Lane, Set<Waiter>> = { query: new Set(), change: new Set(), wait: new Set() };

  constructor(private limits: Record<Lane, number>) {}

  /** Calls in flight and waiting, for metrics. */
  get load(): { running: number; waiting: number } {
    const lanes = Object.keys(this.#running) as Lane[];
    return {
      running: lanes.reduce((sum, lane) => sum + this.#running[lane], 0),
      waiting: lanes.reduce((sum, lane) => sum + this.#waiting[lane].size, 0),
    };
  }

  /** Resolves when a call of this lane may start, or rejects with the signal's reason; `leave` must follow. */
  enter(lane: Lane, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#running[lane] < this.limits[lane]) {
      this.#running[lane]++;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting[lane].delete(waiter);
        reject(signal.reason);
      };
      const waiter = {
        start: () => {
          signal.removeEventListener("abort", abort);
          resolve();
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting[lane].add(waiter);
    });
  }

  /** Ends a call; its place goes to the one that waits longest. */
  leave(lane: Lane): void {
    const [next] = this.#waiting[lane];
    if (!next) {
      this.#running[lane]--;
      return;
    }
    this.#waiting[lane].delete(next);
    next.start();
  }
}
