import assert from "node:assert/strict";
import type { LogFile } from "./paths.ts";
import { planCleanup, planRotation, rotationStamp, type RotationStep } from "./rotation.ts";

const now = Date.UTC(2026, 0, 2, 3, 4, 5);
const stampNow = "20260102-030405";

/** Files by what follows `0.log.` in their names. */
function rotated(...suffixes: string[]): LogFile[] {
  return suffixes.map((suffix) => ({
    path: `/logs/0.log.${suffix}`,
    stamp: suffix.split(".")[0],
    compressed: suffix.endsWith(".gz"),
    temporary: suffix.endsWith(".tmp"),
  }));
}

function plan(size: number | undefined, files: LogFile[], policy = {}): string[] {
  const input = { path: "/logs/0.log", size, rotated: () => files, now };
  return planRotation(input, { maxSize: 100, maxFiles: 5, ...policy }).map(text);
}

function text(step: RotationStep): string {
  const name = step.path.slice("/logs/0.log".length + 1) || "current";
  if (step.type === "rotate") return `rotate to ${step.to.slice("/logs/0.log.".length)}`;
  return step.type === "remove" ? `remove ${name}: ${step.reason}` : `${step.type} ${name}`;
}

Deno.test("planRotation() leaves a log below its size alone and does not even list its files", () => {
  const listed = () => assert.fail("not to be listed");
  const input = { path: "/logs/0.log", size: 99, rotated: listed, now };
  assert.deepEqual(planRotation(input, { maxSize: 100, maxFiles: 5 }), []);
});

Deno.test("planRotation() rotates a log that has reached its size", () => {
  assert.deepEqual(plan(100, []), [`rotate to ${stampNow}`]);
});

Deno.test("planRotation() compresses the one before, and nothing twice", () => {
  assert.deepEqual(plan(100, rotated("20260101-000000.gz", "20260101-000001")), [
    "compress 20260101-000001",
    `rotate to ${stampNow}`,
  ]);
});

Deno.test("planRotation() removes the oldest first, so that maxFiles remain with the new one", () => {
  const files = rotated("20260101-000000.gz", "20260101-000001.gz", "20260101-000002.gz", "20260101-000003");
  assert.deepEqual(plan(100, files), [
    "remove 20260101-000000.gz: excess",
    "compress 20260101-000003",
    `rotate to ${stampNow}`,
  ]);
});

Deno.test("planRotation() with two files keeps no older ones and compresses none of those it removes", () => {
  assert.deepEqual(plan(100, rotated("20260101-000001"), { maxFiles: 2 }), [
    "remove 20260101-000001: excess",
    `rotate to ${stampNow}`,
  ]);
});

Deno.test("planRotation() clears what a cut-off compression left", () => {
  const files = rotated("20260101-000000", "20260101-000000.gz", "20260101-000001", "20260101-000001.tmp");
  assert.deepEqual(plan(100, files), [
    "remove 20260101-000000: compressed already",
    "remove 20260101-000001.tmp: temporary",
    "compress 20260101-000001",
    `rotate to ${stampNow}`,
  ]);
});

Deno.test("planRotation() never takes a name that is there, and keeps names in order when the clock went back", () => {
  assert.deepEqual(plan(100, rotated(stampNow)).at(-1), "rotate to 20260102-030406");
  assert.deepEqual(plan(100, rotated("20300101-000000.gz")).at(-1), "rotate to 20300101-000001");
  assert.deepEqual(plan(100, rotated("garbage")).at(-1), `rotate to ${stampNow}`);
});

Deno.test("planRotation() has a missing log reopened", () => {
  assert.deepEqual(plan(undefined, []), ["reopen current"]);
});

Deno.test("planRotation() does nothing when rotation is off", () => {
  assert.deepEqual(plan(1e9, rotated("20260101-000000"), { maxSize: -1 }), []);
  assert.deepEqual(plan(undefined, [], { maxSize: -1 }), []);
});

Deno.test("planCleanup() removes left-overs and touches nothing else", () => {
  const files = rotated("20260101-000000", "20260101-000000.gz", "20260101-000001.tmp", "20260101-000002");
  assert.deepEqual(planCleanup(files).map(text), [
    "remove 20260101-000000: compressed already",
    "remove 20260101-000001.tmp: temporary",
  ]);
});

Deno.test("rotationStamp() sorts by time", () => {
  assert.equal(rotationStamp(now), stampNow);
  assert.ok(rotationStamp(now) < rotationStamp(now + 1000));
});
