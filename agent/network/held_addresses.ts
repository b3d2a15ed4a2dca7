/**
 * The service addresses that the node itself answers on: the API's, which clients know by port 443, and cluster DNS's. They
 * are held before anything listens on them, and stay while islet is down: running pods keep them in their environment.
 */
import type { NftRunner } from "../../net/nft/mod.ts";
import { holdAddresses, type OwnAddress, releaseAddresses } from "../../net/own_address.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../telemetry/log.ts";

export interface HeldAddressesOptions {
  addresses: readonly OwnAddress[];
  /** Addresses of pods, who alone may come from elsewhere than the node; empty: unknown. */
  podCIDRs?: readonly string[];
  nft: NftRunner;
  clock: Clock;
  log: Logger;
  /** How addresses are held; for tests. */
  hold?: typeof holdAddresses;
  release?: typeof releaseAddresses;
}

const firstRetryMs = 1000;
const lastRetryMs = 30_000;

export class HeldAddresses {
  /** Resolves when they are held; never where that fails for good. */
  readonly held: Promise<void>;
  readonly #options: HeldAddressesOptions;
  readonly #resolve: () => void;
  #cancel = () => {};
  #stopped = false;

  constructor(options: HeldAddressesOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.held = promise;
    this.#resolve = resolve;
  }

  /** Holds these, and lets go of others that an earlier configuration had. What fails is told and tried again. */
  async start(retryMs = firstRetryMs): Promise<void> {
    const { addresses, podCIDRs, nft, clock, log, hold = holdAddresses, release = releaseAddresses } = this.#options;
    try {
      await (addresses.length === 0 ? release(nft) : hold(nft, addresses, podCIDRs));
      this.#resolve();
    } catch (err) {
      if (this.#stopped) return;
      // a machine without nft, where nothing is to be held, holds nothing
      if (addresses.length === 0) return log.debug("Cannot let go of service addresses", { err });
      log.error("Cannot make the API and DNS reachable from pods; it is tried again", { err });
      this.#cancel = clock.after(retryMs, () => void this.start(Math.min(lastRetryMs, retryMs * 2)));
    }
  }

  /** The addresses stay. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }
}
