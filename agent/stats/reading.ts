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

/** CPU, memory and swap alone; undefined when the cgroup is gone. */
export function readUsage(cgroups: CgroupReader, path: string, at: number): Reading | undefined {
  const cpuNs = cpuUsageNs(cgroups, path);
  const memory = memoryStats(cgroups, path);
  if (cpuNs === undefined && memory === undefined) return undefined;
  return { at, cpuNs, memory, ...(memory?.swapBytes ? { swapLimitBytes: swapLimitBytes(cgroups, path) } : {}) };
}

/** With limits and pressure; undefined when the cgroup is gone. */
export function readCgroup(cgroups: CgroupReader, path: string, at: number): Reading | undefined {
  const reading = readUsage(cgroups, path, at);
  if (!reading) return undefined;
  const { memory } = reading;
  reading.limitBytes = memoryLimitBytes(cgroups, path, memory);
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
