/** How the machine's CPUs lie together: threads in cores, cores in sockets. Read from sysfs. */
import { parseCpuList } from "../../../cgroups/mod.ts";
import type { Machine } from "../facts.ts";

export interface Cpu {
  cpu: number;
  /** The lowest CPU of the same core: its name. */
  core: number;
  socket: number;
}

/** The CPUs that are online, in order. */
export type CpuTopology = readonly Cpu[];

export function readTopology(machine: Pick<Machine, "read">): CpuTopology {
  const root = "/sys/devices/system/cpu";
  const online = parseCpuList(machine.read(`${root}/online`) ?? "0") ?? [0];
  return online.map((cpu) => {
    const of = (file: string) => machine.read(`${root}/cpu${cpu}/topology/${file}`)?.trim();
    const siblings = parseCpuList(of("thread_siblings_list") ?? of("core_cpus_list") ?? "") ?? [];
    const socket = Number(of("physical_package_id") ?? 0);
    return { cpu, core: siblings.find((each) => online.includes(each)) ?? cpu, socket: Math.max(0, socket) };
  });
}

/** CPUs of one core: 2 with hyper-threading. */
export function threadsPerCore(topology: CpuTopology): number {
  const cores = new Set(topology.map(({ core }) => core));
  return cores.size === 0 ? 1 : Math.round(topology.length / cores.size);
}
