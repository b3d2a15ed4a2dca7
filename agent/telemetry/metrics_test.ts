import assert from "node:assert/strict";
import { Exposition, expositionFormat, formatLabels } from "./exposition.ts";
import { exponentialBounds, Metrics } from "./metrics.ts";

function example(metrics = new Metrics()): Metrics {
  const calls = metrics.counter("calls_total", 'Calls by "operation"\nand code.', ["operation", "code"]);
  calls.add(["list", "200"]);
  calls.add(["list", "200"]);
  calls.add(['ge"t\\', "500\n"], 3);
  metrics.counter("kept_total", "Begins at zero.");
  metrics.counter("never_total", "Has no series yet.", ["operation"]);
  const seconds = metrics.histogram("call_seconds", "Seconds.", ["operation"], [0.5, 1]);
  for (const value of [0.1, 0.5, 0.7, 3]) seconds.observe(value, ["list"]);
  metrics.collect((out) => {
    out.family("now", "gauge", "A look.");
    out.sample(formatLabels({ a: "b" }), 1.5, 1_700_000_000_123);
    out.sample("", Infinity);
    out.sample("", NaN);
    out.family("container_memory_failcnt", "counter", "Not named as OpenMetrics wants it.");
    out.sample("", 4);
  });
  return metrics;
}

Deno.test("metrics are written in Prometheus' text format", () => {
  const out = new Exposition("text");
  example().write(out);
  assert.equal(
    out.text(),
    `# HELP calls_total Calls by "operation"\\nand code.
# TYPE calls_total counter
calls_total{operation="list",code="200"} 2
calls_total{operation="ge\\"t\\\\",code="500\\n"} 3
# HELP kept_total Begins at zero.
# TYPE kept_total counter
kept_total 0
# HELP call_seconds Seconds.
# TYPE call_seconds histogram
call_seconds_bucket{operation="list",le="0.5"} 2
call_seconds_bucket{operation="list",le="1"} 3
call_seconds_bucket{operation="list",le="+Inf"} 4
call_seconds_sum{operation="list"} 4.3
call_seconds_count{operation="list"} 4
# HELP now A look.
# TYPE now gauge
now{a="b"} 1.5 1700000000123
now +Inf
now NaN
# HELP container_memory_failcnt Not named as OpenMetrics wants it.
# TYPE container_memory_failcnt counter
container_memory_failcnt 4
`,
  );
});

Deno.test("metrics are written as OpenMetrics with its own counters, bounds, times and end", () => {
  const out = new Exposition("openmetrics");
  example().write(out);
  const text = out.text();
  assert.match(text, /^# HELP calls Calls by \\"operation\\"\\nand code\.\n# TYPE calls counter\ncalls_total\{/);
  assert.match(text, /^call_seconds_bucket\{operation="list",le="1\.0"\} 3$/m);
  assert.match(text, /^now\{a="b"\} 1\.5 1700000000\.123$/m);
  assert.match(text, /^# TYPE container_memory_failcnt unknown\ncontainer_memory_failcnt 4$/m);
  assert.match(text, /\n# EOF\n$/);
});

Deno.test("a label with endless values stops growing", () => {
  const metrics = new Metrics();
  const counter = metrics.counter("wild_total", "Wild.", ["path"]);
  for (let at = 0; at < 5000; at++) counter.add([`/${at}`]);
  const out = new Exposition();
  metrics.write(out);
  assert.equal(out.text().split("\n").length, 2000 + 3);
});

Deno.test("exponential bounds are round numbers", () => {
  assert.deepEqual(exponentialBounds(0.005, 2.5, 4), [0.005, 0.0125, 0.03125, 0.078125]);
});

const formats: [accept: string | undefined, format: string][] = [
  [undefined, "text"],
  ["*/*", "text"],
  ["text/plain", "text"],
  ["application/openmetrics-text", "openmetrics"],
  [
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    "openmetrics",
  ],
  ["application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.9", "text"],
  ["application/openmetrics-text;version=9.9.9", "text"],
  ["application/openmetrics-text;q=0", "text"],
  ["application/json", "text"],
];
for (const [accept, format] of formats) {
  Deno.test(`a scraper that accepts ${accept?.slice(0, 60)} gets ${format}`, () => {
    assert.equal(expositionFormat(accept), format);
  });
}

for (const format of ["text", "openmetrics"] as const) {
  Deno.test(`a page of ${format} that is put into bytes by and by has every sample in its order`, () => {
    // less than it will be
    const out = new Exposition(format, 10_000), expected: string[] = [];
    const after = format === "text" ? " 2500" : " 2.5";
    for (let family = 0; family < 40; family++) {
      out.family(`family_${family}`, "gauge", "Ä🏝");
      expected.push(`# HELP family_${family} Ä🏝`, `# TYPE family_${family} gauge`);
      const subjects = Array.from({ length: 60 }, (_, at) => ({
        ...out.subject(formatLabels({ at: String(at), name: "ü".repeat(20) }), 2500),
        at,
      }));
      // every third has no value
      out.addAll(subjects, ({ at }) => at % 3 === 0 ? undefined : at / 4);
      for (const { at, labels } of subjects) if (at % 3) expected.push(`family_${family}{${labels}} ${at / 4}${after}`);
    }
    if (format === "openmetrics") expected.push("# EOF");
    const bytes = out.bytes();
    assert.ok(bytes.length > 100_000);
    assert.equal(new TextDecoder().decode(bytes), `${expected.join("\n")}\n`);
  });
}
