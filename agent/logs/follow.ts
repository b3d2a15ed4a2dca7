/**
 * Waits for a log to change: inotify on its directory, where a watch can be had, with a slow poll below it for events
 * that get lost. A chatty container wakes its follower at most fifty times a second.
 */
import type { Clock } from "../clock.ts";

/** How often to look without an event. */
const watchedMs = 1000;
const unwatchedMs = 250;
/** Least time between two wake-ups. */
const spacingMs = 20;

export class LogWaiter {
  #watcher?: Deno.FsWatcher;
  #next?: Promise<unknown>;
  #lastWake = 0;

  constructor(directory: string, private readonly clock: Clock) {
    try {
      this.#watcher = Deno.watchFs(directory, { recursive: false });
    } catch {
      // No inotify instances left, or no directory yet: polling does.
    }
  }

  /** Resolves when the log may have changed, or when one of `signals` aborts. */
  async wait(signals: (AbortSignal | undefined)[]): Promise<void> {
    const since = this.clock.mono() - this.#lastWake;
    if (since < spacingMs) await this.pause(spacingMs - since, signals);
    if (this.#watcher) {
      // The watcher's answer is asked for only while waiting, and one that came late is used the next time.
      this.#next ??= this.#watcher[Symbol.asyncIterator]().next().then((result) => {
        this.#next = undefined;
        if (result.done) this.#watcher = undefined;
      }, () => {
        this.#next = undefined;
        this.#watcher = undefined;
      });
      await this.pause(watchedMs, signals, this.#next);
    } else {
      await this.pause(unwatchedMs, signals);
    }
    this.#lastWake = this.clock.mono();
  }

  close(): void {
    try {
      this.#watcher?.close();
    } catch {
      // Closed by itself.
    }
    this.#watcher = undefined;
  }

  /** Waits for `ms`, a signal or `event`. */
  pause(ms: number, signals: (AbortSignal | undefined)[], event?: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        for (const signal of signals) signal?.removeEventListener("abort", done);
        resolve();
      };
      const cancel = this.clock.after(ms, done);
      for (const signal of signals) signal?.addEventListener("abort", done);
      if (signals.some((signal) => signal?.aborted)) done();
      event?.then(done);
    });
  }
}
