import assert from "node:assert/strict";
import { countCrash, crashDelay, restartAt, retryDelay } from "./backoff.ts";
import { ended, pod } from "../testing.ts";

const max = 300_000;
const crash = (id: string, startedAt: number, finishedAt: number) =>
  ended(pod(), "web", 1, { id, startedAt, finishedAt });

Deno.test("crashDelay() is 0, 10, 20, 40, 80, 160, 300, 300 seconds", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7, 8].map((level) => crashDelay(level, max) / 1000), [
    0,
    10,
    20,
    40,
    80,
    160,
    300,
    300,
  ]);
});

Deno.test("crashDelay() stops at a configured maximum and survives absurd levels", () => {
  assert.equal(crashDelay(9, 60_000), 60_000);
  assert.equal(crashDelay(10_000, max), max);
});

Deno.test("countCrash() counts every end of a container once", () => {
  const first = countCrash(undefined, crash("a", 1000, 2000), "h");
  assert.deepEqual(first, { hash: "h", level: 1, containerId: "a", finishedAt: 2000 });
  assert.equal(countCrash(first, crash("a", 1000, 2000), "h"), first);
  assert.equal(countCrash(first, crash("b", 3000, 4000), "h").level, 2);
});

Deno.test("countCrash() begins anew after ten minutes of running, and for another image", () => {
  const many = { hash: "h", level: 5, containerId: "a", finishedAt: 2000 };
  assert.equal(countCrash(many, crash("b", 10_000, 610_000), "h").level, 1);
  assert.equal(countCrash(many, crash("b", 10_000, 609_999), "h").level, 6);
  assert.equal(countCrash(many, crash("b", 10_000, 20_000), "other").level, 1);
});

Deno.test("restartAt() counts from the end of the container", () => {
  const record = { hash: "h", level: 3, containerId: "a", finishedAt: 100_000 };
  assert.equal(restartAt(record, max, 105_000, 7_000), 7_000 + 15_000);
  assert.equal(restartAt(record, max, 200_000, 7_000), 7_000);
});

Deno.test("restartAt() neither loses nor prolongs a back-off when the clock jumps", () => {
  const record = { hash: "h", level: 3, containerId: "a", finishedAt: Date.UTC(2026, 0, 1) };
  assert.equal(restartAt(record, max, 0, 7_000), 7_000 + 20_000);
  assert.equal(restartAt(record, max, Date.UTC(2036, 0, 1), 7_000), 7_000);
});

Deno.test("retryDelay() is 1, 2, 4, 8, 10, 10 seconds", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 60].map((count) => retryDelay(count) / 1000), [1, 2, 4, 8, 10, 10]);
});
