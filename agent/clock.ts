/**
 * Time as the agent sees it: a wall clock for stamps that people read and a monotonic clock for everything that waits.
 * Timers never follow the wall clock, so a device whose clock jumps from 1970 to today restarts nothing.
 */
export interface Clock {
  /** Wall time, milliseconds since the epoch. For stamps only. */
  now(): number;
  /** Monotonic milliseconds since an arbitrary start. For back-off, deadlines, probe periods. */
  mono(): number;
  /** Runs `fn` once after `ms` monotonic milliseconds; the returned function cancels it. */
  after(ms: number, fn: () => void): () => void;
}

/** setTimeout's limit; longer waits are taken in pieces. */
const longest = 2 ** 31 - 1;

/** The machine's own clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  mono: () => performance.now(),
  after(ms, fn) {
    let timer: ReturnType<typeof setTimeout>;
    const arm = (left: number) => {
      timer = left > longest ? setTimeout(() => arm(left - longest), longest) : setTimeout(fn, Math.max(0, left));
    };
    arm(ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms` monotonic milliseconds. */
export async function pause(clock: Pick<Clock, "after">, ms: number): Promise<void> {
  await new Promise<void>((resolve) => clock.after(ms, resolve));
}

/** Resolves when it is done, which is looked at every `everyMs`, or when `timeoutMs` are over. */
export async function until(
  clock: Pick<Clock, "after" | "mono">,
  done: () => boolean,
  timeoutMs: number,
  everyMs = 50,
): Promise<void> {
  for (const end = clock.mono() + timeoutMs; !done() && clock.mono() < end;) await pause(clock, everyMs);
}

/** A clock that moves only when told to: unit tests and fault tests. */
export class ManualClock implements Clock {
  #mono = 0;
  #timers: { at: number; fn: () => void; id: number }[] = [];
  #next = 0;

  constructor(private wall: number = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.wall;
  }

  mono(): number {
    return this.#mono;
  }

  after(ms: number, fn: () => void): () => void {
    const id = this.#next++;
    this.#timers.push({ at: this.#mono + Math.max(0, ms), fn, id });
    return () => {
      this.#timers = this.#timers.filter((timer) => timer.id !== id);
    };
  }

  /** Steps the wall clock without letting time pass. */
  setWall(ms: number): void {
    this.wall = ms;
  }

  /** Lets `ms` pass, running due timers in order and giving promises a turn after each. */
  async advance(ms: number): Promise<void> {
    const end = this.#mono + ms;
    while (true) {
      await turn();
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at || a.id - b.id)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.wall += due.at - this.#mono;
      this.#mono = due.at;
      due.fn();
    }
    this.wall += end - this.#mono;
    this.#mono = end;
    await turn();
  }
}

/** One turn of the event loop: lets everything that is ready to run do so. */
async function turn(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** An RFC 3339 stamp without fractions of a second, as metav1.Time is written. */
export function timestamp(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace(".000Z", "Z");
}
