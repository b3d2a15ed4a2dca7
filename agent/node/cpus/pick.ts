/**
 * Which of the free CPUs a container gets: whole sockets while it needs as many, then whole cores, then single threads of
 * cores that are in use already; what is left over stays as whole as can be [kubelet's packed order]. Pure.
 */
import type { Cpu, CpuTopology } from "./topology.ts";

/** `count` of the `free` CPUs, in order; undefined when there are too few. */
export function pickCpus(
  topology: CpuTopology,
  free: Iterable<number>,
  count: number,
  options: { wholeCores?: boolean } = {},
): number[] | undefined {
  const among = new Set(free);
  let left = topology.filter(({ cpu }) => among.has(cpu));
  if (options.wholeCores) left = wholes(topology, left, ({ core }) => core).flat();
  if (left.length < count) return undefined;
  const taken: Cpu[] = [];
  const take = (cpus: readonly Cpu[]) => {
    taken.push(...cpus);
    left = left.filter((each) => !cpus.includes(each));
  };
  for (const key of [({ socket }: Cpu) => socket, ({ core }: Cpu) => core]) {
    for (const group of byRoom(wholes(topology, left, key), left, taken)) {
      if (group.length <= count - taken.length) take(group);
    }
  }
  // threads beside busy ones first, so that other cores stay whole
  const rest = groups(left, ({ core }) => core);
  take(byRoom(rest, left, taken).sort((a, b) => a.length - b.length).flat().slice(0, count - taken.length));
  return taken.map(({ cpu }) => cpu).sort((a, b) => a - b);
}

/** Sockets or cores of which all CPUs are free. */
function wholes(topology: CpuTopology, free: readonly Cpu[], key: (cpu: Cpu) => number): Cpu[][] {
  const size = new Map<number, number>();
  for (const cpu of topology) size.set(key(cpu), (size.get(key(cpu)) ?? 0) + 1);
  return groups(free, key).filter((group) => group.length === size.get(key(group[0])));
}

/** Those of a socket from which something was taken already, then of the socket with the least room, then by number. */
function byRoom(list: Cpu[][], free: readonly Cpu[], taken: readonly Cpu[]): Cpu[][] {
  const touched = new Set(taken.map(({ socket }) => socket));
  const room = (socket: number) => free.filter((each) => each.socket === socket).length;
  return list.sort(([a], [b]) =>
    Number(touched.has(b.socket)) - Number(touched.has(a.socket)) || room(a.socket) - room(b.socket) || a.cpu - b.cpu
  );
}

function groups(cpus: readonly Cpu[], key: (cpu: Cpu) => number): Cpu[][] {
  const found = new Map<number, Cpu[]>();
  for (const cpu of cpus) {
    const group = found.get(key(cpu));
    if (group) group.push(cpu);
    else found.set(key(cpu), [cpu]);
  }
  return [...found.values()];
}
