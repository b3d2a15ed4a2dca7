import assert from "node:assert/strict";
import { Hono } from "hono";
import { Exposition } from "../telemetry/exposition.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { type AppEnv, requestInfo } from "./request.ts";
import { countKubelet, countRequests } from "./request_metrics.ts";

function setUp() {
  const metrics = new Metrics();
  const app = new Hono<AppEnv>();
  app.use(
    countRequests(metrics, { find: (group, _version, plural) => (group === "" && plural === "pods") || undefined }),
  );
  app.all("*", (c) => {
    const { method, path, url } = c.req;
    c.set("info", requestInfo(method, path, new URL(url).searchParams));
    return c.text("", path.includes("gone") ? 404 : 200);
  });
  const ask = (path: string, method = "GET") => app.request(path, { method }, { door: "tls" });
  const lines = (name: string) => {
    const out = new Exposition();
    metrics.write(out);
    return out.text().split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  };
  return { ask, lines, metrics };
}

const requests: [method: string, path: string, labels: string][] = [
  [
    "GET",
    "/api/v1/namespaces/a/pods/web",
    'code="200",dry_run="",group="",resource="pods",scope="resource",subresource="",verb="GET",version="v1"',
  ],
  [
    "GET",
    "/api/v1/pods",
    'code="200",dry_run="",group="",resource="pods",scope="cluster",subresource="",verb="LIST",version="v1"',
  ],
  [
    "GET",
    "/api/v1/namespaces/a/pods?watch=true",
    'code="200",dry_run="",group="",resource="pods",scope="namespace",subresource="",verb="WATCH",version="v1"',
  ],
  [
    "POST",
    "/api/v1/namespaces/a/pods?dryRun=All",
    'code="200",dry_run="All",group="",resource="pods",scope="namespace",subresource="",verb="POST",version="v1"',
  ],
  [
    "PUT",
    "/api/v1/namespaces/a/pods/web/status",
    'code="200",dry_run="",group="",resource="pods",scope="resource",subresource="status",verb="PUT",version="v1"',
  ],
  [
    "POST",
    "/api/v1/namespaces/a/pods/web/exec",
    'code="200",dry_run="",group="",resource="pods",scope="resource",subresource="exec",verb="CONNECT",version="v1"',
  ],
  [
    "DELETE",
    "/api/v1/namespaces/a/pods/gone",
    'code="404",dry_run="",group="",resource="pods",scope="resource",subresource="",verb="DELETE",version="v1"',
  ],
  [
    "GET",
    "/api/v1/namespaces/a/pods/web/gone",
    'code="404",dry_run="",group="",resource="pods",scope="resource",subresource="",verb="GET",version="v1"',
  ],
  [
    "GET",
    "/apis/made.up/v9/things/x",
    'code="200",dry_run="",group="",resource="",scope="",subresource="",verb="other",version=""',
  ],
  ["GET", "/healthz", 'code="200",dry_run="",group="",resource="",scope="",subresource="",verb="GET",version=""'],
];
for (const [method, path, labels] of requests) {
  Deno.test(`${method} ${path} is counted under ${/verb="\w+"/.exec(labels)![0]}`, async () => {
    const { ask, lines } = setUp();
    await ask(path, method);
    assert.deepEqual(lines("apiserver_request_total"), [`apiserver_request_total{${labels}} 1`]);
    const timed = !/verb="(WATCH|CONNECT)"/.test(labels);
    assert.equal(lines("apiserver_request_duration_seconds_count").length, timed ? 1 : 0);
  });
}

Deno.test("requests at kubelet's door are counted by its paths, and names in them are no labels", async () => {
  const { metrics, lines } = setUp();
  countKubelet(metrics, () => new Response(""));
  const answer = countKubelet(metrics, () => new Response(""));
  for (const path of ["/metrics/cadvisor", "/metrics/made-up", "/exec/ns/pod/c", "/exec/ns/other/c", "/what/ever"]) {
    await answer(new Request(`https://node:10250${path}`), { door: "kubelet" });
  }
  assert.deepEqual(lines("kubelet_http_requests_total"), [
    'kubelet_http_requests_total{long_running="false",method="GET",path="metrics/cadvisor",server_type="readwrite"} 1',
    'kubelet_http_requests_total{long_running="false",method="GET",path="metrics",server_type="readwrite"} 1',
    'kubelet_http_requests_total{long_running="true",method="GET",path="exec",server_type="readwrite"} 2',
    'kubelet_http_requests_total{long_running="false",method="GET",path="other",server_type="readwrite"} 1',
  ]);
  assert.equal(lines("kubelet_http_requests_duration_seconds_count").length, 3, "streams are not timed");
});

Deno.test("requests under way are a gauge that ends at zero", async () => {
  const { ask, lines } = setUp();
  await ask("/healthz");
  assert.deepEqual(lines("apiserver_current_inflight_requests"), ["apiserver_current_inflight_requests 0"]);
});
