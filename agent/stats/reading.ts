/** One cgroup at one moment, as the summary shows it. */
import {
  cgroupPressure,
  type CgroupReader,
  cpuUsageNs,
  memoryLimitBytes,
  type MemoryStats as CgroupMemory,
  memoryStats,
  type Pressure,
  swapLimitBytes,
} from "../../cgroups/mod.ts";

export interface Reading {
  /** Wall-clock milliseconds. */
  at: number;
  cpuNs?: number;
  memory?: CgroupMemory;
  /** Undefined: no limit. */
  limitBytes?: number;
  swapLimitBytes?: number;
  pressure?: Pressures;
}

export interface Pressures {
  cpu?: Pressure;
  memory?: Pressure;
  io?: Pressure;
}

/** Undefined when the cgroup is gone. */
export function readCgroup(cgroups: CgroupReader, path: string, at: number): Reading | undefined {
  const cpuNs = cpuUsageNs(cgroups, path);
  const memory = memoryStats(cgroups, path);
  if (cpuNs === undefined && memory === undefined) return undefined;
  const reading: Reading = { at, cpuNs, memory, limitBytes: memoryLimitBytes(cgroups, path) };
  if (memory && memory.swapBytes > 0) reading.swapLimitBytes = swapLimitBytes(cgroups, path);
  const cpu = cgroupPressure(cgroups, path, "cpu");
  if (cpu) {
    reading.pressure = {
      cpu,
      memory: cgroupPressure(cgroups, path, "memory"),
      io: cgroupPressure(cgroups, path, "io"),
    };
  }
  return reading;
}
