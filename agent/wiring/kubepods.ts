/** The cgroups above pods: detected, made, limited as enforceNodeAllocatable asks for, weighed by what pods request. */
import { type CgroupFs, type CgroupLimits, detect, ensureKubepods, SystemdFs } from "../../cgroups/mod.ts";
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import { podsBudget } from "../node/mod.ts";
import { deepEqual, type Pod } from "../objects/mod.ts";
import { type Amounts, type CgroupPathOptions, kubepodsLimits, qosCgroupLimits } from "../resources/mod.ts";
import type { Logger } from "../telemetry/log.ts";
import { limitReserved, reservedCgroups } from "./reserved_cgroups.ts";

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

/** What the kernel gives to a cgroup on v2. */
const defaultIoWeight = 100;

/** How long to wait before a limit that lies below the present use is tried again. */
const heldRetryMs = 60_000;

export interface PodCgroups {
  fs: CgroupFs;
  paths: CgroupPathOptions;
  /** The kernel accounts swap: it can be limited. */
  accountsSwap: boolean;
  /** Whether what pods request is kept from reclaim; undefined where the kernel cannot (cgroup v1). */
  reserveMemory?: boolean;
  /** Weighs the classes by what these pods request together; writes only on change. */
  weigh(pods: Iterable<Pod>): void;
  /** Resolves when all is written. */
  settled(): Promise<void>;
  stop(): void;
}

type Wish =
  & Parameters<typeof reservedCgroups>[0]
  & Pick<NodeConfig, "cgroupDriver" | "cgroupRoot" | "ioWeight" | "memoryQos">;

/** Makes or adopts them. */
export async function podCgroups(
  config: Wish,
  capacity: Amounts,
  log: Logger,
  clock: Clock,
  found = detect(),
): Promise<PodCgroups> {
  const { cgroupDriver: driver, cgroupRoot: root, ioWeight } = config;
  const fs = driver === "systemd" ? new SystemdFs(found) : found;
  const reserveMemory = reservesMemory(config, fs, log);
  const enforced = config.enforceNodeAllocatable.includes("pods");
  const whole = kubepodsLimits(enforced ? podsBudget(capacity, config.reservation) : capacity);
  let classes = qosCgroupLimits([], reserveMemory);
  // what an earlier configuration wished for does not stay; v2 has one default for all kernels
  const io = (weight = fs.version === 2 ? defaultIoWeight : undefined): CgroupLimits =>
    weight === undefined ? {} : { ioWeight: weight };
  let cancel = () => {};
  let turn = Promise.resolve();
  const ensure = async () => {
    const { heldAtBytes, ...paths } = await ensureKubepods(fs, {
      driver,
      root,
      limits: { ...whole, ...classes.Guaranteed },
      burstable: { ...classes.Burstable, ...io(ioWeight.Burstable) },
      bestEffort: io(ioWeight.BestEffort),
    });
    const reserved = await limitReserved(fs, reservedCgroups(config));
    if (heldAtBytes !== undefined) {
      log.warn("Pods use more memory than they may together; their limit stays near the use until that falls", {
        heldAtBytes,
      });
    }
    for (const { path, enforcement } of reserved) {
      log.warn("System daemons use more memory than is reserved for them; their limit stays near the use", {
        enforcement,
        cgroup: path,
      });
    }
    if (heldAtBytes !== undefined || reserved.length > 0) {
      cancel = clock.after(
        heldRetryMs,
        () => void ensure().catch((err) => log.warn("Cannot limit pods' memory", { err })),
      );
    }
    return paths;
  };
  const places = await ensure();
  if (Object.keys(ioWeight).length > 0 && !dividesDisk(fs, places.burstable)) {
    log.warn("ioWeight has no effect: no disk of this machine is divided by weight (BFQ or io.cost does that)");
  }
  return {
    fs,
    paths: { driver, root },
    accountsSwap:
      fs.read(places.guaranteed, fs.version === 1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max") !== undefined,
    reserveMemory,
    weigh(pods) {
      const now = qosCgroupLimits(pods, reserveMemory);
      if (deepEqual(now, classes)) return;
      const { Guaranteed, Burstable } = classes = now;
      turn = turn.then(async () => {
        // what protects pods below counts only as far as it is given above
        await fs.apply(places.guaranteed, Guaranteed);
        await fs.apply(places.burstable, Burstable);
      }).catch((err) => log.warn("Cannot weigh the classes of pods", { err }));
    },
    settled: () => turn,
    stop: () => cancel(),
  };
}

function reservesMemory(
  { memoryQos }: Pick<NodeConfig, "memoryQos">,
  { version }: CgroupFs,
  log: Logger,
): boolean | undefined {
  if (version === 2) return memoryQos?.reserve ?? false;
  if (memoryQos) log.warn("The feature gate MemoryQoS has no effect: it needs cgroup v2");
  return undefined;
}

/** Whether something heeds weights; io.cost has its file also where it is switched off for all disks, as it is by default. */
function dividesDisk(fs: CgroupFs, path: string): boolean {
  const files = fs.version === 1 ? ["blkio.weight", "blkio.bfq.weight"] : ["io.bfq.weight"];
  if (files.some((file) => fs.read(path, file) !== undefined)) return true;
  if (fs.version === 1 || fs.read(path, "io.weight") === undefined) return false;
  return /\benable=1\b/.test(fs.read("/", "io.cost.qos") ?? "");
}
