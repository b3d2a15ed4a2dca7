import { equal } from "node:assert/strict";
import { nextLookMs } from "./pace.ts";
import { left, mebi, threshold } from "./testing.ts";

const memory = [threshold("memory.available", "100Mi")];
const gibi = 1024 * mebi;

const cases: [what: string, available: number, memoryIsTold: boolean, ms: number][] = [
  ["far away", 64 * gibi, false, 10_000],
  ["as far as a fast program gets in a while", 6 * gibi + 100 * mebi, false, 3000],
  ["not near", gibi, false, 1000],
  ["below twice the threshold", 199 * mebi, false, 250],
  ["below twice the threshold where the kernel tells", 199 * mebi, true, 10_000],
];
for (const [what, available, memoryIsTold, ms] of cases) {
  Deno.test(`nextLookMs() with memory ${what} is ${ms} ms`, () => {
    equal(nextLookMs(memory, left({ "memory.available": available }), { memoryIsTold }), ms);
  });
}

Deno.test("nextLookMs() of disks and pids is never so short that it costs much", () => {
  const thresholds = [threshold("nodefs.available", "100Mi"), threshold("pid.available", "100")];
  const of = (amounts: Parameters<typeof left>[0]) => nextLookMs(thresholds, left(amounts), { memoryIsTold: true });
  equal(of({ "nodefs.available": 150 * mebi }), 1000);
  equal(of({ "nodefs.available": 4 * gibi + 100 * mebi }), 4000);
  equal(of({ "pid.available": 150 }), 250);
  equal(of({}), 10_000);
});

Deno.test("nextLookMs() of a large disk that is rather full is as slow as that of an empty one", () => {
  const ms = nextLookMs([threshold("imagefs.available", "15%")], left({ "imagefs.available": 74 * gibi }, 252 * gibi), {
    memoryIsTold: true,
  });
  equal(ms, 10_000);
});
