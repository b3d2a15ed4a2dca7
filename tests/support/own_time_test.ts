import assert from "node:assert/strict";
import { pressureMs, stolenMs, stopwatch } from "./own_time.ts";

Deno.test("time in which the machine held something up is not a program's own", () => {
  let now = 1000, stalled = 50;
  const watch = stopwatch(() => stalled, () => now);
  now += 700;
  assert.deepEqual([watch.ms, watch.ownMs], [700, 700]);
  stalled += 400;
  assert.deepEqual([watch.ms, watch.ownMs], [700, 300]);
  stalled += 400;
  assert.equal(watch.ownMs, 0);
});

Deno.test("the kernel's count is read in milliseconds", () => {
  const text = "some avg10=74.81 avg60=64.19 avg300=44.71 total=5674514820\nfull avg10=0.00 avg60=0.00 total=7\n";
  assert.equal(pressureMs(text), 5674514.82);
  assert.equal(pressureMs(""), 0);
});

Deno.test("what other guests took of the processors is read from the kernel's times", () => {
  const text = "cpu  3066776 25645 1129162 3284768 54310 0 22626 9838 4 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n";
  assert.equal(stolenMs(text), 98_380);
  assert.equal(stolenMs("cpu  1 2 3 4"), 0);
});
