import { equal } from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { keepSmall } from "./memory.ts";

Deno.test("memory is given back once the node has started, then every ten minutes, until the end", async () => {
  const clock = new ManualClock();
  let times = 0;
  const end = keepSmall(clock, () => void times++);
  await clock.advance(19_000);
  equal(times, 0);
  await clock.advance(1000);
  equal(times, 1);
  await clock.advance(1_200_000);
  equal(times, 3);
  end();
  await clock.advance(1_200_000);
  equal(times, 3);
});
