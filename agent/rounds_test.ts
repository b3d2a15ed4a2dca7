import { deepEqual, equal } from "node:assert/strict";
import { ManualClock } from "./clock.ts";
import { type Logger, silentLogger } from "./telemetry/log.ts";
import { Rounds } from "./rounds.ts";

function setUp(round: () => Promise<number | void> | number | void) {
  const clock = new ManualClock();
  const told: string[] = [];
  const log: Logger = { ...silentLogger, warn: (message) => void told.push(message) };
  return { clock, told, rounds: new Rounds({ name: "test", round, clock, log }) };
}

Deno.test("Rounds takes what happens in one turn in one round, and what happens meanwhile in another", async () => {
  let count = 0;
  const { rounds } = setUp(() => {
    if (++count === 1) rounds.wake();
  });
  rounds.wake();
  rounds.wake();
  await rounds.idle();
  equal(count, 2);
});

Deno.test("Rounds never runs two at once", async () => {
  let inside = 0;
  let most = 0;
  const { rounds } = setUp(async () => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 0));
    inside--;
  });
  for (let i = 0; i < 5; i++) {
    rounds.wake();
    await Promise.resolve();
  }
  await rounds.idle();
  equal(most, 1);
});

Deno.test("Rounds repeats one that failed, each time later, and tells of it once", async () => {
  const at: number[] = [];
  const { rounds, clock, told } = setUp(() => {
    at.push(clock.mono());
    if (at.length < 4) throw new Error("the disk is full");
  });
  rounds.wake();
  await clock.advance(60_000);
  deepEqual(at, [0, 500, 1500, 3500]);
  deepEqual(told, ["A round of the test failed; it is repeated"]);
});

Deno.test("Rounds comes back when a round said so, and sooner when it is woken", async () => {
  const at: number[] = [];
  const { rounds, clock } = setUp(() => {
    at.push(clock.mono());
    return at.length < 3 ? clock.mono() + 1000 : undefined;
  });
  rounds.wake();
  await clock.advance(400);
  rounds.wake();
  await clock.advance(5000);
  deepEqual(at, [0, 400, 1400]);
});

Deno.test("Rounds that is stopped runs no more", async () => {
  let count = 0;
  const { rounds, clock } = setUp(() => {
    count++;
    return clock.mono() + 10;
  });
  rounds.wake();
  await clock.advance(0);
  await rounds.stop();
  rounds.wake();
  await clock.advance(1000);
  equal(count, 1);
});
