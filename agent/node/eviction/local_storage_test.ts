import { equal } from "node:assert/strict";
import type { PodStats } from "../../stats/mod.ts";
import { hasStorageLimits, storageExcess } from "./local_storage.ts";
import { mebi, testPod } from "./testing.ts";

const time = "2026-01-01T00:00:00Z";
const used = (volume: number, rootfs: number, logs = 0): PodStats => ({
  podRef: { name: "a", namespace: "default", uid: "a" },
  startTime: time,
  containers: [{
    name: "main",
    startTime: time,
    rootfs: { time, usedBytes: rootfs * mebi },
    logs: { time, usedBytes: logs * mebi },
  }],
  volume: [{ name: "data", time, usedBytes: volume * mebi }],
  "ephemeral-storage": { time, usedBytes: (volume + rootfs + logs) * mebi },
});
const volume = (sizeLimit?: string) => ({
  more: { volumes: [{ name: "data", emptyDir: sizeLimit ? { sizeLimit } : {} }] },
});
const limited = { limits: { "ephemeral-storage": "10Mi" } };

const cases: [what: string, pod: Parameters<typeof testPod>[1], stats: PodStats, signal?: string][] = [
  ["an emptyDir at its limit", volume("10Mi"), used(10, 500)],
  ["an emptyDir beyond its limit", volume("10Mi"), used(11, 0), "emptydirfs.limit"],
  ["an emptyDir without a limit", volume(), used(500, 0)],
  [
    "a pod whose parts are beyond its limit together",
    { ...limited, ...volume() },
    used(5, 4, 2),
    "ephemeralpodfs.limit",
  ],
  ["a pod within its limit", { ...limited, ...volume() }, used(5, 4, 1)],
];
for (const [what, how, stats, signal] of cases) {
  Deno.test(`storageExcess(): ${what} ${signal ? "is" : "is not"} too much`, () => {
    equal(storageExcess(testPod("a", how), stats)?.signal, signal);
  });
}

Deno.test("storageExcess(): a container beyond its own limit, though the pod is within the sum", () => {
  const pod = testPod("a", limited);
  pod.spec.containers.push({ name: "other", image: "web", resources: { limits: { "ephemeral-storage": "90Mi" } } });
  equal(storageExcess(pod, used(0, 9, 2))?.signal, "ephemeralcontainerfs.limit");
});

Deno.test("hasStorageLimits() says whether anything has to be measured", () => {
  equal(hasStorageLimits(testPod("a", volume())), false);
  equal(hasStorageLimits(testPod("a", volume("0"))), false);
  equal(hasStorageLimits(testPod("a", volume("1Mi"))), true);
  equal(hasStorageLimits(testPod("a", limited)), true);
});
