import assert from "node:assert/strict";
import { chooseRange } from "./range.ts";

const cases: [header: string | null, range: ReturnType<typeof chooseRange>][] = [
  [null, undefined],
  ["bytes=0-4", { start: 0, end: 5 }],
  ["bytes=5-", { start: 5, end: 10 }],
  ["bytes=9-100", { start: 9, end: 10 }],
  ["bytes=-3", { start: 7, end: 10 }],
  ["bytes=-30", { start: 0, end: 10 }],
  ["bytes=10-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=4-2", undefined],
  ["bytes=-", undefined],
  ["bytes=0-1,4-5", undefined],
  ["lines=1-2", undefined],
];
for (const [header, range] of cases) {
  Deno.test(`chooseRange() of ten bytes reads ${JSON.stringify(header)}`, () => {
    assert.deepEqual(chooseRange(header, 10), range);
  });
}
