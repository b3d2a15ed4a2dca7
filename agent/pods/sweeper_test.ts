import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { silentLogger } from "../telemetry/log.ts";
import { Sweeper } from "./sweeper.ts";

Deno.test("what cannot be swept is tried again with growing pauses, until it is gone", async () => {
  const clock = new ManualClock();
  const at: number[] = [];
  const outcomes = [() => 2, () => assert.fail("no"), () => 1, () => 0, () => 0];
  const sweeper = new Sweeper({
    sweep: async () => {
      at.push(clock.mono());
      return outcomes.shift()!();
    },
    clock,
    log: silentLogger,
  });
  await sweeper.start();
  await clock.advance(24 * 3600_000);
  assert.deepEqual(at, [0, 60_000, 180_000, 420_000]);
});

Deno.test("a sweeper that was stopped tries nothing again", async () => {
  const clock = new ManualClock();
  let count = 0;
  const sweeper = new Sweeper({ sweep: () => Promise.resolve(++count), clock, log: silentLogger });
  await sweeper.start();
  sweeper.stop();
  await clock.advance(3600_000);
  assert.equal(count, 1);
});
