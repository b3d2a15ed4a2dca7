import { deepEqual, equal } from "node:assert/strict";
import type { PodStats } from "../../stats/mod.ts";
import { type DiskLayout, nodeReclaims, storageUse } from "./layout.ts";
import type { Signal } from "./signals.ts";

const time = "2026-01-01T00:00:00Z";
const one: DiskLayout = { imagesApart: false, layersApart: false };
const apart: DiskLayout = { imagesApart: true, layersApart: false };
const split: DiskLayout = { imagesApart: true, layersApart: true };
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

const cases: [name: string, layout: DiskLayout, signal: Signal, reclaims: string[], use: number][] = [
  ["one disk for all", one, "nodefs.available", ["containers", "images"], 111],
  ["one disk for all", one, "imagefs.inodesFree", ["containers", "images"], 7],
  ["images apart", apart, "nodefs.available", [], 11],
  ["images apart", apart, "imagefs.available", ["containers", "images"], 100],
  ["images apart from layers", split, "imagefs.available", ["images"], 0],
  ["images apart from layers", split, "nodefs.inodesFree", ["containers"], 7],
];
for (const [name, layout, signal, reclaims, use] of cases) {
  Deno.test(`${name}: what is won back for ${signal}, and what pods hold of it`, () => {
    deepEqual(nodeReclaims(signal, layout), reclaims);
    equal(storageUse(stats, signal, layout), use);
  });
}
