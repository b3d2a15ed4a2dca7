/** The cgroups above pods: detected, made, limited as enforceNodeAllocatable asks for, weighed by what pods request. */
import { applyBurstableRequests, type CgroupFs, detect, ensureKubepods, SystemdFs } from "../../cgroups/mod.ts";
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import { podsBudget } from "../node/mod.ts";
import type { Pod } from "../objects/mod.ts";
import { type Amounts, type CgroupPathOptions, kubepodsLimits, podRequests, qosClass } from "../resources/mod.ts";
import type { Logger } from "../telemetry/log.ts";

/**
 * The driver that the runtime says it has: pods' cgroups are named by both, so the runtime's wins over the configuration
 * (as with kubelet).
 */
export function withDriverOf(
  runtime: { cgroupDriver?: NodeConfig["cgroupDriver"] },
  config: NodeConfig,
  log: Logger,
): NodeConfig {
  const { cgroupDriver = config.cgroupDriver } = runtime;
  if (cgroupDriver === config.cgroupDriver) return config;
  if (config.cgroupDriverGiven) {
    log.warn("cgroupDriver is not the container runtime's, which is used instead", {
      configured: config.cgroupDriver,
      runtime: cgroupDriver,
    });
  }
  return { ...config, cgroupDriver };
}

/** How long to wait before a limit that lies below the present use is tried again. */
const heldRetryMs = 60_000;

export interface PodCgroups {
  fs: CgroupFs;
  paths: CgroupPathOptions;
  /** The kernel accounts swap: it can be limited. */
  accountsSwap: boolean;
  /** Weighs the burstable class by what these pods request together; writes only on change. */
  weigh(pods: Iterable<Pod>): void;
  stop(): void;
}

export async function podCgroups(
  config: NodeConfig,
  capacity: Amounts,
  log: Logger,
  clock: Clock,
): Promise<PodCgroups> {
  const found = detect();
  const { cgroupDriver: driver, cgroupRoot: root } = config;
  const fs = driver === "systemd" ? new SystemdFs(found) : found;
  const enforced = config.enforceNodeAllocatable.includes("pods");
  const limits = kubepodsLimits(enforced ? podsBudget(capacity, config.reservation) : capacity);
  let burstableMillis = 0;
  let cancel = () => {};
  const ensure = async () => {
    const { heldAtBytes, ...paths } = await ensureKubepods(fs, { driver, root, limits, burstableMillis });
    if (heldAtBytes !== undefined) {
      log.warn("Pods use more memory than they may together; their limit stays near the use until that falls", {
        heldAtBytes,
      });
      cancel = clock.after(
        heldRetryMs,
        () => void ensure().catch((err) => log.warn("Cannot limit pods' memory", { err })),
      );
    }
    return paths;
  };
  const places = await ensure();
  return {
    fs,
    paths: { driver, root },
    accountsSwap:
      fs.read(places.guaranteed, fs.version === 1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max") !== undefined,
    weigh(pods) {
      let millis = 0;
      for (const pod of pods) if (qosClass(pod) === "Burstable") millis += podRequests(pod).cpu ?? 0;
      if (millis === burstableMillis) return;
      burstableMillis = millis;
      applyBurstableRequests(fs, places, millis).catch((err) => log.warn("Cannot weigh burstable pods", { err }));
    },
    stop: () => cancel(),
  };
}
