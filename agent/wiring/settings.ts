/** What this node gives to every pod, from its configuration and the machine's facts. */
import { join } from "node:path";
import { kernelFiles } from "../../cgroups/mod.ts";
import type { NodeConfig } from "../config/mod.ts";
import type { NodeFacts } from "../node/mod.ts";
import type { Container, Pod } from "../objects/mod.ts";
import type { NodeSettings } from "../pods/execute/messages.ts";
import { userNamespace } from "../pods/execute/user_namespaces.ts";
import type { PodLimitOptions } from "../resources/mod.ts";
import type { PodCpus } from "./cpus.ts";
import type { PodCgroups } from "./kubepods.ts";

/** The settings that follow from configuration and machine alone; the rest changes while the node runs. */
export function nodeSettings(
  config: NodeConfig,
  facts: NodeFacts,
  kubepods: Pick<PodCgroups, "fs" | "paths" | "accountsSwap">,
  cpus: PodCpus | undefined,
  given: Pick<NodeSettings, "owner" | "hostIPs" | "allocatable" | "serviceEnv">,
): NodeSettings {
  const { rootDir, nodeName, podLogsDir } = config;
  return {
    nodeName,
    podLogsDir,
    cgroupPaths: kubepods.paths,
    resolvConf: config.resolvConf,
    clusterDNS: config.clusterDNS,
    clusterDomain: config.clusterDomain,
    limits: {
      cpuQuota: config.cpuCFSQuota,
      cpuPeriodUs: config.cpuCFSQuotaPeriodUs,
      memoryCapacity: facts.capacity.memory,
      hugePageSizes: hugePageSizes(),
      // one process, or all of the container: cgroup v1 knows only the first
      oomGroup: kubepods.fs.version === 2 && !config.singleProcessOOMKill,
      ...(config.memoryQos && kubepods.fs.version === 2
        ? {
          memoryQos: {
            ...config.memoryQos,
            pageSize: kernelFiles.pageSize,
            nodeAllocatable: given.allocatable().memory,
          },
        }
        : {}),
      ...(cpus ? { cpus: (pod: Pod, container: Container) => cpus.of(pod, container) } : {}),
      // where the kernel keeps no account of swap, a limit on it would be refused
      ...(kubepods.accountsSwap
        ? {
          swap: {
            cgroupVersion: kubepods.fs.version,
            behavior: config.swapBehavior,
            swapCapacity: facts.swapBytes,
          },
        }
        : {}),
    },
    security: {
      seccompRoot: join(rootDir, "seccomp"),
      seccompDefault: config.seccompDefault,
      appArmor: facts.appArmor,
    },
    userNamespace: (uid) => userNamespace(uid, { podsDir: join(rootDir, "pods") }),
    ...given,
  };
}

/** How pods' cgroups are limited. */
export function podLimits(
  config: NodeConfig,
  { reserveMemory }: Pick<PodCgroups, "reserveMemory">,
  cpus: PodCpus | undefined,
): PodLimitOptions {
  return {
    cpuQuota: config.cpuCFSQuota,
    cpuPeriodUs: config.cpuCFSQuotaPeriodUs,
    podPidsLimit: config.podPidsLimit,
    reserveMemory,
    ioWeight: config.ioWeight.Guaranteed,
    ...(cpus ? { ownCpus: (pod: Pod) => cpus.has(pod) } : {}),
  };
}

/** Huge page sizes of this kernel as cgroup files name them: `2MB`, `1GB`. */
function hugePageSizes(): string[] {
  try {
    return [...Deno.readDirSync("/sys/kernel/mm/hugepages")]
      .map(({ name }) => Number(/^hugepages-(\d+)kB$/.exec(name)?.[1]))
      .filter((kib) => kib > 0)
      .map((kib) => kib >= 1048576 ? `${kib / 1048576}GB` : kib >= 1024 ? `${kib / 1024}MB` : `${kib}KB`);
  } catch {
    return [];
  }
}
