import { deepEqual, equal } from "node:assert/strict";
import { type NodeWish, registeredNode, type Registration } from "./register.ts";
import type { Node, NodeTaint } from "./types.ts";

const now = Date.UTC(2026, 0, 1);
const base: Registration = {
  name: "edge-1",
  machineLabels: { "kubernetes.io/hostname": "edge-1" },
  podCIDRs: ["10.244.0.0/24"],
  wish: { labels: {}, taints: [] },
  now,
};

function node(more: { labels?: Record<string, string>; taints?: NodeTaint[]; unschedulable?: boolean } = {}): Node {
  const { labels = {}, ...spec } = more;
  return { apiVersion: "v1", kind: "Node", metadata: { name: "edge-1", uid: "u", labels }, spec };
}

const gpu = (value?: string): NodeTaint => ({ key: "gpu", effect: "NoSchedule", ...(value ? { value } : {}) });

Deno.test("registeredNode() makes a node of the machine's labels and addresses", () => {
  deepEqual(registeredNode(undefined, { ...base, wish: { labels: { disk: "ssd" }, taints: [gpu()] } }), {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "edge-1", labels: { disk: "ssd", "kubernetes.io/hostname": "edge-1" } },
    spec: { podCIDR: "10.244.0.0/24", podCIDRs: ["10.244.0.0/24"], taints: [gpu()] },
  });
});

Deno.test("registeredNode() keeps what users set, and sets the machine's labels right", () => {
  const current = {
    ...node({ labels: { "kubernetes.io/hostname": "forged", mine: "1" }, unschedulable: true }),
    metadata: {
      name: "edge-1",
      uid: "u",
      annotations: { a: "b" },
      labels: { "kubernetes.io/hostname": "x", mine: "1" },
    },
  };
  const { metadata, spec } = registeredNode(current, base);
  deepEqual(metadata.labels, { mine: "1", "kubernetes.io/hostname": "edge-1" });
  deepEqual(metadata.annotations, { a: "b" });
  equal(spec.unschedulable, true);
});

Deno.test("registeredNode() changes nothing about a node that is as it should be", () => {
  const once = registeredNode(node({ labels: { mine: "1" }, unschedulable: true }), base);
  deepEqual(registeredNode(once, { ...base, applied: base.wish, now: now + 1000 }), once);
});

const labelCases: [
  name: string,
  had: Record<string, string>,
  applied: string | undefined,
  wish: string | undefined,
  expected: string | undefined,
][] = [
  ["a new label of the configuration is set", {}, undefined, "ssd", "ssd"],
  ["a label that the configuration changed is changed", { disk: "ssd" }, "ssd", "hdd", "hdd"],
  ["a label that users changed stays while the configuration says the same", { disk: "mine" }, "ssd", "ssd", "mine"],
  ["a label that users removed stays away while the configuration says the same", {}, "ssd", "ssd", undefined],
  ["a label that left the configuration goes", { disk: "ssd" }, "ssd", undefined, undefined],
  ["a label that was never of the configuration stays", { disk: "ssd" }, undefined, undefined, "ssd"],
];

for (const [name, had, applied, wish, expected] of labelCases) {
  const as = (value: string | undefined): NodeWish => ({
    labels: value === undefined ? {} : { disk: value },
    taints: [],
  });
  Deno.test(`registeredNode(): ${name}`, () => {
    const made = registeredNode(node({ labels: had }), { ...base, applied: as(applied), wish: as(wish) });
    equal(made.metadata.labels?.disk, expected);
  });
}

const taintCases: [name: string, had: NodeTaint[], applied: NodeTaint[], wish: NodeTaint[], expected: NodeTaint[]][] = [
  ["a new taint of the configuration is set", [], [], [gpu()], [gpu()]],
  ["a taint that users removed stays away", [], [gpu()], [gpu()], []],
  ["a taint that left the configuration goes", [gpu()], [gpu()], [], []],
  ["a taint of users stays", [gpu("mine")], [], [], [gpu("mine")]],
  ["a taint whose value the configuration changed is changed", [gpu("a")], [gpu("a")], [gpu("b")], [gpu("b")]],
];

for (const [name, had, applied, wish, expected] of taintCases) {
  const as = (taints: NodeTaint[]) => ({ labels: {}, taints });
  Deno.test(`registeredNode(): ${name}`, () => {
    const made = registeredNode(node({ taints: had }), { ...base, applied: as(applied), wish: as(wish) });
    deepEqual(made.spec.taints ?? [], expected);
  });
}

Deno.test("registeredNode() taints a cordoned node and takes the taint away again", () => {
  const cordon = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule", timeAdded: "2026-01-01T00:00:00Z" };
  const cordoned = registeredNode(node({ unschedulable: true }), base);
  deepEqual(cordoned.spec.taints, [cordon]);
  const free = { ...cordoned, spec: { ...cordoned.spec, unschedulable: undefined } };
  equal(registeredNode(free, base).spec.taints, undefined);
});

Deno.test("registeredNode() notes when a taint that evicts was added", () => {
  const wish = { labels: {}, taints: [{ key: "role", effect: "NoExecute" }] };
  deepEqual(registeredNode(node(), { ...base, wish }).spec.taints, [
    { key: "role", effect: "NoExecute", timeAdded: "2026-01-01T00:00:00Z" },
  ]);
});

Deno.test("registeredNode() taints a node that is short of something, and takes the taint away again", () => {
  const short = registeredNode(node(), { ...base, pressures: ["DiskPressure"] });
  deepEqual(short.spec.taints, [
    { key: "node.kubernetes.io/disk-pressure", effect: "NoSchedule", timeAdded: "2026-01-01T00:00:00Z" },
  ]);
  equal(registeredNode(short, base).spec.taints, undefined);
});
