import { deepEqual } from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { ClockWatch } from "./clock_watch.ts";

Deno.test("ClockWatch tells of a clock that was set, once, and of no clock that runs", async () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const steps: number[] = [];
  const watch = new ClockWatch(clock, (by) => steps.push(by));
  await clock.advance(3_600_000);
  watch.look();
  deepEqual(steps, []);
  clock.setWall(0);
  watch.look();
  watch.look();
  deepEqual(steps.map((by) => Math.sign(by)), [-1]);
  clock.setWall(Date.UTC(2036, 0, 1));
  watch.look();
  deepEqual(steps.map((by) => Math.sign(by)), [-1, 1]);
});
