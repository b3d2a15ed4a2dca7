import assert from "node:assert/strict";
import { readJunit } from "./all.ts";

Deno.test("readJunit() counts what deno test reports, skipped tests apart", () => {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="5" failures="1" errors="1" time="0.009">
  <testsuite name="x" tests="5" failures="1"><testcase name="c"><skipped/></testcase></testsuite>
</testsuites>`;
  assert.deepEqual(readJunit(xml), { passed: 2, failed: 2 });
});

Deno.test("readJunit() does not take a missing report for a good one", () => {
  assert.throws(() => readJunit(""), /Cannot read the test report/);
});
