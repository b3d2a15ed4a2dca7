import assert from "node:assert/strict";
import { age, shortDuration } from "./age.ts";

const minute = 60, hour = 60 * minute, day = 24 * hour, year = 365 * day;
const durations: [seconds: number, text: string][] = [
  [-5, "<invalid>"],
  [-0.5, "0s"],
  [0, "0s"],
  [119, "119s"],
  [120, "2m"],
  [2 * minute + 5, "2m5s"],
  [10 * minute - 1, "9m59s"],
  [10 * minute + 5, "10m"],
  [3 * hour - 1, "179m"],
  [3 * hour, "3h"],
  [3 * hour + 5 * minute, "3h5m"],
  [8 * hour + 5 * minute, "8h"],
  [47 * hour, "47h"],
  [2 * day, "2d"],
  [3 * day + 4 * hour, "3d4h"],
  [8 * day + 4 * hour, "8d"],
  [729 * day, "729d"],
  [2 * year + 30 * day, "2y30d"],
  [9 * year + 30 * day, "9y"],
];
for (const [seconds, text] of durations) {
  Deno.test(`shortDuration() of ${seconds} s is ${text}`, () => assert.equal(shortDuration(seconds * 1000), text));
}

Deno.test("age() of no stamp is unknown", () => {
  assert.equal(age(undefined, 0), "<unknown>");
  assert.equal(age("2026-01-01T00:00:00Z", Date.UTC(2026, 0, 1, 0, 0, 7)), "7s");
});
