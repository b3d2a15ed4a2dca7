import assert from "node:assert/strict";
import fc from "fast-check";
import { pickCpus } from "./pick.ts";
import { type CpuTopology, readTopology, threadsPerCore } from "./topology.ts";

/** Sockets × cores × threads, numbered as Linux does: first threads of all cores, then second ones. */
function machine(sockets: number, cores: number, threads: number): CpuTopology {
  const all = sockets * cores;
  return Array.from({ length: all * threads }, (_, cpu) => ({
    cpu,
    core: cpu % all,
    socket: Math.floor((cpu % all) / cores),
  }));
}

const plain = machine(1, 4, 1), smt = machine(1, 4, 2), dual = machine(2, 2, 2);
const every = (topology: CpuTopology) => topology.map(({ cpu }) => cpu);

const table: {
  name: string;
  topology: CpuTopology;
  free?: number[];
  count: number;
  wholeCores?: boolean;
  cpus: number[] | undefined;
}[] = [
  { name: "none", topology: plain, count: 0, cpus: [] },
  { name: "the first of plain cores", topology: plain, count: 2, cpus: [0, 1] },
  { name: "what is free", topology: plain, free: [1, 3], count: 1, cpus: [1] },
  { name: "nothing where too few are free", topology: plain, free: [1, 3], count: 3, cpus: undefined },
  { name: "both threads of a core", topology: smt, count: 2, cpus: [0, 4] },
  { name: "whole cores and a thread", topology: smt, count: 3, cpus: [0, 1, 4] },
  {
    name: "the thread beside a busy one, so that others stay whole",
    topology: smt,
    free: [1, 2, 4, 5, 6],
    count: 1,
    cpus: [4],
  },
  { name: "a whole socket", topology: dual, count: 4, cpus: [0, 1, 4, 5] },
  { name: "the socket that is whole", topology: dual, free: [1, 2, 3, 4, 5, 6, 7], count: 4, cpus: [2, 3, 6, 7] },
  {
    name: "a core of the socket with the least room",
    topology: dual,
    free: [0, 1, 3, 4, 5, 7],
    count: 2,
    cpus: [3, 7],
  },
  { name: "a socket, and the rest of the other", topology: dual, count: 6, cpus: [0, 1, 2, 4, 5, 6] },
  { name: "whole cores alone", topology: smt, free: [0, 1, 2, 4, 6], count: 2, wholeCores: true, cpus: [0, 4] },
  {
    name: "nothing where too few cores are whole",
    topology: smt,
    free: [0, 1, 2, 4],
    count: 4,
    wholeCores: true,
    cpus: undefined,
  },
];

for (const { name, topology, free = every(topology), count, wholeCores, cpus } of table) {
  Deno.test(`pickCpus() takes ${name}`, () => assert.deepEqual(pickCpus(topology, free, count, { wholeCores }), cpus));
}

Deno.test("pickCpus() gives as many as are asked for, all of them free", () => {
  let given = 0;
  fc.assert(
    fc.property(fc.constantFrom(plain, smt, dual), fc.uniqueArray(fc.nat(7)), fc.nat(8), (topology, list, count) => {
      const free = list.filter((cpu) => cpu < topology.length);
      const cpus = pickCpus(topology, free, count);
      assert.equal(cpus !== undefined, free.length >= count);
      if (!cpus) return;
      given++;
      assert.equal(new Set(cpus).size, count);
      assert.ok(cpus.every((cpu) => free.includes(cpu)));
    }),
  );
  assert.ok(given > 0);
});

Deno.test("readTopology() reads online CPUs with their cores and sockets", () => {
  const files: Record<string, string> = { "/sys/devices/system/cpu/online": "0-2\n" };
  for (const [cpu, siblings, socket] of [[0, "0,2", 0], [1, "1,3", 1], [2, "0,2", 0]] as const) {
    files[`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`] = `${siblings}\n`;
    files[`/sys/devices/system/cpu/cpu${cpu}/topology/physical_package_id`] = `${socket}\n`;
  }
  assert.deepEqual(readTopology({ read: (path) => files[path] }), [
    { cpu: 0, core: 0, socket: 0 },
    { cpu: 1, core: 1, socket: 1 },
    { cpu: 2, core: 0, socket: 0 },
  ]);
  assert.deepEqual(readTopology({ read: () => undefined }), [{ cpu: 0, core: 0, socket: 0 }]);
  assert.deepEqual([plain, smt, dual].map(threadsPerCore), [1, 2, 2]);
});
