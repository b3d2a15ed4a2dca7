import assert from "node:assert/strict";
import fc from "fast-check";
import { duplicateFields } from "./duplicate_fields.ts";

Deno.test("duplicateFields() names every repeated field once, by its path", () => {
  const cases: [string, string[]][] = [
    [`{"a":1,"b":{"a":2}}`, []],
    [`{"a":1,"b":2,"a":3,"a":4}`, ["a"]],
    [`{"spec":{"containers":[{"image":"a"},{"image":"a" , "name":"x","image" :"b"}]}}`, ["spec.containers[1].image"]],
    [`{"a":["a","a"],"b":"a:\\"a\\":"}`, []],
    [`{"a\\"b":1,"a\\u0022b":2}`, [`a"b`]],
    [`{"a\\\\":1,"b":{"x":[],"x":{}},"a\\\\":2}`, ["b.x", "a\\"]],
    [`[1,{"x":1,"x":2}]`, ["[1].x"]],
    [`"text"`, []],
    [``, []],
  ];
  for (const [text, expected] of cases) assert.deepEqual(duplicateFields(text), expected, text);
});

Deno.test("duplicateFields() finds nothing in what JSON.stringify writes, and every field that is added again", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (object) => {
    for (const text of [JSON.stringify(object), JSON.stringify(object, null, 2)]) {
      assert.deepEqual(duplicateFields(text), []);
      const key = Object.keys(object)[0];
      assert.deepEqual(duplicateFields(`${text.slice(0, -1)},${JSON.stringify(key)}:null}`), [key]);
    }
  }));
});
