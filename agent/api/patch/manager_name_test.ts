import assert from "node:assert/strict";
import { managerOf } from "./manager_name.ts";

Deno.test("managerOf() takes the option before the User-Agent", () => {
  assert.equal(managerOf("me", "kubectl/v1.36.0"), "me");
  assert.equal(managerOf("", "kubectl/v1.36.0 (linux/amd64) kubernetes/abc"), "kubectl");
  assert.equal(managerOf(null, "curl/8.0"), "curl");
});

Deno.test("managerOf() is unknown without either", () => {
  assert.equal(managerOf(undefined, undefined), "unknown");
  assert.equal(managerOf(null, "/1.0"), "unknown");
});

Deno.test("managerOf() leaves out what cannot be printed and ends at 128 bytes", () => {
  assert.equal(managerOf(null, "a\u0007b\u200bc/1"), "abc");
  assert.equal(managerOf(null, "é".repeat(100)), "é".repeat(64));
});
