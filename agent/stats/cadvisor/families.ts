/** Families with one sample a cgroup: CPU, memory, processes, limits, pressure; as a table. */
import { type Exposition, type FamilyType, formatLabels, joinLabels } from "../../telemetry/exposition.ts";
import type { Row } from "./rows.ts";

type Value = (row: Row) => number | undefined;
type Family = readonly [name: string, type: FamilyType, help: string, value: Value];

const s = (ns: number | undefined) => ns === undefined ? undefined : ns / 1e9;

/** Rows of cgroups, not of sandboxes, which have interfaces alone. */
const isUsage = ({ cpu, memory }: Row) => cpu !== undefined || memory !== undefined;

const families: readonly Family[] = [
  [
    "container_cpu_system_seconds_total",
    "counter",
    "Cumulative system cpu time consumed in seconds.",
    ({ cpu }) => s(cpu?.systemNs),
  ],
  [
    "container_cpu_user_seconds_total",
    "counter",
    "Cumulative user cpu time consumed in seconds.",
    ({ cpu }) => s(cpu?.userNs),
  ],
  [
    "container_last_seen",
    "gauge",
    "Last time a container was seen by the exporter",
    ({ at }) => Math.floor(at / 1000),
  ],
  ["container_memory_cache", "gauge", "Number of bytes of page cache memory.", ({ memory }) => memory?.cacheBytes],
  ["container_memory_failcnt", "counter", "Number of memory usage hits limits", ({ limits }) => limits?.failures],
  [
    "container_memory_kernel_usage",
    "gauge",
    "Size of kernel memory allocated in bytes.",
    ({ kernelBytes }) => kernelBytes,
  ],
  [
    "container_memory_mapped_file",
    "gauge",
    "Size of memory mapped files in bytes.",
    ({ memory }) => memory?.mappedFileBytes,
  ],
  [
    "container_memory_max_usage_bytes",
    "gauge",
    "Maximum memory usage recorded in bytes",
    ({ limits }) => limits?.peakBytes,
  ],
  ["container_memory_rss", "gauge", "Size of RSS in bytes.", ({ memory }) => memory?.rssBytes],
  ["container_memory_swap", "gauge", "Container swap usage in bytes.", ({ memory }) => memory?.swapBytes],
  [
    "container_memory_total_active_file_bytes",
    "gauge",
    "Current total active file in bytes.",
    ({ memory }) => memory?.activeFileBytes,
  ],
  [
    "container_memory_total_inactive_file_bytes",
    "gauge",
    "Current total inactive file in bytes.",
    ({ memory }) => memory?.inactiveFileBytes,
  ],
  [
    "container_memory_usage_bytes",
    "gauge",
    "Current memory usage in bytes, including all memory regardless of when it was accessed",
    ({ memory }) => memory?.usageBytes,
  ],
  [
    "container_memory_working_set_bytes",
    "gauge",
    "Current working set in bytes.",
    ({ memory }) => memory?.workingSetBytes,
  ],
  [
    "container_oom_events_total",
    "counter",
    "Count of out of memory events observed for the container",
    ({ limits }) => limits?.oomKills,
  ],
  [
    "container_processes",
    "gauge",
    "Number of processes running inside the container.",
    ({ processes }) => processes,
  ],
  [
    "container_spec_cpu_period",
    "gauge",
    "CPU period of the container.",
    ({ cpuLimits }) => cpuLimits?.periodUs,
  ],
  ["container_spec_cpu_quota", "gauge", "CPU quota of the container.", ({ cpuLimits }) => cpuLimits?.quotaUs],
  ["container_spec_cpu_shares", "gauge", "CPU share of the container.", ({ cpuLimits }) => cpuLimits?.shares],
  [
    "container_spec_memory_limit_bytes",
    "gauge",
    "Memory limit for the container.",
    ({ cpuLimits, limitBytes }) => cpuLimits && (limitBytes ?? 0),
  ],
  [
    "container_spec_memory_reservation_limit_bytes",
    "gauge",
    "Memory reservation limit for the container.",
    ({ limits }) => limits && 0,
  ],
  [
    "container_spec_memory_swap_limit_bytes",
    "gauge",
    "Memory swap limit for the container.",
    ({ limits, swapLimitBytes }) => limits && (swapLimitBytes ?? 0),
  ],
  [
    "container_start_time_seconds",
    "gauge",
    "Start time of the container since unix epoch in seconds.",
    ({ startedAt }) => startedAt ? startedAt / 1000 : undefined,
  ],
  [
    "container_threads",
    "gauge",
    "Number of threads running inside the container",
    ({ pids }) => pids?.current,
  ],
  [
    "container_threads_max",
    "gauge",
    "Maximum number of threads allowed inside the container, infinity if value is zero",
    ({ pids }) => pids && (pids.limit ?? 0),
  ],
];

/** Where a quota is in force. */
const throttling: readonly Family[] = [
  [
    "container_cpu_cfs_periods_total",
    "counter",
    "Number of elapsed enforcement period intervals.",
    ({ cpu }) => cpu?.periods,
  ],
  [
    "container_cpu_cfs_throttled_periods_total",
    "counter",
    "Number of throttled period intervals.",
    ({ cpu }) => cpu?.throttledPeriods,
  ],
  [
    "container_cpu_cfs_throttled_seconds_total",
    "counter",
    "Total time duration the container has been throttled.",
    ({ cpu }) => s(cpu?.throttledNs),
  ],
];

export function writeFamilies(out: Exposition, all: readonly Row[]): void {
  const rows = all.filter(isUsage);
  const withQuota = rows.filter(({ cpuLimits }) => cpuLimits?.quotaUs !== undefined);
  for (const family of throttling) write(out, withQuota, family);
  for (const family of families) write(out, rows, family);
  writeCpuUsage(out, rows);
  writeFailures(out, rows.filter(({ limits }) => limits));
  writePressure(out, rows.filter(({ pressure }) => pressure));
}

function write(out: Exposition, rows: readonly Row[], [name, type, help, value]: Family): void {
  out.family(name, type, help);
  out.addAll(rows, value);
}

function writeCpuUsage(out: Exposition, rows: readonly Row[]): void {
  out.family("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed in seconds.");
  for (const { cpu, labels, at } of rows) {
    if (cpu) out.sample(joinLabels('cpu="total"', labels), cpu.usageNs / 1e9, at);
  }
}

/** Of containers. Their cgroups have none below them: both scopes say the same. */
function writeFailures(out: Exposition, rows: readonly Row[]): void {
  out.family("container_memory_failures_total", "counter", "Cumulative count of memory allocation failures.");
  for (const scope of ["container", "hierarchy"]) {
    for (const [failure, key] of [["pgfault", "pageFaults"], ["pgmajfault", "majorPageFaults"]] as const) {
      const extra = formatLabels({ failure_type: failure, scope });
      for (const { memory, labels, at } of rows) if (memory) out.sample(joinLabels(extra, labels), memory[key], at);
    }
  }
}

function writePressure(out: Exposition, rows: readonly Row[]): void {
  if (rows.length === 0) return;
  for (const [resource, noun] of [["cpu", "CPU"], ["io", "IO"], ["memory", "memory"]] as const) {
    const total = (which: "some" | "full") => ({ pressure }: Row) => {
      const us = pressure?.[resource]?.[which]?.totalUs;
      return us === undefined ? undefined : us / 1e6;
    };
    write(out, rows, [
      `container_pressure_${resource}_stalled_seconds_total`,
      "counter",
      `Total time duration no tasks in the container could make progress due to ${noun} congestion.`,
      total("full"),
    ]);
    write(out, rows, [
      `container_pressure_${resource}_waiting_seconds_total`,
      "counter",
      `Total time duration tasks in the container have waited due to ${noun} congestion.`,
      total("some"),
    ]);
  }
}
