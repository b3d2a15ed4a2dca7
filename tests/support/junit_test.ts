import assert from "node:assert/strict";
import { readJunit } from "./junit.ts";

Deno.test("readJunit() reads what passed and what failed, why, and leaves out what was skipped", () => {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="1" errors="0" time="0.009">
    <testsuite name="./x_test.ts" tests="4" disabled="1" errors="0" failures="1">
        <testcase name="good -&gt; &quot;best&quot;" classname="./x_test.ts" time="0.000" line="1" col="6">
        </testcase>
        <testcase name="bad" classname="./x_test.ts" time="0.000" line="2" col="6">
            <failure message="Uncaught Error: why &lt;x&gt;
second">Error: why &lt;x&gt; &amp;#60;
second &#39;line&#x27;</failure>
        </testcase>
        <testcase name="skip" classname="./x_test.ts" time="0.000" line="5" col="11">
            <skipped/>
        </testcase>
        <testcase name="short" classname="./x_test.ts"/>
    </testsuite>
</testsuites>`;
  assert.deepEqual(readJunit(xml), [
    { file: "./x_test.ts", name: 'good -> "best"' },
    { file: "./x_test.ts", name: "bad", failure: "Error: why <x> &#60;\nsecond 'line'" },
    { file: "./x_test.ts", name: "short" },
  ]);
});

Deno.test("readJunit() does not take a missing or broken report for a good one", () => {
  for (const xml of ["", `<testsuites name="deno test" tests="1"><testsuite name="./x_test.ts"><testcase name="a">`]) {
    assert.throws(() => readJunit(xml), /Cannot read the test report/);
  }
});

Deno.test("readJunit() reads what deno test writes", async () => {
  const dir = await Deno.makeTempDir({ prefix: "islet-junit-" });
  try {
    const file = `${dir}/a_test.ts`;
    await Deno.writeTextFile(
      file,
      `Deno.test("good", () => {});
Deno.test("bad <&\\"", async (t) => void await t.step("step", () => { throw new Error("why <x>"); }));
Deno.test.ignore("skipped", () => {});`,
    );
    const args = ["test", "-A", "--no-config", "--quiet", `--junit-path=${dir}/report.xml`, file];
    await new Deno.Command(Deno.execPath(), { args, cwd: dir, stdout: "null", stderr: "null" }).output();
    const results = readJunit(await Deno.readTextFile(`${dir}/report.xml`));
    assert.deepEqual(results.map(({ name, failure }) => [name, failure?.split("\n")[0]]), [
      ["good", undefined],
      ['bad <&"', "1 test step failed."],
      ['bad <&" > step', "Error: why <x>"],
    ]);
    assert.deepEqual([...new Set(results.map(({ file }) => file))], ["./a_test.ts"]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
