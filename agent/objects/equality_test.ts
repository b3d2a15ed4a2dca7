import assert from "node:assert/strict";
import { canonicalJson, deepEqual, specHash } from "./equality.ts";
import type { Pod } from "./pod.ts";
import { decoded, podValue } from "./testing.ts";

Deno.test("deepEqual() sees values as JSON does", () => {
  const equal: [unknown, unknown][] = [
    [1, 1],
    [{ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }],
    [{ a: undefined }, {}],
    [{}, { a: undefined }],
    [[], []],
    [null, null],
  ];
  const different: [unknown, unknown][] = [
    [1, "1"],
    [{}, []],
    [[1, 2], [2, 1]],
    [[1], [1, 2]],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: null }, {}],
    [null, {}],
    [{ a: 0 }, { a: false }],
  ];
  for (const [a, b] of equal) assert.ok(deepEqual(a, b), JSON.stringify([a, b]));
  for (const [a, b] of different) assert.ok(!deepEqual(a, b), JSON.stringify([a, b]));
});

Deno.test("specHash() depends on what the spec says, not on how", () => {
  const first = decoded<Pod>(podValue({ hostname: "a", subdomain: "b" }));
  const second = decoded<Pod>(podValue({ subdomain: "b", hostname: "a" }));
  second.metadata.labels = { other: "label" };
  assert.match(specHash(first), /^[0-9a-f]{32}$/);
  assert.equal(specHash(first), specHash(second));
  assert.notEqual(specHash(first), specHash(decoded<Pod>(podValue({ hostname: "b" }))));
});

Deno.test("canonicalJson() sorts keys and leaves absent fields out", () => {
  assert.equal(canonicalJson({ b: 1, a: [undefined, "x"], c: undefined }), `{"a":[null,"x"],"b":1}`);
});
