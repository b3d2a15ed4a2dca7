import assert from "node:assert/strict";
import { ApiError } from "../status.ts";
import { jsonPatch } from "./json_patch.ts";

const object = { spec: { list: ["a", "b", "c"], map: { k: 1, "x/y": 2, "m~n": 3 } } };

/** What a patch makes of `object`. */
const cases: [name: string, patch: object[], expected: object][] = [
  ["adds a key", [{ op: "add", path: "/spec/map/z", value: [1] }], { map: { ...object.spec.map, z: [1] } }],
  ["adds over a key", [{ op: "add", path: "/spec/map/k", value: null }], { map: { ...object.spec.map, k: null } }],
  ["inserts into a list", [{ op: "add", path: "/spec/list/1", value: "n" }], { list: ["a", "n", "b", "c"] }],
  ["appends behind the last index", [{ op: "add", path: "/spec/list/3", value: "n" }], { list: ["a", "b", "c", "n"] }],
  ["appends with a dash", [{ op: "add", path: "/spec/list/-", value: "n" }], { list: ["a", "b", "c", "n"] }],
  ["inserts from behind", [{ op: "add", path: "/spec/list/-1", value: "n" }], { list: ["a", "b", "c", "n"] }],
  ["removes an element", [{ op: "remove", path: "/spec/list/1" }], { list: ["a", "c"] }],
  ["removes the last element", [{ op: "remove", path: "/spec/list/-1" }], { list: ["a", "b"] }],
  ["replaces an element", [{ op: "replace", path: "/spec/list/0", value: { n: 1 } }], { list: [{ n: 1 }, "b", "c"] }],
  ["replaces a key that is not there", [{ op: "replace", path: "/spec/new", value: 1 }], { new: 1 }],
  ["moves a key", [{ op: "move", from: "/spec/map/k", path: "/spec/k" }], { map: { "x/y": 2, "m~n": 3 }, k: 1 }],
  ["moves within a list", [{ op: "move", from: "/spec/list/0", path: "/spec/list/2" }], { list: ["b", "c", "a"] }],
  ["copies", [{ op: "copy", from: "/spec/list/0", path: "/spec/list/-" }], { list: ["a", "b", "c", "a"] }],
  ["reads escaped slashes", [{ op: "remove", path: "/spec/map/x~1y" }], { map: { k: 1, "m~n": 3 } }],
  ["reads escaped tildes", [{ op: "replace", path: "/spec/map/m~0n", value: 4 }], {
    map: { k: 1, "x/y": 2, "m~n": 4 },
  }],
  ["tests a value whatever its keys' order", [
    { op: "test", path: "/spec/map", value: { "m~n": 3, "x/y": 2, k: 1 } },
    { op: "remove", path: "/spec/map" },
    { op: "test", path: "/spec/map", value: null },
  ], { map: undefined }],
];

for (const [name, patch, expected] of cases) {
  Deno.test(`jsonPatch() ${name}`, () => {
    const before = structuredClone(object);
    const result = JSON.parse(JSON.stringify(jsonPatch(object, patch)));
    assert.deepEqual(result, JSON.parse(JSON.stringify({ spec: { ...object.spec, ...expected } })));
    assert.deepEqual(object, before);
  });
}

const misfits: [name: string, patch: object[]][] = [
  ["a failed test", [{ op: "test", path: "/spec/list/0", value: "b" }]],
  ["a test of an index that is not there", [{ op: "test", path: "/spec/list/9", value: null }]],
  ["a removal of what is not there", [{ op: "remove", path: "/spec/map/none" }]],
  ["an index beyond the end", [{ op: "add", path: "/spec/list/4", value: 1 }]],
  ["an index beyond the beginning", [{ op: "remove", path: "/spec/list/-4" }]],
  ["an index with a leading zero", [{ op: "remove", path: "/spec/list/01" }]],
  ["a parent that is not there", [{ op: "add", path: "/none/a", value: 1 }]],
  ["a parent that has no children", [{ op: "add", path: "/spec/list/0/a", value: 1 }]],
  ["a parent of a prototype", [{ op: "add", path: "/constructor/prototype/polluted", value: true }]],
  ["a parent called __proto__", [{ op: "add", path: "/__proto__/polluted", value: true }]],
  ["a move of a value into itself", [{ op: "move", from: "/spec", path: "/spec/map/a" }]],
  ["a removal of the whole object", [{ op: "remove", path: "" }]],
  ["something else in the object's place", [{ op: "replace", path: "", value: ["a"] }]],
];

for (const [name, patch] of misfits) {
  Deno.test(`jsonPatch() refuses ${name} with 422`, () => {
    assert.throws(() => jsonPatch(object, patch), (err) => {
      assert.ok(err instanceof ApiError);
      assert.equal(err.code, 422);
      assert.equal(err.reason, "Invalid");
      assert.equal(err.message, "the server rejected our request due to an error in our request");
      return true;
    });
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  });
}

const unreadable: [unknown, string][] = [
  [{ op: "remove", path: "/a" }, "error decoding patch: a JSON patch must be a list of operations"],
  [["remove"], "error decoding patch: operation 0: must be an object"],
  [
    [{ op: "remove", path: "/spec" }, { op: "drop", path: "/a" }],
    'error decoding patch: operation 1: unexpected kind "drop"',
  ],
  [[{ path: "/a" }], "error decoding patch: operation 0: unexpected kind nothing"],
  [[{ op: "remove" }], "error decoding patch: operation 0: path must be a string"],
  [[{ op: "remove", path: "spec" }], 'error decoding patch: operation 0: path "spec" must start with "/"'],
  [[{ op: "add", path: "/a" }], "error decoding patch: operation 0: value is missing"],
  [[{ op: "move", path: "/a" }], "error decoding patch: operation 0: from must be a string"],
];

for (const [patch, message] of unreadable) {
  Deno.test(`jsonPatch() refuses ${JSON.stringify(patch)} with 400`, () => {
    assert.throws(() => jsonPatch(object, patch), { code: 400, reason: "BadRequest", message });
  });
}

Deno.test("jsonPatch() keeps a key called __proto__ as data", () => {
  const patched = jsonPatch({ data: {} }, [{ op: "add", path: "/data/__proto__", value: { polluted: true } }]);
  assert.equal(JSON.stringify(patched), '{"data":{"__proto__":{"polluted":true}}}');
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

Deno.test("jsonPatch() takes 10,000 operations and refuses one more", () => {
  const many = Array.from({ length: 10_000 }, () => ({ op: "replace", path: "/spec/map/k", value: 2 }));
  assert.deepEqual(jsonPatch({ spec: { map: { k: 1 } } }, many), { spec: { map: { k: 2 } } });
  assert.throws(() => jsonPatch(object, [...many, many[0]]), {
    code: 413,
    message: "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
  });
});

Deno.test("jsonPatch() ends a patch whose copies double an object again and again", () => {
  const doubling = Array.from({ length: 60 }, (_, i) => ({ op: "copy", from: "/spec", path: `/spec/c${i}` }));
  assert.throws(() => jsonPatch(object, doubling), { code: 422 });
});

Deno.test("jsonPatch() refuses to nest an object deeper than can be walked", () => {
  const path = (depth: number) => "/a".repeat(depth);
  const nest = Array.from({ length: 600 }, (_, i) => ({ op: "add", path: path(i + 1), value: {} }));
  assert.deepEqual(jsonPatch({}, nest.slice(0, 2)), { a: { a: {} } });
  assert.throws(() => jsonPatch({}, nest), { code: 400 });
});
