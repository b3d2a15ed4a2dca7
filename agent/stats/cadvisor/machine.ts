/** `machine_…`: what the machine has, and what identifies it. */
import { type Exposition, formatLabels } from "../../telemetry/exposition.ts";
import type { ReadText } from "../network.ts";
import type { CadvisorInput } from "./mod.ts";

export interface MachineIdentity {
  bootID: string;
  machineID: string;
  systemUUID: string;
  kernelVersion: string;
  osImage: string;
  version: string;
}

export function writeMachine(
  out: Exposition,
  { identity, machine, read }: Pick<CadvisorInput, "identity" | "machine" | "read">,
): void {
  const { bootID, machineID, systemUUID, version, kernelVersion, osImage } = identity;
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
