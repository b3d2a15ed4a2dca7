import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { type Point, UsageSampler } from "./sampler.ts";

/** A thing that uses half a core, and what looked at it when. */
function setUp() {
  const clock = new ManualClock();
  const looks: number[] = [];
  const startedAt = clock.now() - 3_600_000;
  const points = new Map<string, (mono: number) => Point>([
    ["half", (mono) => ({ cpuNs: 1e9 + mono * 500_000, workingSetBytes: 1000 + mono, startedAt })],
  ]);
  const sampler = new UsageSampler({
    clock,
    look: () => {
      looks.push(clock.mono());
      return new Map([...points].map(([key, point]) => [key, point(clock.mono())]));
    },
  });
  /** Asks, letting the first window pass. */
  const ask = async () => {
    const asked = sampler.ask();
    if (!sampler.active) await clock.advance(1000);
    await asked;
  };
  return { clock, looks, points, sampler, ask };
}

Deno.test("nothing is looked at while nobody asks", async () => {
  const { clock, looks, sampler } = setUp();
  await clock.advance(3_600_000);
  assert.deepEqual(looks, []);
  assert.equal(sampler.active, false);
  assert.equal(sampler.rate("half"), undefined);
});

Deno.test("who asks first waits a second for two looks; those who ask meanwhile wait with them", async () => {
  const { clock, looks, sampler } = setUp();
  let answered = 0;
  const both = Promise.all([sampler.ask(), sampler.ask()].map((asked) => asked.then(() => answered++)));
  await clock.advance(999);
  assert.equal(answered, 0);
  await clock.advance(1);
  await both;
  assert.deepEqual(looks, [0, 1000]);
  assert.deepEqual(sampler.rate("half"), { nanoCores: 500_000_000, workingSetBytes: 2000, windowMs: 1000 });
});

Deno.test("a later question is answered at once, by a look of that moment against the one before", async () => {
  const { clock, looks, sampler, ask } = setUp();
  await ask();
  await clock.advance(7000);
  await ask();
  assert.deepEqual(looks, [0, 1000, 8000]);
  assert.deepEqual(sampler.rate("half"), { nanoCores: 500_000_000, workingSetBytes: 9000, windowMs: 7000 });
  await clock.advance(500);
  await ask();
  assert.equal(looks.length, 3, "a look half a second old is of this moment");
});

Deno.test("sampling goes on every fifteen seconds and ends five minutes after the last question", async () => {
  const { clock, looks, sampler, ask } = setUp();
  await ask();
  await clock.advance(299_000);
  const during = looks.length;
  assert.ok(during >= 20 && during <= 22, String(during));
  await clock.advance(60_000);
  const after = looks.length;
  assert.ok(after - during <= 1);
  assert.equal(sampler.active, false);
  await clock.advance(3_600_000);
  assert.equal(looks.length, after);
  await ask();
  assert.equal(sampler.rate("half")?.windowMs, 1000, "it begins anew");
});

Deno.test("what began between two looks is rated by its whole life, and not in its first second", async () => {
  const { clock, points, sampler, ask } = setUp();
  await ask();
  await clock.advance(5000);
  const startedAt = clock.now(), mono = clock.mono();
  points.set("new", (now) => ({ cpuNs: (now - mono) * 250_000, workingSetBytes: 7, startedAt }));
  await clock.advance(900);
  await ask();
  assert.equal(sampler.rate("new"), undefined);
  await clock.advance(3100);
  await ask();
  assert.deepEqual(sampler.rate("new"), { nanoCores: 250_000_000, workingSetBytes: 7, windowMs: 3100 });
});

Deno.test("a thing whose start cannot lie between the looks, and one that is gone, have no rate", async () => {
  const { clock, points, sampler, ask } = setUp();
  await ask();
  const startedAt = clock.now() - 86_400_000;
  points.set("old", () => ({ cpuNs: 1e15, workingSetBytes: 7, startedAt }));
  points.delete("half");
  await clock.advance(5000);
  await ask();
  assert.equal(sampler.rate("old"), undefined);
  assert.equal(sampler.rate("half"), undefined);
});

Deno.test("a counter that went back is of another cgroup and gives no rate", async () => {
  const { clock, points, sampler, ask } = setUp();
  await ask();
  points.set("half", () => ({ cpuNs: 5, workingSetBytes: 7, startedAt: 0 }));
  await clock.advance(5000);
  await ask();
  assert.equal(sampler.rate("half"), undefined);
});

Deno.test("stop() lets go of who waits and looks no more", async () => {
  const { clock, looks, sampler } = setUp();
  const asked = sampler.ask();
  sampler.stop();
  await asked;
  await clock.advance(60_000);
  await sampler.ask();
  assert.deepEqual(looks, [0]);
});
