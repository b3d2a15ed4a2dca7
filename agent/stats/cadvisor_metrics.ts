/**
 * `/metrics/cadvisor`: cAdvisor's names and labels as kubelet serves them, so that dashboards and alerts work as they are.
 *
 *     id="/"  id="/kubepods"  id="/kubepods/burstable"      node and classes: no pod, no container
 *     id="/kubepods/burstable/pod…"                         a pod: namespace and pod
 *     id="/kubepods/burstable/pod…/<sandbox>"               its sandbox: image and name besides; the network is here
 *     id="/kubepods/burstable/pod…/<container>"             a container: container besides
 *
 * Cgroups are read one after the other, then written family by family.
 */
import {
  anyProcess,
  cgroupPressure,
  type CgroupReader,
  type CpuLimits,
  cpuLimits,
  type CpuStats,
  cpuStats,
  cpuUsageNs,
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
} from "../../cgroups/mod.ts";
import { type CgroupPathOptions, podCgroupParents } from "../resources/mod.ts";
import { type Exposition, type FamilyType, formatLabels, joinLabels } from "../telemetry/exposition.ts";
import type { FilesystemUsage } from "./filesystems.ts";
import type { MachineUsage } from "./machine.ts";
import { type InterfaceUsage, podInterfaces, type ReadText } from "./network.ts";
import type { PodTarget } from "./targets.ts";

/** What identifies the machine: labels of `machine_…`. */
export interface MachineIdentity {
  bootID: string;
  machineID: string;
  systemUUID: string;
  kernelVersion: string;
  osImage: string;
  version: string;
}

export interface CadvisorInput {
  cgroups: CgroupReader;
  cgroupPaths: CgroupPathOptions;
  targets: PodTarget[];
  machine: MachineUsage;
  identity: MachineIdentity;
  bootTimeMs?: number;
  interfaces?: InterfaceUsage[];
  filesystems: { device: string; usage: FilesystemUsage }[];
  /** Name of the image that sandboxes are made of. */
  sandboxImage: string;
  read: ReadText;
  /** Wall-clock milliseconds. */
  now(): number;
}

/** Everything that was read of one cgroup. */
interface Row {
  labels: string;
  at: number;
  startedAt?: number;
  usageNs?: number;
  cpu?: CpuStats;
  memory?: MemoryStats;
  kernelBytes?: number;
  /** Undefined: no limit. */
  limitBytes?: number;
  limits?: MemoryLimitStats;
  io?: IoStats[];
  pids?: PidsStats;
  processes?: number;
  interfaces?: InterfaceUsage[];
  spec?: { cpu?: CpuLimits; swap?: number };
  pressure?: Record<"cpu" | "memory" | "io", Pressure | undefined>;
}

interface Identity {
  id: string;
  container?: string;
  image?: string;
  name?: string;
  namespace?: string;
  pod?: string;
}

export function writeCadvisorMetrics(out: Exposition, input: CadvisorInput): void {
  const rows = readRows(input);
  writeVersion(out, input.identity);
  writeCpu(out, rows);
  writeFilesystems(out, input, rows);
  writeMemory(out, rows);
  writeNetwork(out, rows);
  writePressure(out, rows);
  writeProcesses(out, rows);
  writeSpec(out, rows);
  writeMachine(out, input);
}

function readRows(
  { cgroups, cgroupPaths, targets, machine, bootTimeMs, interfaces, sandboxImage, read, now }: CadvisorInput,
): Row[] {
  const rows: Row[] = [];
  const add = (identity: Identity, more: Partial<Row>, memory?: MemoryStats) => {
    const row = readRow(cgroups, identity, now(), memory);
    if (row) rows.push({ ...row, ...more });
  };
  add({ id: "/" }, { startedAt: bootTimeMs, interfaces }, machine.memory);
  for (const id of podCgroupParents(cgroupPaths)) add({ id }, {});
  for (const { name: pod, namespace, cgroup, startedAt, sandbox, hostNetwork, containers } of targets) {
    add({ id: cgroup, namespace, pod }, { startedAt });
    const pid = hostNetwork ? undefined : anyProcess(cgroups, sandbox.cgroup);
    add({ id: sandbox.cgroup, image: sandboxImage, name: sandbox.id, namespace, pod }, {
      startedAt,
      interfaces: pid === undefined ? undefined : podInterfaces(pid, read),
    });
    for (const { id, name, image, startedAt, cgroup } of containers) {
      add({ id: cgroup, container: name, image, name: id, namespace, pod }, { startedAt });
    }
  }
  return rows;
}

/**
 * One cgroup; `memory` is given for the root, which does not tell on v2. A node full of pods is read in milliseconds or not
 * at all, so of a sandbox only the network, CPU and memory are read, and of a pod's own cgroup what its limits are about.
 */
function readRow(cgroups: CgroupReader, { id, ...rest }: Identity, at: number, memory?: MemoryStats): Row | undefined {
  const { container = "", image = "", name = "", namespace = "", pod = "" } = rest;
  const labels = formatLabels({ container, id, image, name, namespace, pod });
  memory ??= memoryStats(cgroups, id);
  if (name !== "" && container === "") {
    const usageNs = cpuUsageNs(cgroups, id);
    return memory || usageNs !== undefined ? { labels, at, usageNs, memory } : undefined;
  }
  const spec = id === "/" ? undefined : cpuLimits(cgroups, id);
  const cpu = cpuStats(cgroups, id, { throttling: spec?.quotaUs !== undefined });
  if (!cpu && !memory) return undefined;
  const row: Row = { labels, at, usageNs: cpu?.usageNs, cpu, memory };
  if (spec) row.spec = { cpu: spec, swap: memory?.swapBytes ? swapLimitBytes(cgroups, id) : undefined };
  if (container === "") {
    row.limitBytes = memoryLimitBytes(cgroups, id);
    row.pids = pidsStats(cgroups, id);
  } else {
    row.limits = memoryLimitStats(cgroups, id);
    row.limitBytes = row.limits?.limitBytes;
    row.kernelBytes = kernelMemoryBytes(cgroups, id);
    row.pids = pidsStats(cgroups, id);
    row.processes = processCount(cgroups, id);
  }
  if (container !== "" || pod === "") row.io = ioStats(cgroups, id);
  const pressure = cgroupPressure(cgroups, id, "cpu");
  if (pressure) {
    row.pressure = {
      cpu: pressure,
      memory: cgroupPressure(cgroups, id, "memory"),
      io: cgroupPressure(cgroups, id, "io"),
    };
  }
  return row;
}

type Value = number | undefined;

/** Writes a family of one sample a row, where the row has it. */
function family(
  out: Exposition,
  rows: readonly Row[],
  name: string,
  type: FamilyType,
  help: string,
  value: (row: Row) => Value,
  extra = "",
): void {
  out.family(name, type, help);
  more(out, rows, value, extra);
}

/** More samples of the family that was begun. */
function more(out: Exposition, rows: readonly Row[], value: (row: Row) => Value, extra: string): void {
  for (const row of rows) {
    const found = value(row);
    if (found !== undefined) out.sample(joinLabels(extra, row.labels), found, row.at);
  }
}

function writeVersion(out: Exposition, { version, kernelVersion, osImage }: MachineIdentity): void {
  out.family(
    "cadvisor_version_info",
    "gauge",
    "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version & cadvisor revision.",
  );
  out.sample(
    formatLabels({
      cadvisorRevision: "",
      cadvisorVersion: `islet ${version}`,
      dockerVersion: "",
      kernelVersion,
      osVersion: osImage,
    }),
    1,
  );
}

const s = (ns: Value) => ns === undefined ? undefined : ns / 1e9;

function writeCpu(out: Exposition, rows: Row[]): void {
  const withQuota = rows.filter(({ spec }) => spec?.cpu?.quotaUs !== undefined);
  family(
    out,
    withQuota,
    "container_cpu_cfs_periods_total",
    "counter",
    "Number of elapsed enforcement period intervals.",
    ({ cpu }) => cpu?.periods,
  );
  family(
    out,
    withQuota,
    "container_cpu_cfs_throttled_periods_total",
    "counter",
    "Number of throttled period intervals.",
    ({ cpu }) => cpu?.throttledPeriods,
  );
  family(
    out,
    withQuota,
    "container_cpu_cfs_throttled_seconds_total",
    "counter",
    "Total time duration the container has been throttled.",
    ({ cpu }) => s(cpu?.throttledNs),
  );
  family(
    out,
    rows,
    "container_cpu_system_seconds_total",
    "counter",
    "Cumulative system cpu time consumed in seconds.",
    ({ cpu }) => s(cpu?.systemNs),
  );
  family(
    out,
    rows,
    "container_cpu_usage_seconds_total",
    "counter",
    "Cumulative cpu time consumed in seconds.",
    ({ usageNs }) => s(usageNs),
    'cpu="total"',
  );
  family(
    out,
    rows,
    "container_cpu_user_seconds_total",
    "counter",
    "Cumulative user cpu time consumed in seconds.",
    ({ cpu }) => s(cpu?.userNs),
  );
}

function writeFilesystems(out: Exposition, { filesystems, read }: CadvisorInput, rows: Row[]): void {
  const names = new Map<string, string>();
  const deviceName = (major: number, minor: number) => {
    const key = `${major}:${minor}`;
    let name = names.get(key);
    if (name === undefined) {
      const found = /^DEVNAME=(.+)$/m.exec(read(`/sys/dev/block/${key}/uevent`) ?? "")?.[1];
      names.set(key, name = found ? `/dev/${found}` : "");
    }
    return name;
  };
  const root = rows[0]?.labels ?? "";
  const whole = (name: string, help: string, value: (usage: FilesystemUsage) => number) => {
    out.family(name, "gauge", help);
    for (const { device, usage } of filesystems) {
      out.sample(joinLabels(formatLabels({ device }), root), value(usage), rows[0]?.at);
    }
  };
  const io = (name: string, help: string, value: (stats: IoStats) => number) => {
    out.family(name, "counter", help);
    for (const row of rows) {
      for (const stats of row.io ?? []) {
        const device = formatLabels({ device: deviceName(stats.major, stats.minor) });
        out.sample(joinLabels(device, row.labels), value(stats), row.at);
      }
    }
  };
  out.family("container_blkio_device_usage_total", "counter", "Blkio Device bytes usage");
  for (const row of rows) {
    for (const { major, minor, readBytes, writeBytes } of row.io ?? []) {
      const device = { device: deviceName(major, minor), major: String(major), minor: String(minor) };
      out.sample(joinLabels(formatLabels({ ...device, operation: "Read" }), row.labels), readBytes, row.at);
      out.sample(joinLabels(formatLabels({ ...device, operation: "Write" }), row.labels), writeBytes, row.at);
    }
  }
  whole("container_fs_inodes_free", "Number of available Inodes", ({ inodesFree }) => inodesFree);
  whole("container_fs_inodes_total", "Number of Inodes", ({ inodes }) => inodes);
  whole(
    "container_fs_limit_bytes",
    "Number of bytes that can be consumed by the container on this filesystem.",
    ({ capacityBytes }) => capacityBytes,
  );
  io("container_fs_reads_bytes_total", "Cumulative count of bytes read", ({ readBytes }) => readBytes);
  io("container_fs_reads_total", "Cumulative count of reads completed", ({ reads }) => reads);
  whole(
    "container_fs_usage_bytes",
    "Number of bytes that are consumed by the container on this filesystem.",
    ({ usedBytes }) => usedBytes,
  );
  io("container_fs_writes_bytes_total", "Cumulative count of bytes written", ({ writeBytes }) => writeBytes);
  io("container_fs_writes_total", "Cumulative count of writes completed", ({ writes }) => writes);
}

function writeMemory(out: Exposition, rows: Row[]): void {
  const gauge = (name: string, help: string, value: (row: Row) => Value) =>
    family(out, rows, name, "gauge", help, value);
  gauge("container_memory_cache", "Number of bytes of page cache memory.", ({ memory }) => memory?.cacheBytes);
  family(
    out,
    rows,
    "container_memory_failcnt",
    "counter",
    "Number of memory usage hits limits",
    ({ limits }) => limits?.failures,
  );
  out.family("container_memory_failures_total", "counter", "Cumulative count of memory allocation failures.");
  for (const scope of ["container", "hierarchy"]) {
    more(out, rows, ({ memory }) => memory?.pageFaults, formatLabels({ failure_type: "pgfault", scope }));
    more(out, rows, ({ memory }) => memory?.majorPageFaults, formatLabels({ failure_type: "pgmajfault", scope }));
  }
  gauge("container_memory_kernel_usage", "Size of kernel memory allocated in bytes.", ({ kernelBytes }) => kernelBytes);
  gauge(
    "container_memory_mapped_file",
    "Size of memory mapped files in bytes.",
    ({ memory }) => memory?.mappedFileBytes,
  );
  gauge(
    "container_memory_max_usage_bytes",
    "Maximum memory usage recorded in bytes",
    ({ limits }) => limits?.peakBytes,
  );
  gauge("container_memory_rss", "Size of RSS in bytes.", ({ memory }) => memory?.rssBytes);
  gauge("container_memory_swap", "Container swap usage in bytes.", ({ memory }) => memory?.swapBytes);
  gauge(
    "container_memory_total_active_file_bytes",
    "Current total active file in bytes.",
    ({ memory }) => memory?.activeFileBytes,
  );
  gauge(
    "container_memory_total_inactive_file_bytes",
    "Current total inactive file in bytes.",
    ({ memory }) => memory?.inactiveFileBytes,
  );
  gauge(
    "container_memory_usage_bytes",
    "Current memory usage in bytes, including all memory regardless of when it was accessed",
    ({ memory }) => memory?.usageBytes,
  );
  gauge(
    "container_memory_working_set_bytes",
    "Current working set in bytes.",
    ({ memory }) => memory?.workingSetBytes,
  );
  family(
    out,
    rows,
    "container_oom_events_total",
    "counter",
    "Count of out of memory events observed for the container",
    ({ limits }) => limits?.oomKills,
  );
}

const network: readonly [name: string, help: string, key: Exclude<keyof InterfaceUsage, "name">][] = [
  ["container_network_receive_bytes_total", "Cumulative count of bytes received", "rxBytes"],
  ["container_network_receive_errors_total", "Cumulative count of errors encountered while receiving", "rxErrors"],
  [
    "container_network_receive_packets_dropped_total",
    "Cumulative count of packets dropped while receiving",
    "rxDropped",
  ],
  ["container_network_receive_packets_total", "Cumulative count of packets received", "rxPackets"],
  ["container_network_transmit_bytes_total", "Cumulative count of bytes transmitted", "txBytes"],
  ["container_network_transmit_errors_total", "Cumulative count of errors encountered while transmitting", "txErrors"],
  [
    "container_network_transmit_packets_dropped_total",
    "Cumulative count of packets dropped while transmitting",
    "txDropped",
  ],
  ["container_network_transmit_packets_total", "Cumulative count of packets transmitted", "txPackets"],
];

function writeNetwork(out: Exposition, rows: Row[]): void {
  const found = rows.flatMap(({ interfaces = [], labels, at }) =>
    interfaces.map((usage) => ({ usage, labels: joinLabels(formatLabels({ interface: usage.name }), labels), at }))
  );
  for (const [name, help, key] of network) {
    out.family(name, "counter", help);
    for (const { usage, labels, at } of found) out.sample(labels, usage[key], at);
  }
}

function writePressure(out: Exposition, rows: Row[]): void {
  const found = rows.filter(({ pressure }) => pressure);
  if (found.length === 0) return;
  for (const [resource, noun] of [["cpu", "CPU"], ["io", "IO"], ["memory", "memory"]] as const) {
    const total = (which: "some" | "full") => ({ pressure }: Row) => {
      const us = pressure?.[resource]?.[which]?.totalUs;
      return us === undefined ? undefined : us / 1e6;
    };
    family(
      out,
      found,
      `container_pressure_${resource}_stalled_seconds_total`,
      "counter",
      `Total time duration no tasks in the container could make progress due to ${noun} congestion.`,
      total("full"),
    );
    family(
      out,
      found,
      `container_pressure_${resource}_waiting_seconds_total`,
      "counter",
      `Total time duration tasks in the container have waited due to ${noun} congestion.`,
      total("some"),
    );
  }
}

function writeProcesses(out: Exposition, rows: Row[]): void {
  family(
    out,
    rows,
    "container_last_seen",
    "gauge",
    "Last time a container was seen by the exporter",
    ({ at }) => Math.floor(at / 1000),
  );
  family(
    out,
    rows,
    "container_processes",
    "gauge",
    "Number of processes running inside the container.",
    ({ processes }) => processes,
  );
  family(
    out,
    rows,
    "container_start_time_seconds",
    "gauge",
    "Start time of the container since unix epoch in seconds.",
    ({ startedAt }) => startedAt && startedAt / 1000,
  );
  family(
    out,
    rows,
    "container_threads",
    "gauge",
    "Number of threads running inside the container",
    ({ pids }) => pids?.current,
  );
  family(
    out,
    rows,
    "container_threads_max",
    "gauge",
    "Maximum number of threads allowed inside the container, infinity if value is zero",
    ({ pids }) => pids && (pids.limit ?? 0),
  );
}

function writeSpec(out: Exposition, rows: Row[]): void {
  const gauge = (name: string, help: string, value: (row: Row) => Value) =>
    family(out, rows, name, "gauge", help, value);
  gauge("container_spec_cpu_period", "CPU period of the container.", ({ spec }) => spec?.cpu?.periodUs);
  gauge("container_spec_cpu_quota", "CPU quota of the container.", ({ spec }) => spec?.cpu?.quotaUs);
  gauge("container_spec_cpu_shares", "CPU share of the container.", ({ spec }) => spec?.cpu?.shares);
  gauge(
    "container_spec_memory_limit_bytes",
    "Memory limit for the container.",
    ({ spec, limitBytes }) => spec && (limitBytes ?? 0),
  );
  gauge(
    "container_spec_memory_reservation_limit_bytes",
    "Memory reservation limit for the container.",
    ({ spec }) => spec && 0,
  );
  gauge(
    "container_spec_memory_swap_limit_bytes",
    "Memory swap limit for the container.",
    ({ spec }) => spec && (spec.swap ?? 0),
  );
}

function writeMachine(out: Exposition, { identity, machine, read }: CadvisorInput): void {
  const { bootID, machineID, systemUUID } = identity;
  const labels = formatLabels({ boot_id: bootID, machine_id: machineID, system_uuid: systemUUID });
  const gauge = (name: string, help: string, value: number) => {
    out.family(name, "gauge", help);
    out.sample(labels, value);
  };
  const cpus = cpuTopology(read);
  gauge("machine_cpu_cores", "Number of logical CPU cores.", cpus.threads);
  gauge("machine_cpu_physical_cores", "Number of physical CPU cores.", cpus.cores);
  gauge("machine_cpu_sockets", "Number of CPU sockets.", cpus.sockets);
  gauge("machine_memory_bytes", "Amount of memory installed on the machine.", machine.memoryBytes);
  gauge("machine_swap_bytes", "Amount of swap memory available on the machine.", machine.swapBytes);
  out.family("machine_scrape_error", "gauge", "1 if there was an error while getting machine metrics, 0 otherwise.");
  out.sample("", 0);
  out.family("container_scrape_error", "gauge", "1 if there was an error while getting container metrics, 0 otherwise");
  out.sample("", 0);
}

/** From /proc/cpuinfo; machines that do not tell of sockets have one, with a core a thread. */
export function cpuTopology(read: ReadText): { threads: number; cores: number; sockets: number } {
  const text = read("/proc/cpuinfo") ?? "";
  const threads = Math.max(1, text.match(/^processor\s*:/gm)?.length ?? 1);
  const cores = new Set<string>(), sockets = new Set<string>();
  let socket = "0";
  for (const [, key, value] of text.matchAll(/^(physical id|core id)\s*:\s*(\d+)/gm)) {
    if (key === "physical id") sockets.add(socket = value);
    else cores.add(`${socket}/${value}`);
  }
  return { threads, cores: cores.size || threads, sockets: sockets.size || 1 };
}
