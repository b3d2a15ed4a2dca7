import assert from "node:assert/strict";
import { ManualClock } from "../../clock.ts";
import { IdleTimer } from "./idle.ts";

function timer(ms: number) {
  const clock = new ManualClock();
  const counted = { idle: 0 };
  return { clock, counted, timer: new IdleTimer(ms, clock, () => counted.idle++) };
}

Deno.test("IdleTimer fires once, a whole period after the last touch", async () => {
  const { clock, counted, timer: idle } = timer(1000);
  for (let i = 0; i < 5; i++) {
    await clock.advance(900);
    idle.touch();
  }
  await clock.advance(999);
  assert.equal(counted.idle, 0);
  await clock.advance(1);
  assert.equal(counted.idle, 1);
  await clock.advance(10_000);
  assert.equal(counted.idle, 1);
});

Deno.test("IdleTimer that is stopped, or has no period, never fires", async () => {
  const stopped = timer(1000), never = timer(0);
  stopped.timer.stop();
  await stopped.clock.advance(10_000);
  await never.clock.advance(10_000_000);
  assert.deepEqual([stopped.counted.idle, never.counted.idle], [0, 0]);
});
