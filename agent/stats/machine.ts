/**
 * What the whole machine uses: the root cgroup where it tells, /proc where it does not (a v2 root has no memory usage of
 * its own), and how many processes there are.
 */
import { type CgroupReader, cpuUsageNs, type MemoryStats, memoryStats } from "../../cgroups/mod.ts";
import type { ReadText } from "./network.ts";

export interface MachineUsage {
  cpuNs?: number;
  memory?: MemoryStats;
  /** All memory of the machine. */
  memoryBytes: number;
  swapBytes: number;
  swapUsedBytes: number;
  maxPid?: number;
  /** Processes and threads. */
  tasks?: number;
}

export function machineUsage(cgroups: CgroupReader, read: ReadText): MachineUsage {
  const meminfo = readMeminfo(read("/proc/meminfo") ?? "");
  const free = meminfo("MemFree") ?? 0, memoryBytes = meminfo("MemTotal") ?? 0;
  const swapBytes = meminfo("SwapTotal") ?? 0, swapUsedBytes = swapBytes - (meminfo("SwapFree") ?? 0);
  const told = cgroups.read("/", "memory.stat") !== undefined;
  const memory = told && memoryStats(cgroups, "/", memoryBytes - free) || meminfoStats(meminfo);
  // numbers run out, or room for threads does
  const limits = ["pid_max", "threads-max"].map((file) => Number(read(`/proc/sys/kernel/${file}`) ?? NaN));
  const maxPid = Math.min(...limits.filter((limit) => limit > 0));
  const tasks = Number(/^\S+ \S+ \S+ \d+\/(\d+)/.exec(read("/proc/loadavg") ?? "")?.[1] ?? NaN);
  return {
    cpuNs: machineCpuNs(cgroups, read),
    memory: { ...memory, swapBytes: swapUsedBytes },
    memoryBytes,
    swapBytes,
    swapUsedBytes,
    ...(maxPid < Infinity ? { maxPid } : {}),
    ...(tasks > 0 ? { tasks } : {}),
  };
}

/** CPU time of everything; what an idle CPU did, or waited for, is none. */
export function machineCpuNs(cgroups: CgroupReader, read: ReadText): number | undefined {
  const own = cpuUsageNs(cgroups, "/");
  if (own !== undefined) return own;
  const line = /^cpu +(.*)$/m.exec(read("/proc/stat") ?? "");
  if (!line) return undefined;
  const [user, nice, system, , , irq = 0, softirq = 0] = line[1].split(" ").map(Number);
  // in hundredths of a second
  return (user + nice + system + irq + softirq) * 10_000_000;
}

/** `MemTotal:  123 kB` → bytes. */
export function readMeminfo(text: string): (key: string) => number | undefined {
  const values = new Map<string, number>();
  for (const [, key, kib] of text.matchAll(/^(\S+):\s+(\d+) kB$/gm)) values.set(key, Number(kib) * 1024);
  return (key) => values.get(key);
}

/** The same from /proc/meminfo alone, where no memory controller can be read. */
function meminfoStats(meminfo: (key: string) => number | undefined): MemoryStats {
  const value = (key: string) => meminfo(key) ?? 0;
  const usageBytes = value("MemTotal") - value("MemFree");
  return {
    usageBytes,
    workingSetBytes: Math.max(0, usageBytes - value("Inactive(file)")),
    rssBytes: value("AnonPages"),
    cacheBytes: value("Cached"),
    mappedFileBytes: value("Mapped"),
    activeFileBytes: value("Active(file)"),
    inactiveFileBytes: value("Inactive(file)"),
    swapBytes: value("SwapTotal") - value("SwapFree"),
    pageFaults: 0,
    majorPageFaults: 0,
  };
}
