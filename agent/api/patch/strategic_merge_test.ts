import assert from "node:assert/strict";
import { findKind } from "../../objects/mod.ts";
import { applyPatch } from "./mod.ts";

const schema = findKind("v1", "Pod")!.schema();
type Json = Record<string, unknown>;

const base = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", labels: { app: "web", tier: "front" }, finalizers: ["a/1", "a/2", "a/3"] },
  spec: {
    containers: [
      { name: "a", image: "a:1", env: [{ name: "E", value: "1" }, { name: "F", value: "2" }] },
      { name: "b", image: "b:1", command: ["x", "y"] },
    ],
    volumes: [{ name: "v", emptyDir: {} }, { name: "w", configMap: { name: "m" } }],
    tolerations: [{ key: "k" }, { key: "l" }],
  },
};
const [a, b] = base.spec.containers;

const patched = (patch: Json, current: object = base) => applyPatch("strategic", current, patch, schema) as typeof base;

/** What a patch of the spec makes of a part of the base's spec. */
const cases: [name: string, patch: Json, part: string, expected: unknown][] = [
  ["changes an element by its merge key", { containers: [{ name: "a", image: "a:2" }] }, "containers", [
    { ...a, image: "a:2" },
    b,
  ]],
  ["puts new elements in front of those it does not name", { containers: [{ name: "c" }] }, "containers", [
    { name: "c" },
    a,
    b,
  ]],
  ["merges lists within elements", { containers: [{ name: "a", env: [{ name: "F", value: "3" }] }] }, "containers", [
    { ...a, env: [{ name: "E", value: "1" }, { name: "F", value: "3" }] },
    b,
  ]],
  ["removes a field of an element with null", { containers: [{ name: "b", command: null }] }, "containers", [
    a,
    { name: "b", image: "b:1" },
  ]],
  ["deletes an element", { containers: [{ name: "a", $patch: "delete" }] }, "containers", [b]],
  ["replaces a list", { containers: [{ name: "z", image: "z" }, { $patch: "replace" }] }, "containers", [
    { name: "z", image: "z" },
  ]],
  ["replaces an element", { containers: [{ name: "a", image: "n", $patch: "replace" }] }, "containers", []],
  ["replaces lists without a merge key", { tolerations: [{ key: "m" }] }, "tolerations", [{ key: "m" }]],
  ["replaces lists of scalars without a strategy", { containers: [{ name: "b", command: ["z"] }] }, "containers", [
    a,
    { ...b, command: ["z"] },
  ]],
  [
    "keeps only the keys of $retainKeys",
    { volumes: [{ name: "w", emptyDir: {}, $retainKeys: ["name", "emptyDir"] }] },
    "volumes",
    [{ name: "v", emptyDir: {} }, { name: "w", emptyDir: {} }],
  ],
  [
    "orders a list by $setElementOrder",
    { "$setElementOrder/containers": [{ name: "b" }, { name: "a" }] },
    "containers",
    [b, a],
  ],
  [
    "keeps elements that the order does not name where they stood",
    {
      containers: [{ name: "c" }],
      "$setElementOrder/containers": [{ name: "b" }, { name: "c" }],
    },
    "containers",
    [a, b, { name: "c" }],
  ],
  [
    "drops nulls and directives of what is new",
    {
      hostAliases: [{ ip: "1.1.1.1", hostnames: null }, { ip: "2.2.2.2", $patch: "delete" }],
    },
    "hostAliases",
    [{ ip: "1.1.1.1" }],
  ],
];

for (const [name, patch, part, expected] of cases) {
  Deno.test(`a strategic merge patch ${name}`, () => {
    const before = structuredClone(base), sent = structuredClone(patch);
    assert.deepEqual((patched({ spec: patch }).spec as Json)[part], expected);
    assert.deepEqual(base, before);
    assert.deepEqual(patch, sent);
  });
}

Deno.test("a strategic merge patch merges, deletes from and orders lists of scalars", () => {
  const metadata = (patch: Json) => patched({ metadata: patch }).metadata;
  assert.deepEqual(metadata({ finalizers: ["a/4", "a/1"] }).finalizers, ["a/4", "a/1", "a/2", "a/3"]);
  assert.deepEqual(metadata({ "$deleteFromPrimitiveList/finalizers": ["a/2", "none"] }).finalizers, ["a/1", "a/3"]);
  assert.deepEqual(
    metadata({ finalizers: ["a/4"], "$setElementOrder/finalizers": ["a/3", "a/4", "a/1", "a/2"] }).finalizers,
    ["a/3", "a/4", "a/1", "a/2"],
  );
});

Deno.test("a strategic merge patch replaces and empties mappings by directive", () => {
  assert.deepEqual(patched({ metadata: { labels: { $patch: "replace", only: "x" } } }).metadata.labels, { only: "x" });
  assert.deepEqual(patched({ metadata: { labels: { $patch: "delete" } } }).metadata.labels, {});
  assert.deepEqual(patched({ metadata: { labels: { tier: null } } }).metadata.labels, { app: "web" });
});

Deno.test("a strategic merge patch does not make lists of what is none", () => {
  const odd = { ...base, spec: { ...base.spec, volumes: "none" } };
  assert.deepEqual(patched({ spec: { volumes: [{ name: "n" }] } }, odd).spec.volumes, [{ name: "n" }]);
});

Deno.test("a strategic merge patch takes keys of prototypes as data", () => {
  const patch = JSON.parse('{"metadata":{"annotations":{"__proto__":{"polluted":"x"},"constructor":"y"}}}');
  const { annotations } = patched(patch).metadata as unknown as { annotations: Json };
  assert.deepEqual(Object.keys(annotations), ["__proto__", "constructor"]);
  assert.equal(({} as Json).polluted, undefined);
});

const refused: [patch: unknown, message: string, code?: number][] = [
  [["a"], "error decoding patch: a strategic merge patch must be an object"],
  [
    { spec: { containers: [{ image: "x" }] } },
    "map: map[image:x] does not contain declared merge key: name",
  ],
  [
    { spec: { containers: [{ $patch: "delete" }] } },
    "map: map[$patch:delete] does not contain declared merge key: name",
  ],
  [{ spec: { containers: [{ name: "a", $patch: "merge" }] } }, "merging lists cannot yet be specified in the patch"],
  [{ spec: { containers: [{ name: "a", $patch: "x" }] } }, "unknown patch type: x in map: map[$patch:x name:a]"],
  [{ metadata: { $patch: "merge" } }, "unknown patch type: merge in map: map[$patch:merge]"],
  [{ spec: { volumes: [{ name: "v", emptyDir: {}, $retainKeys: ["name"] }] } }, "invalid patch format of retainKeys"],
  [{ spec: { volumes: [{ name: "v", $retainKeys: "name" }] } }, "invalid patch format of retainKeys"],
  [{ spec: { $setElementOrder: [] } }, "invalid patch format of setElementOrder list"],
  [{ spec: { $deleteFromPrimitiveList: [] } }, "invalid patch format of primitive list"],
  [{ spec: { "$setElementOrder/containers": 1 } }, "expected a []interface {}, but received a int64"],
  [
    { spec: { containers: [{ name: "a" }], "$setElementOrder/containers": [{ name: "b" }] } },
    "The order in patch list:\n[map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:b]]\n",
  ],
  [
    { spec: { "$setElementOrder/tolerations": [{ key: "k" }] } },
    "map: map[key:k] does not contain declared merge key: ",
  ],
  [{ spec: { containers: [["a"]] } }, "lists of lists are not supported", 422],
  [
    { spec: { containers: ["a"] } },
    "list element types are not identical: [[map[env:[map[name:E value:1] map[name:F value:2]] image:a:1 name:a] map[command:[x y] image:b:1 name:b]] [a]]",
  ],
];

for (const [patch, message, code = 400] of refused) {
  Deno.test(`a strategic merge patch is refused: ${JSON.stringify(patch)}`, () => {
    assert.throws(() => applyPatch("strategic", base, patch, schema), { code, message });
  });
}

Deno.test("a patch that is nested too deeply is refused", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = { a: deep };
  for (const kind of ["merge", "strategic"] as const) {
    assert.throws(() => applyPatch(kind, base, deep, schema), { code: 400 });
  }
});
