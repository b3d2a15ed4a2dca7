import assert from "node:assert/strict";
import { formatDuration, parseDuration } from "./duration.ts";

const parsed: [string, number | undefined][] = [
  ["10s", 10_000],
  ["1m30s", 90_000],
  ["1.5h", 5_400_000],
  ["100ms", 100],
  ["250us", 0.25],
  ["250µs", 0.25],
  ["1ns", 0.000001],
  ["-2s", -2000],
  ["0", 0],
  ["0s", 0],
  [".5s", 500],
  ["10", undefined],
  ["s", undefined],
  ["", undefined],
  ["10s ", undefined],
  ["1d", undefined],
  ["1m-30s", undefined],
];

for (const [text, ms] of parsed) {
  Deno.test(`parseDuration(${JSON.stringify(text)}) is ${ms}`, () => assert.equal(parseDuration(text), ms));
}

const written: [number, string][] = [
  [0, "0s"],
  [10_000, "10s"],
  [90_000, "1m30s"],
  [3_600_000, "1h0m0s"],
  [100, "100ms"],
  [1500, "1.5s"],
  [0.25, "250µs"],
  [-2000, "-2s"],
];

for (const [ms, text] of written) {
  Deno.test(`formatDuration(${ms}) is ${text}`, () => assert.equal(formatDuration(ms), text));
}
