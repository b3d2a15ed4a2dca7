/** `process_…`: what this process itself uses, under the names that every client library gives. */
import type { Exposition } from "../telemetry/exposition.ts";
import { bootTimeMs } from "./node_usage.ts";
import type { ReadText } from "./network.ts";

const ticksPerSecond = 100;

export function writeProcessMetrics(
  out: Exposition,
  read: ReadText,
  countFds: () => number | undefined = openFiles,
): void {
  const stat = read("/proc/self/stat") ?? "";
  // the program's name may hold spaces and brackets
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const gauge = (name: string, help: string, value: number | undefined) => {
    if (value === undefined || !Number.isFinite(value)) return;
    out.family(name, "gauge", help);
    out.sample("", value);
  };
  if (fields.length > 22) {
    const [user, system, started, virtual] = [fields[11], fields[12], fields[19], fields[20]];
    out.family("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.");
    out.sample("", (user + system) / ticksPerSecond);
    const boot = bootTimeMs(read);
    gauge(
      "process_start_time_seconds",
      "Start time of the process since unix epoch in seconds.",
      boot === undefined ? undefined : boot / 1000 + started / ticksPerSecond,
    );
    gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", virtual);
  }
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(read("/proc/self/status") ?? "")?.[1];
  gauge(
    "process_resident_memory_bytes",
    "Resident memory size in bytes.",
    resident ? Number(resident) * 1024 : undefined,
  );
  gauge("process_open_fds", "Number of open file descriptors.", countFds());
  const limit = /^Max open files\s+(\d+)/m.exec(read("/proc/self/limits") ?? "")?.[1];
  gauge("process_max_fds", "Maximum number of open file descriptors.", limit ? Number(limit) : undefined);
}

function openFiles(): number | undefined {
  try {
    // Linux 6.2 tells it without a look at each
    const { size } = Deno.statSync("/proc/self/fd");
    if (size > 0) return size;
    let count = 0;
    for (const _ of Deno.readDirSync("/proc/self/fd")) count++;
    return count;
  } catch {
    return undefined;
  }
}
