import { deepEqual, equal } from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { memoryRecords } from "./pins.ts";
import { UseBook } from "./use_book.ts";

const hour = 3600_000;

function setUp(clock = new ManualClock(), records = memoryRecords()) {
  let writes = 0;
  const { set } = records;
  const counted = { ...records, set: (key: string, value: unknown) => (writes++, set(key, value)) };
  return { clock, records, book: new UseBook(counted, clock, () => clock.now()), writes: () => writes };
}

Deno.test("UseBook knows of an image from when it was seen first, in later lives too", async () => {
  const { clock, records, book } = setUp();
  deepEqual(book.times("a"), { seenAt: 0 });
  await clock.advance(hour);
  deepEqual(book.times("a"), { seenAt: 0 });
  const later = setUp(new ManualClock(clock.now() + hour), records);
  deepEqual(later.book.times("a"), { seenAt: -2 * hour });
});

Deno.test("UseBook knows until when an image was used", async () => {
  const { clock, records, book } = setUp();
  book.inUse(new Set(["a", "b"]));
  await clock.advance(2 * hour);
  book.inUse(new Set(["b"]));
  await clock.advance(hour);
  book.inUse(new Set(["b"]));
  equal(book.times("a").usedAt, 2 * hour);
  equal(book.times("b").usedAt, 3 * hour);
  deepEqual([book.isInUse("a"), book.isInUse("b")], [false, true]);
  equal(book.lastUsed("a"), clock.now() - hour);
  equal(book.lastUsed("never"), undefined);
  const later = setUp(new ManualClock(clock.now()), records);
  equal(later.book.times("a").usedAt, -hour);
});

Deno.test("UseBook writes once for what comes and goes all the time", async () => {
  const { clock, book, writes } = setUp();
  book.inUse(new Set(["a"]));
  const begun = writes();
  for (let minutes = 0; minutes < 59; minutes += 5) {
    book.inUse(minutes % 2 === 0 ? new Set() : new Set(["a"]));
    await clock.advance(5 * 60_000);
  }
  equal(writes(), begun);
  book.inUse(new Set(["a"]));
  equal(writes(), begun + 1);
});

for (
  const [name, step] of [["to 1970", -Date.UTC(2026, 0, 1)], ["ten years on", 10 * 365 * 24 * hour]] as const
) {
  Deno.test(`UseBook finds no image old because the clock was set ${name}`, async () => {
    const { clock, book } = setUp();
    book.used("a");
    await clock.advance(hour);
    clock.setWall(clock.now() + step);
    deepEqual(book.times("a"), { seenAt: 0, usedAt: 0 });
    book.used("a");
    equal(book.times("a").usedAt, hour);
  });
}

Deno.test("UseBook finds an image that was seen in the future to be new", () => {
  const { clock, records, book } = setUp();
  book.used("a");
  const before = setUp(new ManualClock(clock.now() - 1000 * hour), records);
  deepEqual(before.book.times("a"), { seenAt: 0, usedAt: 0 });
});

Deno.test("UseBook forgets images that are gone, and keeps in mind what was imported by hand", () => {
  const { records, book } = setUp();
  book.used("a");
  book.keep("b");
  book.used("b");
  deepEqual([book.isKept("a"), book.isKept("b")], [false, true]);
  book.retain(new Set(["b"]));
  deepEqual(records.keys(), ["b"]);
  book.forget("b");
  deepEqual(records.keys(), []);
});
