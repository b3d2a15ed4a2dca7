/** The cgroups above pods: detected, made, limited as enforceNodeAllocatable asks for. */
import { type CgroupFs, detect, ensureKubepods, SystemdFs } from "../../cgroups/mod.ts";
import type { NodeConfig } from "../config/mod.ts";
import { podsBudget } from "../node/mod.ts";
import { type Amounts, type CgroupPathOptions, kubepodsLimits } from "../resources/mod.ts";
import type { Logger } from "../telemetry/log.ts";

export interface PodCgroups {
  fs: CgroupFs;
  paths: CgroupPathOptions;
}

export async function podCgroups(config: NodeConfig, capacity: Amounts, log: Logger): Promise<PodCgroups> {
  const found = detect();
  const driver = config.cgroupDriver;
  const fs = driver === "systemd" ? new SystemdFs(found) : found;
  const { cpu, ...budget } = podsBudget(capacity, config.reservation);
  const enforced = config.enforceNodeAllocatable.includes("pods");
  const limits = kubepodsLimits({ cpu, ...(enforced ? budget : {}) });
  const { heldAtBytes } = await ensureKubepods(fs, { driver, root: config.cgroupRoot, limits });
  if (heldAtBytes !== undefined) {
    log.warn("Pods use more memory than they may; their limit stays at the use for now", { heldAtBytes });
  }
  return { fs, paths: { driver, root: config.cgroupRoot } };
}
