import assert from "node:assert/strict";
import { mergePatch } from "./merge_patch.ts";

/** The cases of RFC 7386, appendix A. */
const cases: [unknown, unknown, unknown][] = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [["a", "b"], ["c", "d"], ["c", "d"]],
  [{ a: "b" }, ["c"], ["c"]],
  [{ a: "foo" }, null, null],
  [{ a: "foo" }, "bar", "bar"],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

for (const [current, patch, expected] of cases) {
  Deno.test(`mergePatch() makes ${JSON.stringify(expected)} of ${JSON.stringify(current)} and ${JSON.stringify(patch)}`, () => {
    assert.deepEqual(mergePatch(current, patch), expected);
  });
}

Deno.test("mergePatch() takes a key called __proto__ as data", () => {
  const merged = mergePatch({}, JSON.parse('{"data":{"__proto__":{"polluted":true}}}')) as { data: object };
  assert.deepEqual(Object.keys(merged.data), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(merged.data), Object.prototype);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

Deno.test("mergePatch() does not merge with what a prototype has", () => {
  assert.deepEqual(mergePatch({}, { toString: { a: 1 } }), { toString: { a: 1 } });
});
