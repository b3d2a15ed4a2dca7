import assert from "node:assert/strict";
import type { Container, Pod } from "../objects/mod.ts";
import { oomScoreAdj } from "./oom.ts";
import { box, exact, podOf, sidecar } from "./testing.ts";

const capacity = 4_000_000_000;
const memory = (name: string, amount: string, more = {}): Container => box(name, { memory: amount }, undefined, more);
const both = { cpu: "1", memory: "1G" };

const cases: [string, Pod, number, string?][] = [
  ["is -997 for a guaranteed pod", podOf([exact("a", both)]), -997],
  ["is 1000 for a best-effort pod", podOf([box("a")]), 1000],
  ["falls with the share of memory that a burstable container requests", podOf([memory("a", "1G")]), 750],
  ["is never 1000 for a burstable pod: best-effort ones go first", podOf([box("a", { cpu: "1" })]), 999],
  ["is at least 3 for a burstable pod: guaranteed ones go last", podOf([memory("a", "4G")]), 3],
  ["is at least 3 although more is requested than there is", podOf([memory("a", "9G")]), 3],
  ["is each container's own within a burstable pod", podOf([memory("a", "1G"), memory("b", "2G")]), 500, "b"],
  ["is 999 for the container of a burstable pod that requests nothing", podOf([memory("a", "1G"), box("b")]), 999, "b"],
  ["rounds the request's share down", podOf([memory("a", "4001k")]), 999],
  [
    "is for a sidecar at most that of the regular container that requests least",
    podOf([memory("a", "2G"), memory("b", "1G")], { initContainers: [memory("mesh", "10M", sidecar)] }),
    750,
    "mesh",
  ],
  [
    "is a sidecar's own where that is lower",
    podOf([memory("a", "1G")], { initContainers: [memory("mesh", "3G", sidecar)] }),
    250,
    "mesh",
  ],
  [
    "is an ordinary init container's own",
    podOf([memory("a", "2G")], { initContainers: [memory("init", "400M")] }),
    900,
    "init",
  ],
  [
    "spreads what the pod requests beyond its containers over all of them",
    podOf([memory("a", "500M"), box("b")], { resources: { requests: { memory: "1500M" } } }),
    750,
    "a",
  ],
  [
    "spreads the pod's request also over init containers",
    podOf([box("a")], { initContainers: [box("init")], resources: { requests: { memory: "2G" } } }),
    750,
    "a",
  ],
  [
    "compares a sidecar with regular containers after spreading",
    podOf([memory("a", "400M")], {
      initContainers: [box("mesh", {}, {}, sidecar)],
      resources: { requests: { memory: "1200M" } },
    }),
    800,
    "mesh",
  ],
  [
    "is -997 for a best-effort pod of class system-node-critical",
    podOf([box("a")], { priorityClassName: "system-node-critical", priority: 2_000_001_000 }),
    -997,
  ],
  [
    "is not lowered by the class system-cluster-critical",
    podOf([box("a")], { priorityClassName: "system-cluster-critical", priority: 2_000_000_000 }),
    1000,
  ],
  ["is not lowered by a high priority alone", podOf([box("a")], { priority: 2_000_001_000 }), 1000],
];

for (const [name, pod, expected, container] of cases) {
  Deno.test(`oomScoreAdj() ${name}`, () => {
    const all = [...pod.spec.containers, ...pod.spec.initContainers ?? []];
    const found = container === undefined ? all[0] : all.find(({ name }) => name === container)!;
    assert.equal(oomScoreAdj(pod, found, capacity), expected);
  });
}
