/** What changes around the node and nobody tells of: its addresses, and the wall clock when somebody sets it. */
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import { AddressWatcher, hostIPs, readAddresses } from "../node/mod.ts";
import type { Logger } from "../telemetry/log.ts";
import { ClockWatch } from "./clock_watch.ts";

export interface SurroundingsOptions {
  config: Pick<NodeConfig, "nodeIPs">;
  clock: Clock;
  log: Logger;
}

export class Surroundings {
  /** Called when the node has other addresses than before. */
  onAddresses = () => {};
  onClockSet = () => {};
  readonly #watcher: AddressWatcher;

  constructor({ config: { nodeIPs }, clock, log }: SurroundingsOptions) {
    const clockWatch = new ClockWatch(clock, (by) => {
      log.info("The clock was set", { bySeconds: Math.round(by / 1000) });
      this.onClockSet();
    });
    this.#watcher = new AddressWatcher({
      read: () => {
        clockWatch.look();
        return readAddresses({ nodeIPs });
      },
      onChange: (now) => {
        log.info("The node's addresses have changed", { addresses: now });
        this.onAddresses();
      },
      clock,
    });
  }

  /** All of the node's. */
  get addresses(): readonly string[] {
    return this.#watcher.addresses;
  }

  /** The node's addresses as its pods' statuses name them, primary first. */
  hostIPs(): string[] {
    return hostIPs(this.addresses);
  }

  start(): void {
    this.#watcher.start();
  }

  stop(): void {
    this.#watcher.stop();
  }
}
