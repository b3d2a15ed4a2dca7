import { deepEqual } from "node:assert/strict";
import fc from "fast-check";
import { rankPods } from "./rank.ts";
import type { StarvedResource } from "./signals.ts";
import { mebi, testPod } from "./testing.ts";

type Given = [name: string, used: number, how?: Parameters<typeof testPod>[1]];
const asks = (memory: string, priority?: number) => ({ requests: { memory, "ephemeral-storage": memory }, priority });

const cases: [what: string, resource: StarvedResource, pods: Given[], expected: string[]][] = [
  ["use beyond the request comes before everything", "memory", [
    ["within", 900 * mebi, asks("1Gi")],
    ["beyond", 20 * mebi, asks("10Mi", 1000)],
  ], ["beyond", "within"]],
  ["then the lower priority", "memory", [
    ["high", 500 * mebi, { priority: 10 }],
    ["low", 10 * mebi, { priority: -10 }],
    ["none", 20 * mebi],
  ], ["low", "none", "high"]],
  ["then the larger use beyond the request", "memory", [
    ["asked", 300 * mebi, asks("280Mi")],
    ["large", 100 * mebi],
    ["small", 30 * mebi],
  ], ["large", "small", "asked"]],
  ["those within their request follow by priority and use", "memory", [
    ["close", 90 * mebi, asks("100Mi")],
    ["far", 10 * mebi, asks("100Mi")],
    ["low", 1 * mebi, asks("100Mi", -1)],
  ], ["low", "close", "far"]],
  ["disk is ranked by requests of ephemeral storage", "ephemeral-storage", [
    ["within", 900 * mebi, asks("1Gi")],
    ["beyond", 20 * mebi],
  ], ["beyond", "within"]],
  ["inodes by priority and use: nobody can request them", "inodes", [
    ["asked", 900, asks("1Gi")],
    ["high", 5000, { priority: 10 }],
    ["few", 10],
  ], ["asked", "few", "high"]],
  ["pids by priority and number", "pids", [
    ["high", 5000, { priority: 10 }],
    ["few", 10],
    ["many", 100, asks("1Gi")],
  ], ["many", "few", "high"]],
  ["critical pods stay, whatever they use", "memory", [
    ["priority", 900 * mebi, { priority: 2_000_000_000 }],
    ["class", 900 * mebi, { more: { priorityClassName: "system-node-critical" } }],
    ["almost", 1 * mebi, { priority: 1_999_999_999 }],
  ], ["almost"]],
  ["who holds nothing wins nothing", "memory", [["nothing", 0], ["some", 1]], ["some"]],
];

for (const [what, resource, pods, expected] of cases) {
  Deno.test(`rankPods() ${resource}: ${what}`, () => {
    const candidates = pods.map(([name, used, how]) => ({ pod: testPod(name, how), used }));
    deepEqual(rankPods(candidates, resource).map(({ pod }) => pod.metadata.name), expected);
    deepEqual(rankPods(candidates.reverse(), resource).map(({ pod }) => pod.metadata.name), expected);
  });
}

Deno.test("rankPods() gives one order whatever the order of its input", () => {
  const candidate = fc.record({
    used: fc.nat({ max: 3 }),
    priority: fc.nat({ max: 2 }),
    request: fc.constantFrom(undefined, "1", "2"),
  });
  fc.assert(
    fc.property(
      fc.array(candidate, { maxLength: 8 }),
      fc.constantFrom("memory", "pids", "inodes"),
      (list, resource) => {
        const candidates = list.map(({ used, priority, request }, at) => ({
          pod: testPod(`pod-${at}`, { priority, ...(request ? { requests: { memory: request } } : {}) }),
          used,
        }));
        const order = (some: typeof candidates) =>
          rankPods(some, resource as StarvedResource).map(({ pod }) => pod.metadata.name);
        deepEqual(order([...candidates].reverse()), order(candidates));
      },
    ),
  );
});
