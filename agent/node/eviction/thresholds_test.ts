import { deepEqual, equal } from "node:assert/strict";
import { neededOf, type ThresholdConfig, thresholdsOf, thresholdValue } from "./thresholds.ts";

const values: [text: string, expected: ReturnType<typeof thresholdValue>][] = [
  ["100Mi", { quantity: 100 * 2 ** 20, text: "100Mi" }],
  ["1.5Gi", { quantity: 1.5 * 2 ** 30, text: "1536Mi" }],
  ["1G", { quantity: 1e9, text: "1G" }],
  ["10%", { percent: 10 }],
  ["2.5%", { percent: 2.5 }],
  ["0%", undefined],
  ["100%", undefined],
  ["0", undefined],
];

for (const [text, expected] of values) {
  Deno.test(`thresholdValue(${text}) is ${expected ? JSON.stringify(expected) : "none"}`, () => {
    deepEqual(thresholdValue(text), expected);
  });
}

const config = (more: Partial<ThresholdConfig> = {}): ThresholdConfig => ({
  hard: {},
  soft: {},
  softGraceMs: {},
  minimumReclaim: {},
  podsLimited: false,
  ...more,
});
const names = (more: Partial<ThresholdConfig>) =>
  thresholdsOf(config(more)).map(({ signal, graceMs }) => `${signal} ${graceMs}`);

Deno.test("thresholdsOf() has hard and soft thresholds side by side", () => {
  deepEqual(
    names({
      hard: { "memory.available": "100Mi" },
      soft: { "memory.available": "10%" },
      softGraceMs: { "memory.available": 90_000 },
    }),
    ["memory.available 0", "memory.available 90000"],
  );
});

Deno.test("thresholdsOf() leaves out what is switched off", () => {
  deepEqual(names({ hard: { "nodefs.available": "0%", "pid.available": "10%" } }), ["pid.available 0"]);
});

Deno.test("thresholdsOf() has for containerfs what nodefs has, whatever is said of it", () => {
  const found = thresholdsOf(config({
    hard: { "nodefs.available": "10%", "imagefs.available": "15%", "containerfs.available": "7%" },
    soft: { "nodefs.inodesFree": "6%", "containerfs.inodesFree": "7%" },
    softGraceMs: { "nodefs.inodesFree": 1000 },
    minimumReclaim: { "nodefs.available": "1Gi", "containerfs.available": "2Gi" },
  })).filter(({ signal }) => signal.startsWith("containerfs."));
  deepEqual(found, [
    {
      signal: "containerfs.available",
      value: { percent: 10 },
      minReclaim: { quantity: 2 ** 30, text: "1Gi" },
      graceMs: 0,
    },
    { signal: "containerfs.inodesFree", value: { percent: 6 }, graceMs: 1000 },
  ]);
});

Deno.test("thresholdsOf() guards the limit of all pods together by the hard threshold of memory", () => {
  const hard = { "memory.available": "100Mi" };
  deepEqual(names({ hard, podsLimited: true }), ["memory.available 0", "allocatableMemory.available 0"]);
  deepEqual(names({ hard: { ...hard, "allocatableMemory.available": "5%" }, podsLimited: true }), [
    "memory.available 0",
    "allocatableMemory.available 0",
  ]);
});

Deno.test("neededOf() is a part of the capacity, and more once the threshold was met", () => {
  const [threshold] = thresholdsOf(
    config({ hard: { "nodefs.available": "10%" }, minimumReclaim: { "nodefs.available": "5Mi" } }),
  );
  equal(neededOf(threshold, 100 * 2 ** 20, false), 10 * 2 ** 20);
  equal(neededOf(threshold, 100 * 2 ** 20, true), 15 * 2 ** 20);
});
