import assert from "node:assert/strict";
import { ManualClock } from "../../clock.ts";
import { CrashBook } from "./crash_book.ts";
import { attempt, ended, observed, pod, sandbox } from "../testing.ts";

const of = pod();
const year = 365 * 86_400_000;
const seen = (container: ReturnType<typeof attempt>) => observed([sandbox()], [container]);

/** A container that runs for `ranMs` and crashes; `jump` steps the wall clock while it runs. */
async function crash(book: CrashBook, clock: ManualClock, number: number, ranMs: number, jump = 0) {
  const startedAt = clock.now();
  book.take(of, seen(attempt(of, "web", { attempt: number, startedAt })), clock.mono());
  await clock.advance(ranMs);
  clock.setWall(clock.now() + jump);
  const end = ended(of, "web", 1, { attempt: number, startedAt, finishedAt: clock.now() });
  const counted = book.take(of, seen(end), clock.mono());
  return { counted, waitMs: book.until.get(end.id)! - clock.mono(), seconds: book.seconds(end.id) };
}

Deno.test("CrashBook counts each crash once, and its waits grow", async () => {
  const clock = new ManualClock();
  const book = new CrashBook(clock, 300_000, {});
  const waits = [];
  for (let i = 0; i < 4; i++) waits.push(await crash(book, clock, i, 1000));
  assert.deepEqual(waits.map(({ waitMs }) => waitMs), [0, 10_000, 20_000, 40_000]);
  assert.deepEqual(waits.map(({ seconds }) => seconds), [0, 10, 20, 40]);
  assert.ok(waits.every(({ counted }) => counted));
  const again = seen(ended(of, "web", 1, { attempt: 3 }));
  assert.equal(book.take(of, again, clock.mono()), false);
});

for (const jump of [10 * year, -10 * year]) {
  Deno.test(`CrashBook loses no level to a clock that jumps by ${jump / year} years while the container runs`, async () => {
    const clock = new ManualClock();
    const book = new CrashBook(clock, 300_000, {});
    for (let i = 0; i < 3; i++) await crash(book, clock, i, 1000);
    assert.equal((await crash(book, clock, 3, 1000, jump)).seconds, 40);
    assert.equal((await crash(book, clock, 4, 601_000, -jump)).seconds, 0);
  });
}

Deno.test("CrashBook goes on from kept records, and leaves nothing of containers that are gone", async () => {
  const clock = new ManualClock();
  const first = new CrashBook(clock, 300_000, {});
  for (let i = 0; i < 3; i++) await crash(first, clock, i, 1000);
  await clock.advance(5_000);
  const second = new CrashBook(new ManualClock(clock.now()), 300_000, first.records);
  const end = ended(of, "web", 1, { attempt: 2, finishedAt: clock.now() - 5_000 });
  assert.equal(second.take(of, seen(end), 0), false);
  assert.equal(second.until.get(end.id), 15_000);
  assert.equal(second.nextEnd(0), 15_000);
  second.take(of, observed([sandbox()]), 0);
  assert.equal(second.until.size, 0);
});

Deno.test("CrashBook takes an end without a stamp for one of now", () => {
  const clock = new ManualClock();
  const book = new CrashBook(clock, 300_000, {});
  const end = ended(of, "web", 128, { startedAt: 0, finishedAt: 0 });
  assert.equal(book.take(of, seen(end), clock.mono()), true);
  assert.equal(book.records.web.finishedAt, clock.now());
});
