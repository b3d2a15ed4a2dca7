/** Readings → the words of kubelet's Summary API. Pure. */
import type { Pressure } from "../../cgroups/mod.ts";
import { timestamp } from "../clock.ts";
import type { FilesystemUsage } from "./filesystems.ts";
import { type InterfaceUsage, mainInterface } from "./network.ts";
import type { Reading } from "./reading.ts";
import type {
  ContainerStats,
  CpuStats,
  FsStats,
  InterfaceStats,
  IoStats,
  MemoryStats,
  NetworkStats,
  PsiStats,
  SwapStats,
} from "./summary_types.ts";

/** The parts that nodes, pods and containers have in common. */
export function usageStats(
  reading: Reading,
  nanoCores: number | undefined,
): { cpu?: CpuStats; memory?: MemoryStats; swap?: SwapStats; io?: IoStats } {
  const { at, cpuNs, memory, limitBytes, swapLimitBytes, pressure } = reading;
  const time = timestamp(at);
  const psi = (which: keyof NonNullable<Reading["pressure"]>) => {
    const found = pressure?.[which];
    return found ? { psi: psiStats(found) } : {};
  };
  return {
    ...(cpuNs === undefined ? {} : {
      cpu: {
        time,
        ...(nanoCores === undefined ? {} : { usageNanoCores: Math.round(nanoCores) }),
        usageCoreNanoSeconds: cpuNs,
        ...psi("cpu"),
      },
    }),
    ...(memory === undefined ? {} : {
      memory: {
        time,
        ...(limitBytes === undefined ? {} : { availableBytes: Math.max(0, limitBytes - memory.workingSetBytes) }),
        usageBytes: memory.usageBytes,
        workingSetBytes: memory.workingSetBytes,
        rssBytes: memory.rssBytes,
        pageFaults: memory.pageFaults,
        majorPageFaults: memory.majorPageFaults,
        ...psi("memory"),
      },
      swap: {
        time,
        ...(swapLimitBytes === undefined ? {} : { swapAvailableBytes: Math.max(0, swapLimitBytes - memory.swapBytes) }),
        swapUsageBytes: memory.swapBytes,
      },
    }),
    ...(pressure?.io ? { io: { time, psi: psiStats(pressure.io) } } : {}),
  };
}

function psiStats({ some, full }: Pressure): PsiStats {
  const data = ({ totalUs, avg10, avg60, avg300 }: Pressure["some"]) => ({
    total: totalUs * 1000,
    avg10,
    avg60,
    avg300,
  });
  return { full: full ? data(full) : { total: 0, avg10: 0, avg60: 0, avg300: 0 }, some: data(some) };
}

export function networkStats(interfaces: readonly InterfaceUsage[] | undefined, at: number): NetworkStats | undefined {
  const main = interfaces && mainInterface(interfaces);
  return main && { time: timestamp(at), ...interfaceStats(main), interfaces: interfaces.map(interfaceStats) };
}

function interfaceStats({ name, rxBytes, rxErrors, txBytes, txErrors }: InterfaceUsage): InterfaceStats {
  return { name, rxBytes, rxErrors, txBytes, txErrors };
}

/** A whole file system, or, with `part`, what something holds of it. */
export function fsStats(
  fs: FilesystemUsage | undefined,
  at: number,
  part?: { bytes?: number; inodes?: number },
): FsStats {
  return {
    time: timestamp(at),
    ...(fs ? { availableBytes: fs.availableBytes, capacityBytes: fs.capacityBytes } : {}),
    ...defined("usedBytes", part ? part.bytes : fs?.usedBytes),
    ...(fs ? { inodesFree: fs.inodesFree, inodes: fs.inodes } : {}),
    ...defined("inodesUsed", part ? part.inodes : fs && fs.inodes - fs.inodesFree),
  };
}

function defined(key: "usedBytes" | "inodesUsed", value: number | undefined): Partial<FsStats> {
  return value === undefined ? {} : { [key]: value };
}

/** What a pod holds of the node's disk: writable layers, logs and volumes of its own, as far as they are known. */
export function ephemeralStorage(
  containers: readonly ContainerStats[],
  volumes: readonly FsStats[],
  nodeFs: FilesystemUsage | undefined,
  at: number,
): FsStats {
  const parts = [...containers.flatMap(({ rootfs, logs }) => [rootfs, logs]), ...volumes].filter((part) =>
    part !== undefined
  );
  const sum = (key: "usedBytes" | "inodesUsed") => parts.reduce((total, part) => total + (part[key] ?? 0), 0);
  return fsStats(nodeFs, at, { bytes: sum("usedBytes"), inodes: sum("inodesUsed") });
}
