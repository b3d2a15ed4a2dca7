/** The pods' network: somebody else's CNI configuration where there is one, ours where there is none. */
import { join } from "node:path";
import {
  bridgeOf,
  chooseCniConfDir,
  cniFiles,
  filterBridges,
  freeLeases,
  hasMasqueradeTables,
  restoreHostPorts,
  writeDefaultCni,
} from "../../net/cni/mod.ts";
import { findCniBinDir } from "../runtime/containerd/mod.ts";
import type { Ground } from "./ground.ts";

export interface PodNetworkSetup {
  /** The directory that the managed runtime reads CNI configurations from. */
  confDir: string;
  isOurs: boolean;
  /** Frees addresses of our network that no sandbox among the living has; those of the last minute may be on their way to one. */
  freeAddresses(live: ReadonlySet<string>, now: number): Promise<void>;
  /** Whether its rules are all there. */
  verify(): Promise<boolean>;
  /** Puts back what somebody has taken away (`nft flush ruleset`): the network's own rules and those of hostPorts. */
  restore(): Promise<void>;
}

/** Younger leases may be those of a sandbox that the runtime does not list yet. */
const leaseAgeMs = 60_000;

/** Only a managed runtime gets a network from us: an external one has its own configuration. */
export async function podNetwork(
  { config, nft, log }: Pick<Ground, "config" | "nft" | "log">,
): Promise<PodNetworkSetup> {
  const confDir = chooseCniConfDir(join(config.rootDir, "cni/net.d"));
  if (config.serviceProxy) await passBridges(confDir, log);
  const others: PodNetworkSetup = {
    confDir,
    isOurs: false,
    freeAddresses: () => Promise.resolve(),
    verify: () => Promise.resolve(true),
    restore: async () => void (config.serviceProxy && await passBridges(confDir, log)),
  };
  if (config.runtime.mode !== "managed") return others;
  const leaseDir = join(config.runDir, "cni");
  const { podCIDRs } = config;
  const verify = () => hasMasqueradeTables(nft, podCIDRs);
  const wereThere = await verify();
  const setup = await writeDefaultCni(nft, { confDir, leaseDir, podCIDRs });
  log.info("Pod network", { confDir, ours: setup.ours, ...(setup.ours ? { changes: setup.changes } : {}) });
  if (!setup.ours) return others;
  const freeAddresses = async (live: ReadonlySet<string>, now: number) => {
    const freed = await freeLeases(leaseDir, live, now - leaseAgeMs);
    if (freed.length > 0) log.info("Freed addresses of sandboxes that are gone", { count: freed.length });
  };
  const hostPorts = async () => {
    const binDir = findCniBinDir();
    if (binDir === undefined) return {};
    const { count, problems } = await restoreHostPorts({ leaseDir, binDir });
    for (const problem of problems) log.warn(problem);
    return count > 0 ? { podsWithHostPorts: count } : {};
  };
  const restore = async () => {
    await writeDefaultCni(nft, { confDir, leaseDir, podCIDRs });
    log.info("The pod network is set up again", await hostPorts());
  };
  // they may have been taken away while nobody looked; after a boot there are no sandboxes yet
  if (!wereThere) hostPorts().catch((err) => log.warn("Cannot set the rules of hostPorts", { err }));
  return { confDir, isOurs: true, freeAddresses, verify, restore };
}

/** Where somebody's network puts pods on a bridge, Services need what passes it to meet the rules. */
async function passBridges(confDir: string, log: Ground["log"]): Promise<void> {
  const bridge = bridgeOf(confDir, cniFiles(confDir));
  if (!bridge) return;
  const { file } = bridge;
  try {
    const changes = await filterBridges();
    if (changes.length > 0) log.info("Packets between pods on a bridge pass the rules of Services", { file, changes });
  } catch (err) {
    log.warn("Pods on one bridge cannot reach each other by Services: load br_netfilter", { file, err });
  }
  if (!bridge.hairpin) log.warn("A pod cannot reach itself by its Service: the bridge has no hairpinMode", { file });
}
