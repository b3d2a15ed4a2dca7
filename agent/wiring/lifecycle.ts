/** The order of a life: parts start one after another and stop the other way round, whatever becomes of any of them. */
import type { Logger } from "../telemetry/log.ts";

/** What has a beginning and an end. */
export interface Part {
  start(): unknown;
  stop(): unknown;
}

export class Lifecycle {
  readonly #log: Logger;
  #ends: (() => unknown)[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Starts these in this order. Each is stopped at the end, even if its start fails. */
  async start(...parts: Part[]): Promise<void> {
    for (const part of parts) {
      this.atEnd(() => part.stop());
      await part.start();
    }
  }

  /** What is done at the end, before everything that was there earlier. */
  atEnd(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** Stops everything, once. */
  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) {
      try {
        await end();
      } catch (err) {
        this.#log.warn("Cannot stop a part of the agent", { err });
      }
    }
  }
}
