import { deepEqual } from "node:assert/strict";
import { hintsOf } from "./hints.ts";
import { serviceGroups } from "./service_slices.ts";
import { testPod, testService } from "./testing.ts";

const zone = { forZones: [{ name: "cellar" }] }, node = { forNodes: [{ name: "edge-1" }] };

const cases: [name: string, distribution: string | undefined, zone: string | undefined, hints: object | undefined][] = [
  ["without the field: none", undefined, "cellar", undefined],
  ["PreferClose: the zone", "PreferClose", "cellar", zone],
  ["PreferSameZone: the zone", "PreferSameZone", "cellar", zone],
  ["PreferSameZone in no zone: none", "PreferSameZone", undefined, undefined],
  ["PreferSameNode: node and zone", "PreferSameNode", "cellar", { ...zone, ...node }],
  ["PreferSameNode in no zone: the node", "PreferSameNode", undefined, node],
];
for (const [name, trafficDistribution, zone, hints] of cases) {
  Deno.test(`hintsOf(): ${name}`, () => {
    deepEqual(hintsOf(testService("web", { trafficDistribution }), "edge-1", zone), hints);
  });
}

Deno.test("hintsOf(): the annotation that shares endpoints out to zones beats the field", () => {
  const hints = (annotations: Record<string, string>) =>
    hintsOf(testService("web", { trafficDistribution: "PreferSameZone" }, { annotations }), "edge-1", "cellar");
  deepEqual(hints({ "service.kubernetes.io/topology-mode": "Auto" }), undefined);
  deepEqual(hints({ "service.kubernetes.io/topology-aware-hints": "auto" }), undefined);
  deepEqual(hints({ "service.kubernetes.io/topology-mode": "Disabled" }), zone);
});

Deno.test("serviceGroups() gives hints to ready endpoints alone", () => {
  const service = testService("web", { trafficDistribution: "PreferSameNode" });
  const pods = [
    testPod("a", { ips: ["10.0.0.1"] }),
    testPod("b", { ips: ["10.0.0.2"], ready: false }),
    testPod("c", { ips: ["10.0.0.3"], ending: true }),
  ];
  const [{ endpoints }] = serviceGroups(service, pods, () => "cellar");
  deepEqual(endpoints.map(({ hints }) => hints), [{ ...zone, ...node }, undefined, undefined]);
});
