import assert from "node:assert/strict";
import fc from "fast-check";
import { LineSplitter } from "./lines.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

Deno.test("LineSplitter gives the same lines however the bytes are cut", () => {
  const text = fc.array(fc.constantFrom("a", "b", "\n"), { maxLength: 60 }).map((chars) => chars.join(""));
  fc.assert(fc.property(text, fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 20 }), (text, cuts) => {
    const splitter = new LineSplitter();
    const lines: string[] = [];
    const line = (bytes: Uint8Array) => void lines.push(decoder.decode(bytes));
    let bytes = encoder.encode(text);
    for (const cut of [...cuts, Infinity]) {
      splitter.push(bytes.subarray(0, cut), line);
      bytes = bytes.subarray(Math.min(cut, bytes.length));
    }
    const last = text.slice(text.lastIndexOf("\n") + 1);
    assert.equal(splitter.pending, last.length);
    splitter.end(line);
    const expected = text.split("\n");
    if (last === "") expected.pop();
    assert.deepEqual(lines, expected);
  }));
});

Deno.test("LineSplitter gives out a line without end in pieces", () => {
  const splitter = new LineSplitter();
  let given = 0;
  for (let i = 0; i < 40; i++) splitter.push(new Uint8Array(64 * 1024).fill(0x61), (bytes) => given += bytes.length);
  assert.ok(given >= 1024 * 1024);
  assert.ok(splitter.pending <= 1024 * 1024 + 64 * 1024);
});
