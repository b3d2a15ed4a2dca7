/**
 * What a cgroup uses: CPU, memory, processes, I/O, in the same words for v1 and v2. Nothing is kept and nothing is read
 * ahead: each function reads the files of its aspect when it is called, one open and read a file, and gives undefined
 * where the cgroup or the controller is not there.
 *
 *     const before = cpuUsageNs(cgroups, "/kubepods");
 *     const { workingSetBytes } = memoryStats(cgroups, "/kubepods/burstable/pod1")!;
 *
 *     v1: cpuacct.*, cpu.stat, memory.*, pids.*, blkio.throttle.*     v2: cpu.stat, memory.*, pids.*, io.stat
 */
import type { CgroupFs } from "./cgroup_fs.ts";
import { defaultPeriodUs, sharesOfWeight } from "./cpu.ts";
import { digitsAt, flatValue, singleValue } from "./flat.ts";

/** The part of a `CgroupFs` that reading needs. */
export type CgroupReader = Pick<CgroupFs, "version" | "read">;

export interface CpuStats {
  /** CPU time of the cgroup and all below it, in nanoseconds. */
  usageNs: number;
  /** How it divides; undefined where that was not asked for. */
  userNs?: number;
  systemNs?: number;
  /** Periods of the CFS quota that went by, and those in which the cgroup had to stand still; 0 without a quota. */
  periods: number;
  throttledPeriods: number;
  throttledNs: number;
}

export interface MemoryStats {
  usageBytes: number;
  /** Usage without file pages that were not used lately: what kubelet judges by. */
  workingSetBytes: number;
  /** Anonymous memory. */
  rssBytes: number;
  cacheBytes: number;
  mappedFileBytes: number;
  activeFileBytes: number;
  inactiveFileBytes: number;
  swapBytes: number;
  pageFaults: number;
  majorPageFaults: number;
  /** What the kernel holds for the cgroup; v1 tells it in a file of its own (`kernelMemoryBytes()`). */
  kernelBytes?: number;
  /** v1: whether neither this cgroup nor one above it has a limit, which saves a look at `memory.limit_in_bytes`. */
  isUnlimited?: boolean;
}

/** What memory did at its limit. */
export interface MemoryLimitStats {
  /** Undefined: no limit. */
  limitBytes?: number;
  /** The most that was ever in use; undefined where the kernel does not keep it. */
  peakBytes?: number;
  /** How often the limit was hit. */
  failures: number;
  /** Processes killed for memory: with v2 in the whole tree, with v1 in this cgroup alone (`oomKills()` adds up). */
  oomKills: number;
}

export interface PidsStats {
  current: number;
  /** Undefined: no limit. */
  limit?: number;
}

/** What went through one block device. */
export interface IoStats {
  major: number;
  minor: number;
  readBytes: number;
  writeBytes: number;
  reads: number;
  writes: number;
}

/** What a cgroup may have of the CPU. */
export interface CpuLimits {
  /** In v1's words; on v2 the smallest shares that have the cgroup's weight. */
  shares: number;
  /** Undefined: no quota, and then the period means nothing. */
  quotaUs?: number;
  periodUs: number;
}

/** CPU time alone, in nanoseconds: one small file. */
export function cpuUsageNs(fs: CgroupReader, path: string): number | undefined {
  if (fs.version === 1) return singleValue(fs.read(path, "cpuacct.usage"));
  const text = fs.read(path, "cpu.stat");
  return text === undefined ? undefined : microseconds(text, "usage_usec");
}

/**
 * CPU time, how it divides, and how much of it a quota withheld. `throttling: false` saves v1 a file where there is no
 * quota, `division: false` another.
 */
export function cpuStats(
  fs: CgroupReader,
  path: string,
  { throttling = true, division = true } = {},
): CpuStats | undefined {
  const text = throttling || fs.version === 2 ? fs.read(path, "cpu.stat") ?? "" : "";
  if (fs.version === 2) {
    const usageNs = microseconds(text, "usage_usec");
    if (usageNs === undefined) return undefined;
    return {
      usageNs,
      userNs: microseconds(text, "user_usec") ?? 0,
      systemNs: microseconds(text, "system_usec") ?? 0,
      periods: flatValue(text, "nr_periods") ?? 0,
      throttledPeriods: flatValue(text, "nr_throttled") ?? 0,
      throttledNs: microseconds(text, "throttled_usec") ?? 0,
    };
  }
  const usageNs = singleValue(fs.read(path, "cpuacct.usage"));
  if (usageNs === undefined) return undefined;
  const ticks = division ? fs.read(path, "cpuacct.stat") ?? "" : undefined;
  return {
    usageNs,
    userNs: ticks === undefined ? undefined : (flatValue(ticks, "user") ?? 0) * tickNs,
    systemNs: ticks === undefined ? undefined : (flatValue(ticks, "system") ?? 0) * tickNs,
    periods: flatValue(text, "nr_periods") ?? 0,
    throttledPeriods: flatValue(text, "nr_throttled") ?? 0,
    throttledNs: flatValue(text, "throttled_time") ?? 0,
  };
}

/** USER_HZ is 100 on every architecture that Linux shows it to programs of. */
const tickNs = 10_000_000;

function microseconds(text: string, key: string): number | undefined {
  const us = flatValue(text, key);
  return us === undefined ? undefined : us * 1000;
}

export function cpuLimits(fs: CgroupReader, path: string): CpuLimits | undefined {
  if (fs.version === 1) {
    const shares = singleValue(fs.read(path, "cpu.shares"));
    if (shares === undefined) return undefined;
    const quotaUs = singleValue(fs.read(path, "cpu.cfs_quota_us"));
    if (quotaUs === undefined) return { shares, periodUs: defaultPeriodUs };
    return { shares, quotaUs, periodUs: singleValue(fs.read(path, "cpu.cfs_period_us")) ?? defaultPeriodUs };
  }
  const weight = singleValue(fs.read(path, "cpu.weight"));
  const max = fs.read(path, "cpu.max");
  if (weight === undefined || max === undefined) return undefined;
  return {
    shares: sharesOfWeight(weight),
    quotaUs: digitsAt(max, 0),
    periodUs: digitsAt(max, max.indexOf(" ") + 1) ?? 100_000,
  };
}

/** Names of the same things in memory.stat; v1's cover the cgroups below only with `total_`. */
const memoryKeys = {
  1: {
    rss: "total_rss",
    cache: "total_cache",
    mapped: "total_mapped_file",
    active: "total_active_file",
    inactive: "total_inactive_file",
    swap: "total_swap",
    faults: "total_pgfault",
    majorFaults: "total_pgmajfault",
  },
  2: {
    rss: "anon",
    cache: "file",
    mapped: "file_mapped",
    active: "active_file",
    inactive: "inactive_file",
    swap: "",
    faults: "pgfault",
    majorFaults: "pgmajfault",
  },
} as const;

/**
 * Memory in use. The root of a v2 tree has `memory.stat` but no usage of its own: give what the machine uses as
 * `rootUsage`.
 */
export function memoryStats(fs: CgroupReader, path: string, rootUsage?: number): MemoryStats | undefined {
  const usageBytes = singleValue(fs.read(path, fs.version === 1 ? "memory.usage_in_bytes" : "memory.current")) ??
    rootUsage;
  if (usageBytes === undefined) return undefined;
  const text = fs.read(path, "memory.stat") ?? "";
  const keys = memoryKeys[fs.version];
  const inactiveFileBytes = flatValue(text, keys.inactive) ?? 0;
  return {
    usageBytes,
    workingSetBytes: Math.max(0, usageBytes - inactiveFileBytes),
    rssBytes: flatValue(text, keys.rss) ?? 0,
    cacheBytes: flatValue(text, keys.cache) ?? 0,
    mappedFileBytes: flatValue(text, keys.mapped) ?? 0,
    activeFileBytes: flatValue(text, keys.active) ?? 0,
    inactiveFileBytes,
    swapBytes: fs.version === 1
      ? flatValue(text, keys.swap) ?? 0
      : singleValue(fs.read(path, "memory.swap.current")) ?? 0,
    pageFaults: flatValue(text, keys.faults) ?? 0,
    majorPageFaults: flatValue(text, keys.majorFaults) ?? 0,
    ...(fs.version === 1
      ? { isUnlimited: (flatValue(text, "hierarchical_memory_limit") ?? 0) >= noLimitV1 }
      : { kernelBytes: flatValue(text, "kernel") }),
  };
}

/** Working set alone: what `kubectl top` shows; two files. */
export function workingSetBytes(fs: CgroupReader, path: string): number | undefined {
  const usage = singleValue(fs.read(path, fs.version === 1 ? "memory.usage_in_bytes" : "memory.current"));
  if (usage === undefined) return undefined;
  const text = fs.read(path, "memory.stat") ?? "";
  return Math.max(0, usage - (flatValue(text, memoryKeys[fs.version].inactive) ?? 0));
}

/** Memory that the kernel holds for the cgroup, of which `memory` tells on v2. */
export function kernelMemoryBytes(fs: CgroupReader, path: string, memory?: MemoryStats): number | undefined {
  return fs.version === 1 ? singleValue(fs.read(path, "memory.kmem.usage_in_bytes")) : memory?.kernelBytes;
}

/** The hard limit alone; undefined: none. `memory`, where it is known already, may save the look. */
export function memoryLimitBytes(fs: CgroupReader, path: string, memory?: MemoryStats): number | undefined {
  if (memory?.isUnlimited) return undefined;
  const value = singleValue(fs.read(path, fs.version === 1 ? "memory.limit_in_bytes" : "memory.max"));
  return value === undefined || value >= noLimitV1 ? undefined : value;
}

/** v1 says "none" as the largest number of whole pages, which depends on the page size. */
const noLimitV1 = 2 ** 63 - 2 ** 17;

export function memoryLimitStats(fs: CgroupReader, path: string, memory?: MemoryStats): MemoryLimitStats | undefined {
  const v1 = fs.version === 1;
  const events = fs.read(path, v1 ? "memory.oom_control" : "memory.events");
  if (events === undefined) return undefined;
  const limitBytes = memoryLimitBytes(fs, path, memory);
  return {
    limitBytes,
    peakBytes: singleValue(fs.read(path, v1 ? "memory.max_usage_in_bytes" : "memory.peak")),
    // without a limit there is nothing to hit
    failures: (!v1 ? flatValue(events, "max") : limitBytes && singleValue(fs.read(path, "memory.failcnt"))) ?? 0,
    oomKills: flatValue(events, "oom_kill") ?? 0,
  };
}

/** How much swap the cgroup may have beyond its memory; undefined: no limit, or no account of swap. */
export function swapLimitBytes(fs: CgroupReader, path: string): number | undefined {
  if (fs.version === 2) return singleValue(fs.read(path, "memory.swap.max"));
  const both = singleValue(fs.read(path, "memory.memsw.limit_in_bytes"));
  if (both === undefined || both >= noLimitV1) return undefined;
  const memory = memoryLimitBytes(fs, path);
  return memory === undefined ? undefined : Math.max(0, both - memory);
}

/** Tasks: threads count, not only processes. */
export function taskCount(fs: CgroupReader, path: string): number | undefined {
  return singleValue(fs.read(path, "pids.current"));
}

/** Tasks, and how many there may be. */
export function pidsStats(fs: CgroupReader, path: string): PidsStats | undefined {
  const current = taskCount(fs, path);
  return current === undefined ? undefined : { current, limit: singleValue(fs.read(path, "pids.max")) };
}

/** One of the processes inside, not of those below; undefined when there is none. */
export function anyProcess(fs: CgroupReader, path: string): number | undefined {
  return singleValue(fs.read(path, "cgroup.procs"));
}

/** How many processes are inside, not counting those below: as many as there are `tasks`, where that is none or one. */
export function processCount(fs: CgroupReader, path: string, tasks?: number): number | undefined {
  if (tasks !== undefined && tasks <= 1) return tasks;
  const text = fs.read(path, "cgroup.procs");
  return text === undefined ? undefined : text === "" ? 0 : text.split("\n").length;
}

/** I/O by block device; empty when there was none yet, undefined without the controller. */
export function ioStats(fs: CgroupReader, path: string): IoStats[] | undefined {
  if (fs.version === 2) {
    const text = fs.read(path, "io.stat");
    return text === undefined ? undefined : parseIoStat(text);
  }
  const bytes = blkio(fs, path, "blkio.throttle.io_service_bytes");
  // most cgroups have done no I/O of their own
  if (bytes === undefined || bytes.startsWith("Total")) return bytes === undefined ? undefined : [];
  return parseBlkio(bytes, blkio(fs, path, "blkio.throttle.io_serviced") ?? "");
}

/** `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0` a line. */
export function parseIoStat(text: string): IoStats[] {
  const found: IoStats[] = [];
  for (const line of text.split("\n")) {
    const [device, ...pairs] = line.split(" ");
    const [major, minor] = device.split(":").map(Number);
    if (minor === undefined || pairs.length === 0) continue;
    const values = new Map(pairs.map((pair) => pair.split("=") as [string, string]));
    const value = (key: string) => Number(values.get(key) ?? 0);
    found.push({
      major,
      minor,
      readBytes: value("rbytes"),
      writeBytes: value("wbytes"),
      reads: value("rios"),
      writes: value("wios"),
    });
  }
  return found;
}

/** `8:0 Read 4096` a line in each of two files. */
export function parseBlkio(bytes: string, pieces: string): IoStats[] {
  const devices = new Map<string, IoStats>();
  const add = (text: string, read: "readBytes" | "reads", write: "writeBytes" | "writes") => {
    for (const line of text.split("\n")) {
      const [device, operation, amount] = line.split(" ");
      if (amount === undefined || operation !== "Read" && operation !== "Write") continue;
      let stats = devices.get(device);
      if (!stats) {
        const [major, minor] = device.split(":").map(Number);
        stats = { major, minor, readBytes: 0, writeBytes: 0, reads: 0, writes: 0 };
        devices.set(device, stats);
      }
      stats[operation === "Read" ? read : write] = Number(amount);
    }
  };
  add(bytes, "readBytes", "writeBytes");
  add(pieces, "reads", "writes");
  return [...devices.values()];
}

/** The file that counts the cgroups below too, where the kernel has it (4.18). */
function blkio(fs: CgroupReader, path: string, file: string): string | undefined {
  return fs.read(path, `${file}_recursive`) ?? fs.read(path, file);
}
