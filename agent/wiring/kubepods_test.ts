import { deepEqual, equal } from "node:assert/strict";
import { FakeCgroups } from "../../cgroups/fake.ts";
import { systemClock } from "../clock.ts";
import { box, exact, podOf } from "../resources/testing.ts";
import type { Logger } from "../telemetry/log.ts";
import { podCgroups } from "./kubepods.ts";

const Mi = 2 ** 20;
const wish: Parameters<typeof podCgroups>[0] = {
  cgroupDriver: "cgroupfs",
  cgroupRoot: "/",
  enforceNodeAllocatable: ["pods"],
  systemReservedCgroup: "",
  kubeReservedCgroup: "",
  reservation: {
    systemReserved: { memory: "256Mi", pid: "100" },
    kubeReserved: {},
    evictionHard: { "memory.available": "100Mi" },
  },
  ioWeight: {},
};
const capacity = { cpu: 2000, memory: 1024 * Mi, pid: 1000 };

async function made(version: 1 | 2, more: Partial<typeof wish> = {}, controllers?: string[], ioCost?: string) {
  const kernel = new FakeCgroups(version, controllers);
  if (ioCost !== undefined) kernel.add("/", "io.cost.qos", ioCost);
  const warned: string[] = [];
  const log = { warn: (message: string) => warned.push(message) } as unknown as Logger;
  const kubepods = await podCgroups({ ...wish, ...more }, capacity, log, systemClock, kernel.fs());
  const read = (path: string, ...files: string[]) => files.map((file) => kubepods.fs.read(path, file));
  return { kernel, kubepods, read, warned };
}

Deno.test("podCgroups() holds all pods to capacity without what is reserved, and leaves them the eviction threshold", async () => {
  const { read } = await made(2);
  deepEqual(read("/kubepods", "memory.max", "pids.max", "cpu.weight"), [`${768 * Mi}`, "900", "79"]);
  const all = await made(2, { enforceNodeAllocatable: [] });
  deepEqual(all.read("/kubepods", "memory.max", "pids.max"), [`${1024 * Mi}`, "1000"]);
});

Deno.test("podCgroups() protects what pods request together, on v2 with MemoryQoS and reservation", async () => {
  const { kubepods, read, kernel } = await made(2, { memoryQos: { throttlingFactor: 0.9, reserve: true } });
  equal(kubepods.reserveMemory, true);
  const guaranteed = podOf([exact("a", { cpu: "1", memory: "64Mi" })]);
  const burstable = podOf([box("a", { cpu: "500m", memory: "32Mi" })]);
  kubepods.weigh([guaranteed, burstable]);
  kubepods.weigh([guaranteed, burstable, burstable]);
  await kubepods.settled();
  deepEqual(read("/kubepods", "memory.min", "memory.low"), [`${64 * Mi}`, `${64 * Mi}`]);
  deepEqual(read("/kubepods/burstable", "memory.min", "memory.low", "cpu.weight"), ["0", `${64 * Mi}`, "39"]);
  const { length } = kernel.writes;
  kubepods.weigh([guaranteed, burstable, burstable]);
  await kubepods.settled();
  equal(kernel.writes.length, length, "nothing is written twice");
  kubepods.weigh([]);
  await kubepods.settled();
  deepEqual(read("/kubepods", "memory.min", "memory.low"), ["0", "0"]);
});

Deno.test("podCgroups() says that v1 cannot protect memory", async () => {
  const { kubepods, warned } = await made(1, { memoryQos: { throttlingFactor: 0.9, reserve: true } });
  equal(kubepods.reserveMemory, undefined);
  deepEqual(warned, ["The feature gate MemoryQoS has no effect: it needs cgroup v2"]);
});

Deno.test("podCgroups() divides the disk by class, or says that nobody does", async () => {
  const ioWeight = { Burstable: 200, BestEffort: 10 };
  const { read, warned, kernel } = await made(2, { ioWeight }, undefined, "254:0 enable=1 ctrl=auto rpct=0.00");
  deepEqual([read("/kubepods/burstable", "io.weight"), read("/kubepods/besteffort", "io.weight")], [
    ["default 200"],
    ["default 10"],
  ]);
  deepEqual(warned, []);
  await podCgroups({ ...wish }, capacity, { warn: () => {} } as unknown as Logger, systemClock, kernel.fs());
  deepEqual(read("/kubepods/burstable", "io.weight"), ["default 100"], "an earlier wish is forgotten");
  for (
    const [controllers, cost] of [[["cpu", "memory", "pids"], undefined], [undefined, ""], [
      undefined,
      "254:0 enable=0",
    ]] as const
  ) {
    const without = await made(2, { ioWeight }, controllers?.slice(), cost);
    deepEqual(without.warned, [
      "ioWeight has no effect: no disk of this machine is divided by weight (BFQ or io.cost does that)",
    ]);
  }
});
