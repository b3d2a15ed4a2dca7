import { deepEqual, equal } from "node:assert/strict";
import { type EvictionMemory, noMemory, planEviction } from "./plan.ts";
import { left, mebi, threshold } from "./testing.ts";
import { thresholdKey } from "./thresholds.ts";

const transitionMs = 300_000;
const hard = threshold("memory.available", "100Mi");
const soft = threshold("memory.available", "300Mi", { graceMs: 60_000 });
const disk = threshold("nodefs.available", "10%", { minReclaim: { quantity: 50 * mebi, text: "50Mi" } });
const pids = threshold("pid.available", "100");
const all = [pids, disk, soft, hard];

function plan(amounts: Parameters<typeof left>[0], now: number, before: EvictionMemory = noMemory) {
  const planned = planEviction(all, left(amounts), before, { now, transitionMs });
  return { ...planned, due: planned.due.map(thresholdKey) };
}

Deno.test("planEviction() does nothing while enough is left, or nothing is known", () => {
  const { pressures, due, nextAt } = plan({ "memory.available": 500 * mebi, "nodefs.available": 100 * mebi }, 0);
  deepEqual([pressures, due, nextAt], [[], [], undefined]);
  deepEqual(plan({}, 0).due, []);
});

Deno.test("planEviction() acts on a hard threshold at once, on memory before all else", () => {
  const { pressures, due } = plan({
    "pid.available": 99,
    "nodefs.available": 99 * mebi,
    "memory.available": 99 * mebi,
  }, 0);
  deepEqual(due, ["memory.available", "nodefs.available", "pid.available"]);
  deepEqual(pressures, ["MemoryPressure", "DiskPressure", "PIDPressure"]);
});

Deno.test("planEviction() shows a soft threshold at once, and acts when it was met for its whole grace", () => {
  const low = { "memory.available": 200 * mebi };
  const first = plan(low, 1000);
  deepEqual([first.pressures, first.due, first.nextAt], [["MemoryPressure"], [], 61_000]);
  const later = plan(low, 60_999, first.memory);
  deepEqual(later.due, []);
  deepEqual(plan(low, 61_000, later.memory).due, ["memory.available/soft"]);
  const relieved = plan({ "memory.available": 400 * mebi }, 30_000, first.memory);
  deepEqual(plan(low, 70_000, relieved.memory).due, [], "the grace counts anew");
});

Deno.test("planEviction() holds a condition until the transition period after the pressure was seen to be over", () => {
  const enough = { "memory.available": 500 * mebi };
  const first = plan({ "memory.available": 50 * mebi }, 0);
  const over = plan(enough, 9000, first.memory);
  const end = 9000 + transitionMs;
  deepEqual([over.pressures, over.due, over.nextAt], [["MemoryPressure"], [], end]);
  const later = plan(enough, end - 1, over.memory);
  deepEqual([later.pressures, later.nextAt], [["MemoryPressure"], end]);
  deepEqual(plan(enough, end, later.memory).pressures, []);
});

Deno.test("planEviction() goes on until the minimum reclaim is won back, and does not begin for its sake", () => {
  equal(plan({ "nodefs.available": 120 * mebi }, 0).due.length, 0);
  const met = plan({ "nodefs.available": 90 * mebi }, 0);
  const some = plan({ "nodefs.available": 140 * mebi }, 1000, met.memory);
  deepEqual(some.due, ["nodefs.available"]);
  deepEqual(plan({ "nodefs.available": 150 * mebi }, 2000, some.memory).due, []);
});
