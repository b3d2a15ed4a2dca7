import assert from "node:assert/strict";
import { checkCoverage, readCoverage, testNames } from "./coverage.ts";

const list = `# Coverage

Words that are no bullet.

- A pod runs. \`tests/e2e/pods_test.ts: a pod runs\`
- It is probed,
  in three ways: \`agent/probes/a_test.ts: startup\`, \`agent/probes/a_test.ts: liveness\`
- Nobody tests this.
`;

Deno.test("readCoverage() finds the tests of each bullet, and bullets without one", () => {
  const { references, bare } = readCoverage(list);
  assert.deepEqual(references.map(({ line, test }) => [line, test]), [[5, "a pod runs"], [7, "startup"], [
    7,
    "liveness",
  ]]);
  assert.deepEqual(bare, [8]);
});

Deno.test("testNames() reads the ways in which tests and steps are written", () => {
  const source = [
    'Deno.test("one", () => {})',
    "Deno.test({\n  name: 'two', fn() {} })",
    'await t.step("three \\"quoted\\"", f)',
    'Deno.test.ignore("four", f)',
    'nodeTest("five", f)',
    'const other = "six";',
  ].join("\n");
  assert.deepEqual([...testNames(source)], ["one", "two", 'three "quoted"', "four", "five"]);
});

Deno.test("checkCoverage() names missing files, missing tests and bare bullets", async () => {
  const problems = await checkCoverage(
    list,
    (file) =>
      file.startsWith("tests/") ? Promise.reject(new Error("none")) : Promise.resolve('Deno.test("startup", f)'),
  );
  assert.deepEqual(problems, [
    "tests/COVERAGE.md:8: this bullet names no test",
    "tests/COVERAGE.md:5: there is no file tests/e2e/pods_test.ts",
    'tests/COVERAGE.md:7: agent/probes/a_test.ts has no test "liveness"',
  ]);
});

Deno.test("checkCoverage() does not accept an empty list", async () => {
  assert.deepEqual(await checkCoverage("# Coverage\n", () => Promise.reject()), [
    "tests/COVERAGE.md: no test is named",
  ]);
});
