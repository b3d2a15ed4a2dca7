/** `/metrics/resource`: the few numbers that autoscalers and metrics-server read, under kubelet's names. */
import { type Exposition, formatLabels } from "../telemetry/exposition.ts";
import type { NodeUsage, PodUsage } from "./node_usage.ts";
import type { Reading } from "./reading.ts";

const seconds = 1e9;

/** Writes all of it. What the node cannot tell is left out, and `resource_scrape_error` says so. */
export function writeResourceMetrics(
  out: Exposition,
  usage: Pick<NodeUsage, "machine"> & { pods(): PodUsage[] },
  now: number,
): void {
  const machine = usage.machine();
  let pods: PodUsage[] = [], failed = false;
  try {
    pods = usage.pods();
  } catch {
    failed = true;
  }
  const containers = pods.flatMap(({ target: { name: pod, namespace }, containers }) =>
    containers.map(({ name, startedAt, reading }) => ({
      labels: formatLabels({ container: name, namespace, pod }),
      startedAt,
      reading,
    }))
  );
  const podReadings = pods.flatMap(({ target: { name: pod, namespace }, pod: reading }) =>
    reading ? [{ labels: formatLabels({ namespace, pod }), reading }] : []
  );
  const cpu = ({ cpuNs }: Reading) => cpuNs === undefined ? undefined : cpuNs / seconds;
  const workingSet = ({ memory }: Reading) => memory?.workingSetBytes;
  const swap = ({ memory }: Reading) => memory?.swapBytes;
  const each = (
    [name, type, help]: [string, "counter" | "gauge", string],
    readings: readonly { labels: string; reading: Reading }[],
    value: (reading: Reading) => number | undefined,
  ) => {
    if (readings.length === 0) return;
    out.family(name, type, help);
    for (const { labels, reading } of readings) {
      const found = value(reading);
      if (found !== undefined) out.sample(labels, found, reading.at);
    }
  };

  each(
    [
      "container_cpu_usage_seconds_total",
      "counter",
      "[STABLE] Cumulative cpu time consumed by the container in core-seconds",
    ],
    containers,
    cpu,
  );
  each(
    ["container_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the container in bytes"],
    containers,
    workingSet,
  );
  if (containers.length > 0) {
    out.family(
      "container_start_time_seconds",
      "gauge",
      "[STABLE] Start time of the container since unix epoch in seconds",
    );
    for (const { labels, startedAt } of containers) if (startedAt > 0) out.sample(labels, startedAt / 1000);
  }
  each(
    ["container_swap_limit_bytes", "gauge", "[ALPHA] Current amount of the container swap limit in bytes."],
    containers.filter(({ reading }) => reading.swapLimitBytes !== undefined),
    ({ swapLimitBytes }) => swapLimitBytes,
  );
  each(
    ["container_swap_usage_bytes", "gauge", "[ALPHA] Current amount of the container swap usage in bytes."],
    containers,
    swap,
  );
  if (machine.cpuNs !== undefined) {
    out.family(
      "node_cpu_usage_seconds_total",
      "counter",
      "[STABLE] Cumulative cpu time consumed by the node in core-seconds",
    );
    out.sample("", machine.cpuNs / seconds, now);
  }
  if (machine.memory) {
    out.family("node_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the node in bytes");
    out.sample("", machine.memory.workingSetBytes, now);
    out.family("node_swap_usage_bytes", "gauge", "[ALPHA] Current swap usage of the node in bytes.");
    out.sample("", machine.swapUsedBytes, now);
  }
  each(
    ["pod_cpu_usage_seconds_total", "counter", "[STABLE] Cumulative cpu time consumed by the pod in core-seconds"],
    podReadings,
    cpu,
  );
  each(
    ["pod_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the pod in bytes"],
    podReadings,
    workingSet,
  );
  each(
    ["pod_swap_usage_bytes", "gauge", "[ALPHA] Current amount of the pod swap usage in bytes."],
    podReadings,
    swap,
  );
  out.family(
    "resource_scrape_error",
    "gauge",
    "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise",
  );
  out.sample("", failed || machine.cpuNs === undefined ? 1 : 0);
}
