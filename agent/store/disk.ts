/**
 * The journal, and what becomes of it: a file that is found damaged is set aside and written anew from memory, one that cannot be
 * written is tried again later, less and less often.
 */
import type { Clock } from "../clock.ts";
import type { Logger } from "../telemetry/log.ts";
import { classify, StoreError } from "./errors.ts";
import type { Change, Journal } from "./journal.ts";
import { reopenJournal, replaceJournal } from "./open.ts";

/** Longest pause between two attempts to write to a disk that refuses. */
const maxRetryMs = 30_000;

export interface DiskOptions {
  file: string;
  journal: Journal | undefined;
  log: Logger;
  clock: Clock;
  /** Wraps every journal that is opened: where tests put faults. */
  wrap: (journal: Journal) => Journal;
  /** All of memory, for a file that is written anew. */
  everything: () => Iterable<Change>;
}

export class Disk {
  readonly #options: DiskOptions;
  #journal?: Journal;
  #problem?: StoreError;
  #retryMs = 0;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#journal = options.journal && options.wrap(options.journal);
    if (!this.#journal) this.#problem = new StoreError("readOnly", `Cannot write the store ${options.file}`);
  }

  /** Why nothing can be written at present; undefined while all is well. */
  get problem(): StoreError | undefined {
    return this.#problem;
  }

  /** How long to wait before the next attempt; 0 while all is well. */
  get retryMs(): number {
    return this.#retryMs;
  }

  /** One transaction, mending the file when it is found damaged. Returns why it could not. */
  write(changes: () => Iterable<Change>, durable: boolean): StoreError | undefined {
    const { file, log, clock, wrap } = this.#options;
    const now = clock.now();
    let err: unknown;
    try {
      this.#journal ??= wrap(reopenJournal(file));
      this.#journal.write(changes(), { durable, now });
    } catch (first) {
      err = first;
      if (classify(first) === "corrupt") {
        try {
          this.#replace(first).write(changes(), { durable, now });
          err = undefined;
        } catch (second) {
          err = second;
        }
      }
    }
    if (err !== undefined) return this.#refused(err);
    if (this.#problem) log.info("The store can be written again", { file });
    this.#problem = undefined;
    this.#retryMs = 0;
  }

  close(): void {
    this.#journal?.close();
    this.#journal = undefined;
  }

  #refused(cause: unknown): StoreError {
    const { file, log } = this.#options;
    const code = classify(cause) ?? "io";
    const failure = new StoreError(code, `Cannot write the store ${file}`, { cause });
    if (this.#problem?.code !== code) {
      log.error("The store cannot be written; pods run on, statuses wait in memory", { err: failure });
    }
    this.#problem = failure;
    this.#retryMs = Math.min(maxRetryMs, Math.max(1000, this.#retryMs * 2));
    return failure;
  }

  /** Puts a fresh file in the place of a damaged one and writes all of memory into it. */
  #replace(err: unknown): Journal {
    const { file, log, clock, wrap, everything } = this.#options;
    this.close();
    const { journal, aside } = replaceJournal(file);
    this.#journal = wrap(journal);
    log.error("The store was found damaged; it was set aside and written anew from memory", { aside, err });
    this.#journal.write(everything(), { durable: true, now: clock.now() });
    return this.#journal;
  }
}
