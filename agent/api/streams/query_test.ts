import assert from "node:assert/strict";
import { integer, isTrue } from "./query.ts";

Deno.test("isTrue() is false only for what is absent, false or 0", () => {
  assert.deepEqual([undefined, "false", "0"].map(isTrue), [false, false, false]);
  assert.deepEqual(["", "true", "1", "yes", "False"].map(isTrue), [true, true, true, true, true]);
});

Deno.test("integer() reads signed numbers of 64 bits", () => {
  assert.deepEqual([undefined, "0", "+7", "-3", "9007199254740991"].map(integer), [undefined, 0, 7, -3, 2 ** 53 - 1]);
  for (const text of ["", "x", "1.5", "1e3", "0x1", " 1"]) assert.throws(() => integer(text), /invalid syntax/, text);
  assert.throws(() => integer("9".repeat(60_000)), /out of range/);
});
