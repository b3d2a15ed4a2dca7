import assert from "node:assert/strict";
import { readYaml } from "./yaml.ts";

const one = (text: string) => {
  const documents = readYaml(text);
  assert.equal(documents.length, 1);
  return documents[0];
};
const problems = (text: string) =>
  readYaml(text).flatMap((document) => document.problems).map(({ line, column, message }) =>
    `${line}:${column}: ${message}`
  );

Deno.test("readYaml() reads block, flow and JSON to the same value", () => {
  const expected = { a: [1, "x", { b: null }], c: "2" };
  for (
    const text of [
      `a:\n- 1\n- x\n- b:\nc: "2"\n`,
      `{a: [1, x, {b: }], c: "2"}`,
      `---\n{\n  a: [\n    1,\n    "x",\n    { b: null, },\n  ],\n  c: "2", # KYAML\n}\n`,
      `{\n\t"a": [1, "x", {"b": null}],\n\t"c": "2"\n}`,
    ]
  ) {
    assert.deepEqual(one(text).value, expected, text);
    assert.deepEqual(problems(text), [], text);
  }
});

Deno.test("readYaml() keeps block scalars, quotes and escapes", () => {
  assert.deepEqual(one(`a: |\n  [[[\n  {\nb: >-\n  x\n  y\nc: 'yes'\nd: "\\u00e4\\n"\ne: "0644"\n`).value, {
    a: "[[[\n{\n",
    b: "x y",
    c: "yes",
    d: "ä\n",
    e: "0644",
  });
});

Deno.test("readYaml() takes brackets in text for text", () => {
  const text = `a: |\n${"  [{\n".repeat(500)}b: "${"[".repeat(500)}"\n# ${"{".repeat(500)}\n`;
  assert.deepEqual(problems(text), []);
});

Deno.test("readYaml() tells where fields are", () => {
  const text = `# first
metadata: {name: web}
spec:
  containers:
  - name: a
    image: b
    ports: [{containerPort: 80}]
  - name: c
    env:
    - name: X
      value:
`;
  const { locate } = one(text);
  const at = (...steps: (string | number)[]) => Object.values(locate(steps)).join(":");
  assert.equal(at("metadata", "name"), "2:18");
  assert.equal(at("metadata"), "2:11", "flow mappings stand where they open");
  assert.equal(at("spec"), "3:1", "block mappings stand at their key");
  assert.equal(at("spec", "containers", 0), "5:5");
  assert.equal(at("spec", "containers", 0, "image"), "6:12");
  assert.equal(at("spec", "containers", 0, "ports", 0, "containerPort"), "7:29");
  assert.equal(at("spec", "containers", 1, "image"), "8:5", "what is missing is missing from its container");
  assert.equal(at("spec", "containers", 1, "env", 0, "value"), "11:7", "what is empty stands at its key");
  assert.equal(at("spec", "containers", 9, "name"), "5:3");
  assert.deepEqual(locate(["metadata", "name"], { key: true }), { line: 2, column: 12 });
});

Deno.test("readYaml() follows aliases and merges, and finds places through them", () => {
  const { value, locate, problems } = one(`base: &base {a: 1, b: 2}
other: &other {b: 3, c: 4}
copy: *base
merged:
  <<: [*base, *other]
  a: 9
`);
  assert.deepEqual(problems, []);
  assert.deepEqual(value, {
    base: { a: 1, b: 2 },
    other: { b: 3, c: 4 },
    copy: { a: 1, b: 2 },
    merged: { a: 9, b: 2, c: 4 },
  });
  assert.deepEqual(locate(["copy", "b"]), { line: 1, column: 23 });
  assert.deepEqual(locate(["merged", "c"]), { line: 2, column: 25 });
  assert.deepEqual(locate(["merged", "a"]), { line: 6, column: 6 });
});

Deno.test("readYaml() gives each alias a value of its own", () => {
  const { value } = one(`a: &a {x: 1}\nb: *a\n`) as unknown as { value: Record<string, { x: number }> };
  value.b.x = 2;
  assert.equal(value.a.x, 1);
});

Deno.test("readYaml() names what is wrong with the text", () => {
  const cases: Record<string, string[]> = {
    "a: 1\nb: 2\na: 3\n": [`3:1: YAML: key "a" is already set in this mapping, at line 1`],
    "{a: 1, a: 2}": [`1:8: YAML: key "a" is already set in this mapping, at line 1`],
    "a: &x\n  b: *x\n": ["2:6: YAML: alias *x refers to a value that it is part of"],
    "? [a, b]\n: 1\n": ["1:3: YAML: keys must be strings"],
    "a: !mine b\n": ["1:10: YAML: tag !mine is not supported"],
    "a: &a 1\nb:\n  <<: *a\n": ["3:7: YAML: << takes a mapping or a list of mappings"],
    "__proto__: {a: 1}\n": [`1:1: YAML: key "__proto__" is not supported`],
    "a:\n\t- b\n": ["2:1: YAML: Tabs are not allowed as indentation"],
  };
  for (const [text, expected] of Object.entries(cases)) assert.deepEqual(problems(text), expected, text);
  assert.match(problems("a: *none\n")[0], /^1:4: YAML: .*none/);
  assert.match(problems("a: [1, 2\n")[0], /^\d:\d+: YAML: Flow sequence/);
});

Deno.test("readYaml() does not repeat the text in its messages", () => {
  const [first] = problems(`a: "x" "hunter2hunter2"\n`);
  assert.match(first, /^1:\d+: YAML: /);
  assert.doesNotMatch(problems(`a: "x" "hunter2hunter2"\n`).join(), /hunter2/);
});

Deno.test("readYaml() separates documents and leaves empty ones without a value", () => {
  const documents = readYaml("a: 1\n---\n# nothing\n---\nb: 2\n...\n");
  assert.deepEqual(documents.map(({ value }) => value), [{ a: 1 }, undefined, { b: 2 }]);
  assert.equal(documents[2].locate(["b"]).line, 5);
  assert.deepEqual(readYaml("").filter(({ value }) => value !== undefined), []);
});
