/**
 * What controllers of stored objects have in common: from start to stop, changes that matter wake rounds.
 *
 *     store events ─► matters ─► Rounds ─► round
 */
import type { Clock } from "../clock.ts";
import { Rounds } from "../rounds.ts";
import type { StoreEvent } from "../store/mod.ts";
import type { Logger } from "../telemetry/log.ts";

export interface ControllerOptions {
  /** As the log calls it: `scheduler`. */
  name: string;
  /** Whose changes it hears of. */
  stores: readonly { watch(listener: (event: StoreEvent) => void): () => void }[];
  clock: Clock;
  log: Logger;
}

export abstract class Controller {
  readonly #stores: ControllerOptions["stores"];
  readonly #rounds: Rounds;
  #unwatch: (() => void)[] = [];

  constructor({ name, stores, clock, log }: ControllerOptions) {
    this.#stores = stores;
    this.#rounds = new Rounds({ name, round: () => this.round(), clock, log });
  }

  /** Whether a change calls for a round. */
  protected abstract matters(event: StoreEvent): boolean;

  /** Looks at everything and acts; returns the monotonic ms at which the next is due although nothing happened. */
  protected abstract round(): Promise<number | void> | number | void;

  /** The first round comes at once. */
  start(): void | Promise<void> {
    this.#unwatch = this.#stores.map((store) =>
      store.watch((event) => {
        if (this.matters(event)) this.#rounds.wake();
      })
    );
    this.#rounds.wake();
  }

  /** Something else may have changed. */
  wake(): void {
    this.#rounds.wake();
  }

  /** Resolves when nothing is left to do that is known of now. */
  idle(): Promise<void> {
    return this.#rounds.idle();
  }

  /** A round that is under way is finished. */
  async stop(): Promise<void> {
    for (const end of this.#unwatch) end();
    await this.#rounds.stop();
  }
}
