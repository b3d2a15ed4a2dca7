/** What every part stands on: the node's directories, its identity, the stores, the events, the clock and the log. */
import { join } from "node:path";
import { type NftRunner, openNft } from "../../net/nft/mod.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import { MemoryStore, Store } from "../store/mod.ts";
import { EventRing } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";
import { ownerId, privateDirectory } from "./directories.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { claimNetwork } from "./network_claim.ts";

export interface Ground {
  config: NodeConfig;
  store: Store;
  /** What is not worth a write to the disk. */
  memory: MemoryStore;
  events: EventRing;
  /** The installation's id, on everything that it makes. */
  owner: string;
  /** The road to nftables, one for all who have rules there. */
  nft: NftRunner;
  clock: Clock;
  log: Logger;
}

/** Opens the store and takes the network; `life` lets go of them. */
export function layGround(config: NodeConfig, log: Logger, life: Lifecycle): Ground {
  const { rootDir, runDir, nodeName } = config;
  const clock = systemClock;
  privateDirectory(rootDir);
  privateDirectory(runDir);
  const store = Store.open(join(rootDir, "state.db"), { log, clock });
  life.atEnd(() => store.close());
  const claim = claimNetwork(rootDir);
  life.atEnd(() => claim.close());
  if (store.rebuilt) log.warn("The store began empty", { reason: store.rebuilt });
  const owner = ownerId(rootDir, store.record("node", "owner"));
  store.setRecord("node", "owner", owner);
  const events = new EventRing({ nodeName, clock, nextVersion: () => store.nextVersion() });
  const nft = openNft();
  life.atEnd(() => nft.close());
  return { config, store, memory: new MemoryStore({ log, clock, versions: store }), events, owner, nft, clock, log };
}
