import assert from "node:assert/strict";
import type { Pod } from "../objects/mod.ts";
import { type AggregateOptions, type Amounts, podLimits, podRequests } from "./requests.ts";
import { box, podOf, sidecar } from "./testing.ts";

const Mi = 2 ** 20;
const cpu = (amount: string, more = {}) => box(`c${amount}`, { cpu: amount }, undefined, more);

const requests: [string, Pod, Amounts, AggregateOptions?][] = [
  ["is empty for a pod that asks for nothing", podOf([box("a")]), {}],
  ["adds up containers", podOf([cpu("100m"), box("b", { cpu: "0.25", memory: "64Mi" })]), {
    cpu: 350,
    memory: 64 * Mi,
  }],
  [
    "takes the largest init container where it exceeds the rest",
    podOf([cpu("100m")], { initContainers: [cpu("2"), cpu("1")] }),
    { cpu: 2000 },
  ],
  ["leaves init containers out that need less", podOf([cpu("3")], { initContainers: [cpu("2")] }), { cpu: 3000 }],
  ["adds sidecars to the containers", podOf([cpu("1")], { initContainers: [cpu("500m", sidecar)] }), { cpu: 1500 }],
  [
    "adds to an init container the sidecars that started before it",
    podOf([cpu("100m")], { initContainers: [cpu("500m", sidecar), cpu("2")] }),
    { cpu: 2500 },
  ],
  [
    "does not add to an init container the sidecars that start after it",
    podOf([cpu("100m")], { initContainers: [cpu("2"), cpu("500m", sidecar)] }),
    { cpu: 2000 },
  ],
  [
    "judges each resource for itself",
    podOf([box("a", { cpu: "1", memory: "10Mi" })], { initContainers: [box("i", { cpu: "100m", memory: "20Mi" })] }),
    { cpu: 1000, memory: 20 * Mi },
  ],
  ["adds overhead", podOf([cpu("1")], { overhead: { cpu: "250m", memory: "120Mi" } }), { cpu: 1250, memory: 120 * Mi }],
  ["leaves overhead out when asked to", podOf([cpu("1")], { overhead: { cpu: "250m" } }), { cpu: 1000 }, {
    withoutOverhead: true,
  }],
  [
    "replaces the sum by the pod's own requests and adds overhead to them",
    podOf([cpu("1"), box("b", { memory: "5Mi" })], { resources: { requests: { cpu: "4" } }, overhead: { cpu: "1" } }),
    { cpu: 5000, memory: 5 * Mi },
  ],
  [
    "does not let spec.resources name what only containers can",
    podOf([cpu("1")], { resources: { requests: { "ephemeral-storage": "1Gi" } } }),
    { cpu: 1000 },
  ],
  ["keeps extended resources as counts", podOf([box("a", { "example.com/gpu": "2" })]), { "example.com/gpu": 2 }],
];

for (const [name, pod, expected, options] of requests) {
  Deno.test(`podRequests() ${name}`, () => assert.deepEqual(podRequests(pod, options), expected));
}

Deno.test("podLimits() widens an existing limit by the overhead and makes no new one of it", () => {
  const pod = podOf([box("a", {}, { cpu: "1" })], { overhead: { cpu: "100m", memory: "64Mi" } });
  assert.deepEqual(podLimits(pod), { cpu: 1100 });
});

Deno.test("podLimits() counts sidecars and the peak of init containers as podRequests() does", () => {
  const limit = (amount: string, more = {}) => box(`m${amount}`, {}, { memory: amount }, more);
  const pod = podOf([limit("10Mi")], { initContainers: [limit("5Mi", sidecar), limit("100Mi")] });
  assert.deepEqual(podLimits(pod), { memory: 105 * Mi });
});

Deno.test("podLimits() replaces the sum by the pod's own limits", () => {
  const pod = podOf([box("a", {}, { cpu: "1" })], { resources: { limits: { cpu: "3", memory: "1Mi" } } });
  assert.deepEqual(podLimits(pod), { cpu: 3000, memory: Mi });
});
