import assert from "node:assert/strict";
import type { Pod } from "../objects/mod.ts";
import { type QosClass, qosClass } from "./qos.ts";
import { box, exact, podOf, sidecar } from "./testing.ts";

const both = { cpu: "1", memory: "1Gi" };

const cases: [string, Pod, QosClass][] = [
  ["is BestEffort when nobody asks for anything", podOf([box("a")]), "BestEffort"],
  ["is BestEffort when all amounts are zero", podOf([exact("a", { cpu: "0", memory: "0" })]), "BestEffort"],
  ["looks only at CPU and memory", podOf([exact("a", { "ephemeral-storage": "1Gi" })]), "BestEffort"],
  [
    "is Guaranteed when every container's requests are its limits",
    podOf([exact("a", both), exact("b", both)]),
    "Guaranteed",
  ],
  ["compares amounts, not spellings", podOf([box("a", { cpu: "1000m", memory: "1024Mi" }, both)]), "Guaranteed"],
  ["is Burstable when a limit exceeds its request", podOf([box("a", both, { cpu: "2", memory: "1Gi" })]), "Burstable"],
  ["is Burstable when memory is not limited", podOf([exact("a", { cpu: "1" })]), "Burstable"],
  ["is Burstable when one container of two asks for nothing", podOf([exact("a", both), box("b")]), "Burstable"],
  ["is Burstable when there are requests without limits", podOf([box("a", both)]), "Burstable"],
  [
    "is Burstable when there are limits with lower requests of one resource",
    podOf([box("a", { cpu: "1" }, both)]),
    "Burstable",
  ],
  ["counts init containers", podOf([exact("a", both)], { initContainers: [box("init")] }), "Burstable"],
  ["counts sidecars", podOf([exact("a", both)], { initContainers: [exact("mesh", both, sidecar)] }), "Guaranteed"],
  [
    "goes by the pod's own resources where it has them",
    podOf([box("a")], { resources: { requests: both, limits: both } }),
    "Guaranteed",
  ],
  [
    "is Burstable by the pod's own resources although the containers' would make it Guaranteed",
    podOf([exact("a", both)], { resources: { limits: { cpu: "4", memory: "4Gi" }, requests: both } }),
    "Burstable",
  ],
  ["does not take an empty spec.resources for resources", podOf([exact("a", both)], { resources: {} }), "Guaranteed"],
];

for (const [name, pod, expected] of cases) {
  Deno.test(`qosClass() ${name}`, () => assert.equal(qosClass(pod), expected));
}
