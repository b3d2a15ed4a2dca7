/**
 * Everything that is read for `/metrics/cadvisor`, a row a cgroup. A node of 110 pods is read in milliseconds or not at
 * all, and opening files is what costs: of a sandbox the network alone is read, of a pod's cgroup what its limits are
 * about, and no file that another has made needless.
 */
import {
  anyProcess,
  cgroupPressure,
  type CgroupReader,
  type CpuLimits,
  cpuLimits,
  type CpuStats,
  cpuStats,
  type IoStats,
  ioStats,
  kernelMemoryBytes,
  memoryLimitBytes,
  type MemoryLimitStats,
  memoryLimitStats,
  type MemoryStats,
  memoryStats,
  type PidsStats,
  pidsStats,
  type Pressure,
  processCount,
  swapLimitBytes,
  taskCount,
} from "../../../cgroups/mod.ts";
import { podCgroupParents } from "../../resources/mod.ts";
import { type Exposition, formatLabels, type Subject } from "../../telemetry/exposition.ts";
import { type InterfaceUsage, podInterfaces } from "../network.ts";
import type { CadvisorInput } from "./mod.ts";

/** What was read of one cgroup, with its labels and the time. */
export interface Row extends Subject {
  /** Wall-clock milliseconds. */
  at: number;
  startedAt?: number;
  cpu?: CpuStats;
  cpuLimits?: CpuLimits;
  memory?: MemoryStats;
  kernelBytes?: number;
  /** Undefined: no limit. */
  limitBytes?: number;
  limits?: MemoryLimitStats;
  swapLimitBytes?: number;
  io?: IoStats[];
  pids?: PidsStats;
  processes?: number;
  interfaces?: InterfaceUsage[];
  pressure?: Record<"cpu" | "memory" | "io", Pressure | undefined>;
}

type Found = Omit<Row, keyof Subject | "at">;

interface Identity {
  id: string;
  container?: string;
  image?: string;
  name?: string;
  namespace?: string;
  pod?: string;
}

export function readRows(out: Exposition, input: CadvisorInput): Row[] {
  const { cgroups, cgroupPaths, targets, sandboxImage, read, now } = input;
  const rows: Row[] = [];
  const add = ({ id, container = "", image = "", name = "", namespace = "", pod = "" }: Identity, found?: Found) => {
    if (!found) return;
    const at = now();
    rows.push({ ...out.subject(formatLabels({ container, id, image, name, namespace, pod }), at), at, ...found });
  };
  add({ id: "/" }, readRoot(input));
  for (const id of podCgroupParents(cgroupPaths)) add({ id }, readParent(cgroups, id));
  for (const { name: pod, namespace, cgroup, startedAt, sandbox, hostNetwork, containers } of targets) {
    const found = readParent(cgroups, cgroup);
    add({ id: cgroup, namespace, pod }, found && { ...found, startedAt });
    const pid = hostNetwork ? undefined : anyProcess(cgroups, sandbox.cgroup);
    const interfaces = pid === undefined ? undefined : podInterfaces(pid, read);
    if (interfaces) {
      add({ id: sandbox.cgroup, image: sandboxImage, name: sandbox.id, namespace, pod }, { startedAt, interfaces });
    }
    for (const { id, name, image, startedAt, cgroup } of containers) {
      const found = readContainer(cgroups, cgroup);
      add({ id: cgroup, container: name, image, name: id, namespace, pod }, found && { ...found, startedAt });
    }
  }
  return rows;
}

/** The whole machine, whose memory is known already: a v2 root does not tell of it. */
function readRoot({ cgroups, machine, bootTimeMs, interfaces }: CadvisorInput): Found {
  return {
    startedAt: bootTimeMs,
    cpu: cpuStats(cgroups, "/", { throttling: false }) ??
      (machine.cpuNs === undefined
        ? undefined
        : { usageNs: machine.cpuNs, periods: 0, throttledPeriods: 0, throttledNs: 0 }),
    memory: machine.memory,
    io: ioStats(cgroups, "/"),
    pressure: pressures(cgroups, "/"),
    interfaces,
  };
}

/** A cgroup of cgroups: a class of pods, or a pod. */
function readParent(cgroups: CgroupReader, path: string): Found | undefined {
  const limits = cpuLimits(cgroups, path);
  const cpu = cpuStats(cgroups, path, { throttling: limits?.quotaUs !== undefined, division: false });
  const memory = memoryStats(cgroups, path);
  if (!cpu && !memory) return undefined;
  return {
    cpu,
    cpuLimits: limits,
    memory,
    limitBytes: memoryLimitBytes(cgroups, path, memory),
    pids: pidsStats(cgroups, path),
    pressure: pressures(cgroups, path),
  };
}

function readContainer(cgroups: CgroupReader, path: string): Found | undefined {
  const spec = cpuLimits(cgroups, path);
  const cpu = cpuStats(cgroups, path, { throttling: spec?.quotaUs !== undefined });
  const memory = memoryStats(cgroups, path);
  if (!cpu && !memory) return undefined;
  const limits = memoryLimitStats(cgroups, path, memory);
  // a limit of tasks is the pod's
  const tasks = taskCount(cgroups, path);
  return {
    cpu,
    cpuLimits: spec,
    memory,
    kernelBytes: kernelMemoryBytes(cgroups, path, memory),
    limits,
    limitBytes: limits?.limitBytes,
    swapLimitBytes: memory?.swapBytes ? swapLimitBytes(cgroups, path) : undefined,
    io: ioStats(cgroups, path),
    pids: tasks === undefined ? undefined : { current: tasks },
    processes: processCount(cgroups, path, tasks),
    pressure: pressures(cgroups, path),
  };
}

function pressures(cgroups: CgroupReader, path: string): Row["pressure"] {
  const cpu = cgroupPressure(cgroups, path, "cpu");
  return cpu && { cpu, memory: cgroupPressure(cgroups, path, "memory"), io: cgroupPressure(cgroups, path, "io") };
}
