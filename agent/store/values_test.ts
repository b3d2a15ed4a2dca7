import assert from "node:assert/strict";
import fc from "fast-check";
import { deepFreeze, sameValue } from "./values.ts";

Deno.test("sameValue() compares as JSON does", () => {
  const same: [unknown, unknown][] = [
    [{ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }],
    [{ a: 1, b: undefined }, { a: 1 }],
    [null, null],
  ];
  const different: [unknown, unknown][] = [
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ a: 1, b: 1 }, { a: 1 }],
    [[1, 2], [2, 1]],
    [[1], [1, 2]],
    [[], {}],
    [{ a: null }, {}],
    [null, {}],
    ["1", 1],
  ];
  for (const [a, b] of same) assert.equal(sameValue(a, b), true, JSON.stringify([a, b]));
  for (const [a, b] of different) assert.equal(sameValue(a, b), false, JSON.stringify([a, b]));
});

Deno.test("sameValue() agrees with JSON text for any value, and deepFreeze() changes none", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
    const text = JSON.stringify(a);
    assert.equal(sameValue(a, JSON.parse(text)), true);
    assert.equal(sameValue(a, b), sameValue(b, a));
    assert.equal(JSON.stringify(deepFreeze(a)), text);
  }));
});

Deno.test("deepFreeze() freezes all the way down", () => {
  const value = deepFreeze({ a: [{ b: { c: 1 } }] });
  assert.ok([value, value.a, value.a[0], value.a[0].b].every(Object.isFrozen));
});
