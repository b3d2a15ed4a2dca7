/** What this node gives to every pod, from its configuration and the machine's facts. */
import { join } from "node:path";
import type { NodeConfig } from "../config/mod.ts";
import type { NodeFacts } from "../node/mod.ts";
import type { NodeSettings } from "../pods/messages.ts";
import { userNamespace } from "../pods/user_namespaces.ts";
import type { PodCgroups } from "./kubepods.ts";

/** The settings that follow from configuration and machine alone; the rest changes while the node runs. */
export function nodeSettings(
  config: NodeConfig,
  facts: NodeFacts,
  kubepods: Pick<PodCgroups, "fs" | "paths" | "accountsSwap">,
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
