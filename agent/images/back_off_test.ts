import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { PullBackOff } from "./back_off.ts";

Deno.test("PullBackOff doubles from 10 s to 300 s and remembers why", async () => {
  const clock = new ManualClock();
  const backOff = new PullBackOff(clock);
  assert.deepEqual(backOff.left("a"), { ms: 0, message: "" });
  const waits = [];
  for (let i = 0; i < 7; i++) {
    waits.push(backOff.failed("a", `failure ${i}`));
    await clock.advance(waits[i]);
    assert.deepEqual(backOff.left("a"), { ms: 0, message: `failure ${i}` });
  }
  assert.deepEqual(waits, [10, 20, 40, 80, 160, 300, 300].map((s) => s * 1000));
  assert.equal(backOff.left("b").ms, 0);
});

Deno.test("PullBackOff starts anew after a success, a removed pod, and ten quiet minutes", async () => {
  const clock = new ManualClock();
  const backOff = new PullBackOff(clock);
  for (const reset of [() => backOff.succeeded("u\0a"), () => backOff.forget("u\0"), () => clock.advance(600_001)]) {
    backOff.failed("u\0a", "x");
    assert.equal(backOff.failed("u\0a", "x"), 20_000);
    await reset();
    assert.equal(backOff.failed("u\0a", "x"), 10_000);
    backOff.succeeded("u\0a");
  }
});

Deno.test("PullBackOff does not follow the wall clock", async () => {
  const clock = new ManualClock();
  const backOff = new PullBackOff(clock);
  backOff.failed("a", "x");
  clock.setWall(0);
  await clock.advance(4_000);
  assert.equal(backOff.left("a").ms, 6_000);
});
