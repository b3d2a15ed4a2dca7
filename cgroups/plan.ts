/**
 * Limits + what the files say now → the writes that are left to do. Pure: `current` is what was read, the answer is
 * data. No write is planned where the value is already so, since every write to a limit makes the kernel work.
 *
 *     limitFiles(2, limits)  → which files to read
 *     planWrites(2, limits, current) → { writes, missing }
 */
import { defaultPeriodUs, maxShares, minShares, weightOfShares } from "./cpu.ts";
import { type CgroupLimits, unlimited } from "./limits.ts";

/** 1: one hierarchy per controller. 2: the unified one. */
export type CgroupVersion = 1 | 2;

/** One write of a control file of the cgroup. */
export interface FileWrite {
  file: string;
  value: string;
}

/** File name → content; undefined where there is no such file. */
export type CurrentFiles = Record<string, string | undefined>;

export interface WritePlan {
  writes: FileWrite[];
  /** Files that the limits need and that are not there, because the controller is not. */
  missing: string[];
}

/** The files whose present content `planWrites` wants to know. */
export function limitFiles(version: CgroupVersion, limits: CgroupLimits): string[] {
  const files: string[] = [];
  if (version === 1) {
    if (limits.cpuShares !== undefined) files.push("cpu.shares");
    if (limits.cpuQuotaUs !== undefined || limits.cpuPeriodUs !== undefined) {
      files.push("cpu.cfs_period_us", "cpu.cfs_quota_us");
    }
    if (limits.memoryBytes !== undefined) files.push("memory.limit_in_bytes");
    if (limits.memoryMinBytes !== undefined) files.push("memory.min");
    if (limits.memoryLowBytes !== undefined) files.push("memory.low");
    if (limits.memoryHighBytes !== undefined) files.push("memory.high");
    if (limits.ioWeight !== undefined) files.push("blkio.weight", "blkio.bfq.weight");
    for (const size of Object.keys(limits.hugetlb ?? {})) {
      files.push(`hugetlb.${size}.limit_in_bytes`, `hugetlb.${size}.rsvd.limit_in_bytes`);
    }
  } else {
    if (limits.cpuShares !== undefined) files.push("cpu.weight");
    if (limits.cpuQuotaUs !== undefined || limits.cpuPeriodUs !== undefined) files.push("cpu.max");
    if (limits.memoryBytes !== undefined) files.push("memory.max");
    if (limits.memoryMinBytes !== undefined) files.push("memory.min");
    if (limits.memoryLowBytes !== undefined) files.push("memory.low");
    if (limits.memoryHighBytes !== undefined) files.push("memory.high");
    if (limits.ioWeight !== undefined) files.push("io.weight", "io.bfq.weight");
    for (const size of Object.keys(limits.hugetlb ?? {})) {
      files.push(`hugetlb.${size}.max`, `hugetlb.${size}.rsvd.max`);
    }
  }
  if (limits.pidsMax !== undefined) files.push("pids.max");
  return files;
}

/** The writes that bring `current` to `limits`, in an order that the kernel accepts. */
export function planWrites(
  version: CgroupVersion,
  limits: CgroupLimits,
  current: CurrentFiles,
  pageSize = 4096,
): WritePlan {
  const plan: WritePlan = { writes: [], missing: [] };
  /** Plans one write unless `same`; an absent file is missing unless it is optional. */
  const set = (file: string, value: string, same: (now: string) => boolean, optional = false) => {
    const now = current[file];
    if (now === undefined) {
      if (!optional) plan.missing.push(file);
    } else if (!same(now.trim())) {
      plan.writes.push({ file, value });
    }
  };
  const exact = (file: string, value: string) => set(file, value, (now) => now === value);
  const none = version === 1 ? "-1" : "max";
  const bytes = (file: string, value: number, optional = false) => {
    const text = value < 0 ? none : String(Math.floor(value));
    set(file, text, (now) => sameBytes(now, value, pageSize), optional);
  };

  if (limits.cpuShares !== undefined) {
    const shares = Math.min(maxShares, Math.max(minShares, Math.trunc(limits.cpuShares)));
    if (version === 1) exact("cpu.shares", String(shares));
    else exact("cpu.weight", String(weightOfShares(shares)));
  }
  if (limits.cpuQuotaUs !== undefined || limits.cpuPeriodUs !== undefined) {
    if (version === 1) planCfs(limits, current, plan);
    else planCpuMax(limits, current, plan);
  }
  if (limits.memoryBytes !== undefined) {
    bytes(version === 1 ? "memory.limit_in_bytes" : "memory.max", limits.memoryBytes);
  }
  if (limits.memoryMinBytes !== undefined) bytes("memory.min", limits.memoryMinBytes);
  if (limits.memoryLowBytes !== undefined) bytes("memory.low", limits.memoryLowBytes);
  if (limits.memoryHighBytes !== undefined) bytes("memory.high", limits.memoryHighBytes);
  if (limits.pidsMax !== undefined) {
    exact("pids.max", limits.pidsMax < 0 ? "max" : String(Math.floor(limits.pidsMax)));
  }
  for (const [size, value] of Object.entries(limits.hugetlb ?? {})) {
    bytes(version === 1 ? `hugetlb.${size}.limit_in_bytes` : `hugetlb.${size}.max`, value);
    // Reservations are limited too where the kernel can (5.7 on): a fault after mmap would be SIGBUS otherwise.
    bytes(version === 1 ? `hugetlb.${size}.rsvd.limit_in_bytes` : `hugetlb.${size}.rsvd.max`, value, true);
  }
  if (limits.ioWeight !== undefined) planIoWeight(version, limits.ioWeight, current, plan);
  return plan;
}

/**
 * v1 quota and period are two files, and the kernel refuses (EINVAL) any moment in which quota/period exceeds the
 * parent's. A longer period is written before the quota, a shorter one after it: the ratio in between is never
 * above both ends.
 */
function planCfs(limits: CgroupLimits, current: CurrentFiles, plan: WritePlan): void {
  const [periodFile, quotaFile] = ["cpu.cfs_period_us", "cpu.cfs_quota_us"];
  const [periodNow, quotaNow] = [current[periodFile], current[quotaFile]];
  if (periodNow === undefined || quotaNow === undefined) {
    plan.missing.push(quotaFile);
    return;
  }
  const period = limits.cpuPeriodUs ?? (limits.cpuQuotaUs === undefined ? undefined : defaultPeriodUs);
  const quota = limits.cpuQuotaUs === undefined ? undefined : limits.cpuQuotaUs <= 0 ? unlimited : limits.cpuQuotaUs;
  const writes: FileWrite[] = [];
  if (period !== undefined && Number(periodNow) !== period) writes.push({ file: periodFile, value: String(period) });
  if (quota !== undefined && Number(quotaNow) !== quota) writes.push({ file: quotaFile, value: String(quota) });
  const periodFirst = period !== undefined && quota !== unlimited &&
    (Number(quotaNow) < 0 || period > Number(periodNow));
  plan.writes.push(...(periodFirst ? writes : writes.reverse()));
}

/** v2 has both in one file: `max 100000`, `50000 100000`. */
function planCpuMax(limits: CgroupLimits, current: CurrentFiles, plan: WritePlan): void {
  const now = current["cpu.max"];
  if (now === undefined) {
    plan.missing.push("cpu.max");
    return;
  }
  const [quotaNow = "max", periodNow = String(defaultPeriodUs)] = now.trim().split(/\s+/);
  const quota = limits.cpuQuotaUs === undefined ? quotaNow : limits.cpuQuotaUs <= 0 ? "max" : String(limits.cpuQuotaUs);
  const period = limits.cpuPeriodUs === undefined
    ? limits.cpuQuotaUs === undefined ? periodNow : String(defaultPeriodUs)
    : String(limits.cpuPeriodUs);
  if (quota !== quotaNow || period !== periodNow) {
    plan.writes.push({ file: "cpu.max", value: `${quota} ${period}` });
  }
}

/**
 * v2 `io.weight` (io.cost) is 1…10000, BFQ's own file 1…1000 with the same default of 100; v1 blkio (CFQ) 10…1000. Which of
 * them divides depends on the disk, and a kernel may have several: each file that exists is written.
 */
function planIoWeight(version: CgroupVersion, weight: number, current: CurrentFiles, plan: WritePlan): void {
  const value = Math.min(10000, Math.max(1, Math.trunc(weight)));
  const files: [string, number][] = version === 1
    ? [["blkio.weight", 10 + Math.floor(((value - 1) * 990) / 9999)], ["blkio.bfq.weight", bfqWeight(value)]]
    : [["io.weight", value], ["io.bfq.weight", bfqWeight(value)]];
  const found = files.filter(([file]) => current[file] !== undefined);
  if (found.length === 0) plan.missing.push(files[0][0]);
  for (const [file, number] of found) {
    const now = /^(?:default\s+)?(\d+)$/m.exec(current[file]!.trim())?.[1];
    if (now !== String(number)) plan.writes.push({ file, value: String(number) });
  }
}

/** As systemd converts it: the default stays the default, which is what cgroups without a weight of their own have. */
function bfqWeight(weight: number): number {
  return weight <= 100 ? weight : 100 + Math.floor(((weight - 100) * 900) / 9900);
}

/** The kernel rounds down to whole pages, and says "no limit" as `max` or as a number near 2⁶³. */
function sameBytes(now: string, wanted: number, pageSize: number): boolean {
  const value = parseBytes(now);
  if (wanted < 0 || value < 0) return wanted < 0 && value < 0;
  return value === Math.floor(wanted / pageSize) * pageSize;
}

/** A byte limit as a control file says it; `unlimited` for `max` and its v1 look-alikes. */
export function parseBytes(text: string): number {
  const value = Number(text.trim());
  return !Number.isFinite(value) || value < 0 || value >= 2 ** 60 ? unlimited : value;
}
