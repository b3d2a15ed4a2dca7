import assert from "node:assert/strict";
import { type VersionFile, Versions } from "./versions.ts";

const day = Date.UTC(2026, 0, 1);

/** The small file in memory. */
function memory(text?: string): VersionFile & { text?: string; writes: number } {
  return {
    text,
    writes: 0,
    read() {
      return this.text;
    },
    write(next) {
      this.text = next;
      this.writes++;
    },
  };
}

const never = (err: unknown) => {
  throw err;
};

Deno.test("a later life starts above all that an earlier one gave out, whatever became of clock, store and file", () => {
  const file = memory();
  const first = new Versions(file, 0, day, never);
  let last = 0;
  for (let i = 0; i < 1000; i++) last = first.next();
  assert.equal(first.current, last);
  for (
    const [stored, now, beside] of [[last, day, file], [0, 0, file], [0, day + 1000, memory()], [
      last,
      0,
      memory(),
    ]] as const
  ) {
    const later = new Versions(memory(beside.text), stored, now, never);
    assert.ok(later.next() > last, `${stored} ${now} ${beside.text}`);
  }
});

Deno.test("the small file is written once per life and once a million numbers", () => {
  const file = memory();
  const versions = new Versions(file, 0, 0, never);
  assert.equal(file.writes, 1);
  for (let i = 0; i < 2 ** 20 - 1; i++) versions.next();
  assert.equal(file.writes, 1);
  versions.next();
  assert.equal(file.writes, 2);
  assert.ok(Number(file.text) > versions.current);
});

Deno.test("a damaged file counts as an earlier life of unknown numbers, an unwritable one is told and survived", () => {
  const damaged = new Versions(memory("\0\0\0"), 5, 0, never);
  assert.equal(damaged.hadEarlierLife, true);
  assert.equal(damaged.next(), 6);
  const told: unknown[] = [];
  const readOnly = { read: () => undefined, write: () => never(new Error("read-only")) };
  const versions = new Versions(readOnly, 0, 0, (err) => told.push(err));
  assert.equal(versions.next(), 2);
  assert.equal(versions.hadEarlierLife, false);
  assert.equal(told.length, 1);
});

Deno.test("numbers stay exact integers in any year that a clock is believed in", () => {
  const versions = new Versions(undefined, 0, Date.UTC(2099, 11, 31), never);
  assert.ok(Number.isSafeInteger(versions.next() + 2 ** 20));
});
