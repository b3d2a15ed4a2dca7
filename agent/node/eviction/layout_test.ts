import { deepEqual, equal } from "node:assert/strict";
import type { PodStats } from "../../stats/mod.ts";
import { type DiskLayout, layoutName, nodeReclaims, storageUse } from "./layout.ts";
import type { Signal } from "./signals.ts";

const time = "2026-01-01T00:00:00Z";
const one: DiskLayout = { nodefs: "1", imagefs: "1", containerfs: "1" };
const apart: DiskLayout = { nodefs: "1", imagefs: "2", containerfs: "2" };
const split: DiskLayout = { nodefs: "1", imagefs: "2", containerfs: "1" };
const three: DiskLayout = { nodefs: "1", imagefs: "2", containerfs: "3" };
const layersOnly: DiskLayout = { nodefs: "1", imagefs: "1", containerfs: "3" };
const stats: PodStats = {
  podRef: { name: "a", namespace: "default", uid: "a" },
  startTime: time,
  containers: [{
    name: "main",
    startTime: time,
    rootfs: { time, usedBytes: 100, inodesUsed: 1 },
    logs: { time, usedBytes: 10, inodesUsed: 2 },
  }],
  "ephemeral-storage": { time, usedBytes: 111, inodesUsed: 7 },
};

const cases: [layout: DiskLayout, signal: Signal, reclaims: string[], use: number][] = [
  [one, "nodefs.available", ["containers", "images"], 111],
  [one, "imagefs.available", ["containers", "images"], 111],
  [one, "imagefs.inodesFree", ["containers", "images"], 7],
  [apart, "nodefs.available", ["containers"], 11],
  [apart, "nodefs.inodesFree", ["containers"], 6],
  [apart, "imagefs.available", ["containers", "images"], 100],
  [apart, "imagefs.inodesFree", ["containers", "images"], 1],
  [split, "nodefs.available", ["containers"], 111],
  [split, "nodefs.inodesFree", ["containers"], 7],
  [split, "imagefs.available", ["images"], 0],
  [three, "nodefs.available", ["containers"], 11],
  [three, "imagefs.available", ["images"], 0],
  [three, "containerfs.available", ["containers"], 100],
  [layersOnly, "nodefs.available", ["containers", "images"], 11],
  [layersOnly, "containerfs.inodesFree", ["containers"], 1],
];
for (const [layout, signal, reclaims, use] of cases) {
  const { nodefs, imagefs, containerfs } = layout;
  const where = `${layoutName(layout)} (${nodefs} ${imagefs} ${containerfs})`;
  Deno.test(`${where}: what is won back for ${signal}, and what pods hold of it`, () => {
    deepEqual(nodeReclaims(signal, layout), reclaims);
    equal(storageUse(stats, signal, layout), use);
  });
}

Deno.test("layoutName() tells Kubernetes' three layouts from what it has not", () => {
  deepEqual([one, apart, split, three, layersOnly].map(layoutName), [
    "one for all",
    "images apart",
    "split",
    "layers apart",
    "layers apart",
  ]);
});
