import assert from "node:assert/strict";
import { Hono } from "hono";
import type { Scrapes, Summary } from "../../stats/mod.ts";
import type { AppEnv } from "../request.ts";
import { statusOf } from "../status.ts";
import { metricsRoutes, takesGzip } from "./metrics.ts";

function setUp(write: Scrapes["kubelet"] = () => {}) {
  const asked: unknown[] = [];
  const page = (name: string): Scrapes["kubelet"] => async (out) => {
    out.family(`${name}_total`, "counter", "A page.");
    out.sample("", 1);
    await write(out);
  };
  const scrapes = {
    kubelet: page("kubelet"),
    cadvisor: page("cadvisor"),
    resource: page("resource"),
    probes: page("probes"),
    objects: page("objects"),
  };
  const summary = (options: unknown) => {
    asked.push(options);
    return Promise.resolve({ node: { nodeName: "edge-1" }, pods: [] } as unknown as Summary);
  };
  const app = metricsRoutes(new Hono<AppEnv>(), { scrapes, usage: { summary } });
  app.onError((err, c) => c.json(statusOf(err), statusOf(err).code as 500));
  return { app, asked };
}

Deno.test("each page of metrics is at its path, as Prometheus' text", async () => {
  const { app } = setUp();
  for (
    const [path, name] of [
      ["/metrics", "kubelet"],
      ["/metrics/cadvisor", "cadvisor"],
      ["/metrics/resource", "resource"],
      ["/metrics/probes", "probes"],
      ["/metrics/objects", "objects"],
    ]
  ) {
    const answer = await app.request(path);
    assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.equal(await answer.text(), `# HELP ${name}_total A page.\n# TYPE ${name}_total counter\n${name}_total 1\n`);
  }
});

Deno.test("a scraper that likes OpenMetrics gets it", async () => {
  const { app } = setUp();
  const answer = await app.request("/metrics", {
    headers: { accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5" },
  });
  assert.match(answer.headers.get("content-type")!, /^application\/openmetrics-text; version=1\.0\.0/);
  assert.match(await answer.text(), /# EOF\n$/);
});

Deno.test("a long page is compressed for who takes gzip, a short one is not", async () => {
  const many = "x".repeat(5000);
  const { app } = setUp((out) => out.family("many", "gauge", many));
  const headers = { "accept-encoding": "gzip, deflate" };
  const answer = await app.request("/metrics", { headers });
  assert.equal(answer.headers.get("content-encoding"), "gzip");
  assert.equal(answer.headers.get("vary"), "accept-encoding");
  const bytes = await answer.bytes();
  assert.ok(bytes.length < 1000, `${bytes.length} bytes`);
  const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  assert.ok(text.includes(many));
  const short = await setUp().app.request("/metrics", { headers });
  assert.equal(short.headers.get("content-encoding"), null);
});

const encodings: [accepted: string | undefined, takes: boolean][] = [
  [undefined, false],
  ["", false],
  ["gzip", true],
  ["deflate, GZIP;q=0.5", true],
  ["*", true],
  ["gzip;q=0", false],
  ["identity", false],
];
for (const [accepted, takes] of encodings) {
  Deno.test(`accept-encoding ${accepted} ${takes ? "takes" : "does not take"} gzip`, () => {
    assert.equal(takesGzip(accepted), takes);
  });
}

Deno.test("the summary is JSON, whole or of CPU and memory alone", async () => {
  const { app, asked } = setUp();
  const answer = await app.request("/stats/summary");
  assert.deepEqual(await answer.json(), { node: { nodeName: "edge-1" }, pods: [] });
  await app.request("/stats/summary?only_cpu_and_memory=true");
  await app.request("/stats/summary/?only_cpu_and_memory=F");
  const form = { method: "POST", body: new URLSearchParams({ only_cpu_and_memory: "1" }) };
  await app.request("/stats/summary", form);
  assert.deepEqual(asked, [false, true, false, true].map((onlyCpuAndMemory) => ({ onlyCpuAndMemory })));
  assert.equal((await app.request("/stats/summary?only_cpu_and_memory=perhaps")).status, 400);
});

Deno.test("a page that cannot be written is an error and no half page", async () => {
  const { app } = setUp(() => {
    throw new Error("no cgroups");
  });
  const answer = await app.request("/metrics");
  assert.equal(answer.status, 500);
  assert.equal((await answer.json()).kind, "Status");
});
