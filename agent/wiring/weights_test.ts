import { deepEqual, equal } from "node:assert/strict";
import { FakeCgroups } from "../../cgroups/fake.ts";
import { Listeners } from "../listeners.ts";
import type { ObservedPod } from "../observed/types.ts";
import { box, podOf } from "../resources/testing.ts";
import type { Logger } from "../telemetry/log.ts";
import { reportWeights } from "./weights.ts";

const pod = podOf([box("main", { cpu: "1" })]);
const uid = pod.metadata.uid!;

/** What is logged when a container of weight `weight` comes to run, and then another one. */
async function logged(weight: string, version: 1 | 2 = 2): Promise<string[]> {
  const kernel = new FakeCgroups(version);
  const cgroups = kernel.fs();
  const path = `/kubepods/burstable/pod${uid}/c1`;
  await cgroups.create(path);
  const told: string[] = [];
  const observed = { containers: [{ id: "c1", name: "main", state: "running" }] } as ObservedPod;
  const observer = { onChange: new Listeners<[uid: string]>(), get: () => observed, uids: () => [] as string[] };
  reportWeights(observer as unknown as Parameters<typeof reportWeights>[0], {
    cgroups,
    cgroupPaths: { driver: "cgroupfs" },
    limits: { memoryCapacity: 2 ** 30 },
    runtimeName: () => "containerd",
    pod: () => pod,
    log: { info: (message: string) => told.push(message) } as unknown as Logger,
  });
  kernel.set(path, "cpu.weight", weight);
  observer.onChange.tell(uid);
  observer.onChange.tell(uid);
  return told;
}

Deno.test("reportWeights() tells once that the runtime weighs containers by the newer formula", async () => {
  equal((await logged("100")).length, 1);
});

Deno.test("reportWeights() has nothing to tell of kubelet's formula, of others, and on v1", async () => {
  deepEqual([await logged("39"), await logged("77"), await logged("100", 1)], [[], [], []]);
});
