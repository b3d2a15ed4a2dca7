import { deepEqual, equal } from "node:assert/strict";
import { awayMs, nextEvictions, planComeback, type Waiting } from "./comeback.ts";
import { testPod } from "./testing.ts";

const second = 1000, minute = 60 * second;
const now = 1_000_000_000;
const waiting = (name: string, level: number, agoMs: number, priority = 0): Waiting => ({
  pod: testPod(name, { priority }),
  evictions: { level, at: now - agoMs },
});
const plan = (pods: Waiting[], more: Partial<Parameters<typeof planComeback>[1]> = {}) => {
  const { comes, inMs } = planComeback(pods, { now, lastAgoMs: Infinity, short: false, ...more });
  return comes?.metadata.name ?? inMs;
};

Deno.test("awayMs() doubles up to half an hour", () => {
  deepEqual([1, 2, 3, 7, 50].map(awayMs), [30 * second, minute, 2 * minute, 30 * minute, 30 * minute]);
});

Deno.test("nextEvictions() counts those in a row, and begins anew after a long time without", () => {
  deepEqual(nextEvictions(undefined, now, 5 * second), { level: 1, at: now });
  deepEqual(nextEvictions({ level: 2, at: 0 }, now, 9 * minute).level, 3);
  deepEqual(nextEvictions({ level: 2, at: 0 }, now, 10 * minute).level, 1);
  deepEqual(nextEvictions({ level: 7, at: 0 }, now, 59 * minute).level, 8, "twice as long as it stayed away");
});

Deno.test("planComeback() brings nobody back while the node is short of something", () => {
  equal(plan([waiting("a", 1, minute)], { short: true }), undefined);
  equal(plan([]), undefined);
});

Deno.test("planComeback() waits for the back-off", () => {
  equal(plan([waiting("a", 1, 10 * second)]), 20 * second);
  equal(plan([waiting("a", 1, 30 * second)]), "a");
  equal(plan([waiting("a", 3, minute), waiting("b", 2, 50 * second)]), 10 * second);
});

Deno.test("planComeback() brings back one at a time, the more important first", () => {
  const both = [waiting("a", 1, 5 * minute), waiting("b", 1, minute, 10)];
  equal(plan(both), "b");
  equal(plan(both, { lastAgoMs: 10 * second }), 20 * second);
});

Deno.test("planComeback() waits no longer than the back-off, whatever the clock says", () => {
  equal(plan([waiting("a", 1, -1e9)]), 30 * second);
  equal(plan([{ pod: testPod("a"), evictions: undefined }]), "a", "its record is lost");
});
