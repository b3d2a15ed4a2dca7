import assert from "node:assert/strict";
import { Output, retold, tellFindings, testFile } from "./findings.ts";

const failure = (name: string, told = "Error: no") => ({ file: "./a_test.ts", name, failure: told });

Deno.test("retold() takes for failed what failed twice or did not run again", () => {
  const again = [{ file: "./a_test.ts", name: "late" }, failure("wrong"), { file: "./b_test.ts", name: "gone" }];
  assert.deepEqual(
    retold("e2e", [failure("late"), failure("wrong"), failure("gone")], again).map((
      { test, failed },
    ) => [test!.name, failed]),
    [["late", false], ["wrong", true], ["gone", true]],
  );
});

Deno.test("tellFindings() tells failures first, without colours, each in short", () => {
  const long = `\x1b[31mError\x1b[0m: first\n${"x".repeat(5000)}`;
  const text = tellFindings([
    ...retold("e2e", [failure("late"), failure("wrong", long)], [{ file: "./a_test.ts", name: "late" }]),
    { part: "lint", told: `${"y".repeat(5000)}\nlast`, failed: true },
  ], "/repo");
  const lines = text.split("\n");
  assert.deepEqual(lines.filter((line) => line.startsWith("==")), [
    "== FAILED: e2e ./a_test.ts: wrong",
    "== FAILED: lint",
    "== UNSTEADY (passed when run again): e2e ./a_test.ts: late",
  ]);
  assert.ok(lines.includes("  Error: first") && lines.includes("  last") && text.length < 3000);
  assert.equal(tellFindings([], "/repo"), "");
});

Deno.test("tellFindings() names all of many failures", () => {
  const many = Array.from({ length: 40 }, (_, at) => failure(`test ${at}`, "z".repeat(3000)));
  const text = tellFindings(retold("unit", many, []), "/repo");
  for (const { name } of many) assert.ok(text.includes(`${name}\n`));
  assert.ok(text.length < 12_000);
});

Deno.test("testFile() finds the file of a test that a helper defines", () => {
  const trace = (...files: string[]) => `Error: no\n${files.map((file) => `    at file://${file}:3:7`).join("\n")}`;
  const of = (file: string, failure: string) => testFile({ file, name: "x", failure }, "/repo");
  const helper = "./tests/support/node_file.ts";
  assert.equal(of("./tests/a_test.ts", trace("/repo/tests/b_test.ts")), "./tests/a_test.ts");
  assert.equal(of(helper, trace("/repo/tests/support/x.ts", "/repo/tests/e2e/a_test.ts")), "./tests/e2e/a_test.ts");
  assert.equal(of(helper, trace("/repo/tests/support/x.ts")), undefined);
});

Deno.test("Output passes all on, remembers the end and which files failed outside of their tests", async () => {
  const said: Uint8Array[] = [];
  const output = new Output(5);
  const encoder = new TextEncoder();
  const slow = { writeSync: (data: Uint8Array) => said.push(data.slice(0, 2)) && Math.min(2, data.length) };
  const texts = [
    "\x1b[31m./a_te",
    "st.ts (uncaught error)\x1b[0m\nsay ./b_test.ts (uncaught error)\n",
    "hello ",
    "world",
  ];
  await output.pass(ReadableStream.from(texts.map((text) => encoder.encode(text))), slow);
  assert.equal(said.map((each) => new TextDecoder().decode(each)).join(""), texts.join(""));
  assert.equal(output.tail, "world");
  assert.deepEqual([...output.outside], ["./a_test.ts"]);
});
