import assert from "node:assert/strict";
import { type NodeTerm, selectsNode } from "./node_selector.ts";

const node = { name: "edge-1", labels: { size: "3", zone: "north" } };
const matches = (...terms: NodeTerm[]) => selectsNode(terms, node);

Deno.test("selectsNode() takes any term whole, and an empty term for none", () => {
  const one = (key: string, operator: string, ...values: string[]) =>
    matches({ matchExpressions: [{ key, operator, values }] });
  assert.equal(one("size", "In", "2", "3"), true);
  assert.equal(one("size", "NotIn", "3"), false);
  assert.equal(one("none", "NotIn", "3"), true);
  assert.equal(one("size", "Exists"), true);
  assert.equal(one("constructor", "Exists"), false);
  assert.equal(one("size", "DoesNotExist"), false);
  assert.equal(one("size", "Like", "3"), false);
  assert.equal(matches({}), false);
  assert.equal(matches(), false);
});

Deno.test("selectsNode() compares whole numbers of any length, and nothing else", () => {
  const compare = (operator: string, ...values: string[]) =>
    matches({ matchExpressions: [{ key: "size", operator, values }] });
  assert.deepEqual([compare("Gt", "2"), compare("Gt", "3"), compare("Lt", "4"), compare("Lt", "3")], [
    true,
    false,
    true,
    false,
  ]);
  assert.equal(compare("Lt", "90071992547409930"), true);
  for (const values of [[], ["2.5"], ["x"], ["1", "2"]]) assert.equal(compare("Gt", ...values), false, values.join());
  assert.equal(matches({ matchExpressions: [{ key: "zone", operator: "Gt", values: ["1"] }] }), false);
});

Deno.test("selectsNode() knows one field, the node's name", () => {
  const named = (key: string, name: string) => ({ matchFields: [{ key, operator: "In", values: [name] }] });
  assert.equal(matches({}, named("metadata.name", "edge-1")), true);
  assert.equal(matches(named("metadata.name", "edge-2")), false);
  assert.equal(matches(named("metadata.uid", "edge-1")), false);
  const both = {
    ...named("metadata.name", "edge-1"),
    matchExpressions: [{ key: "size", operator: "In", values: ["4"] }],
  };
  assert.equal(matches(both), false);
});
