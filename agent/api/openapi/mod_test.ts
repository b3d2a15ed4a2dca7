import assert from "node:assert/strict";
import { Hono } from "hono";
import { ManualClock } from "../../clock.ts";
import type { AppEnv } from "../request.ts";
import { statusOf } from "../status.ts";
import { openApi } from "./mod.ts";
import { testVersions } from "./testing.ts";

const protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

function testApp(options: { versions?: typeof testVersions; clock?: ManualClock } = {}) {
  const documents = openApi({ versions: testVersions, version: "1.2.3", clock: new ManualClock(), ...options });
  const app = new Hono<AppEnv>();
  app.get("/openapi/v2", documents.version2);
  app.get("/openapi/v3", documents.index);
  app.get("/openapi/v3/*", documents.document);
  app.onError((err, c) => {
    const status = statusOf(err);
    return c.json(status, status.code as 500);
  });
  return app;
}

type Json = Record<string, unknown>;
const jsonOf = async (response: Response | Promise<Response>) => await (await response).json() as Json;

Deno.test("the index names a document for every group's version, under its hash", async () => {
  const app = testApp();
  const { paths } = await jsonOf(app.request("/openapi/v3")) as {
    paths: Record<string, { serverRelativeURL: string }>;
  };
  assert.deepEqual(Object.keys(paths).filter((key) => key !== "openapi.json").sort(), [
    "api/v1",
    "apis/authentication.k8s.io/v1",
    "apis/authorization.k8s.io/v1",
    "apis/coordination.k8s.io/v1",
    "apis/discovery.k8s.io/v1",
    "apis/events.k8s.io/v1",
    "apis/metrics.k8s.io/v1beta1",
    "apis/node.k8s.io/v1",
    "apis/rbac.authorization.k8s.io/v1",
    "apis/scheduling.k8s.io/v1",
  ]);
  for (const [key, { serverRelativeURL }] of Object.entries(paths)) {
    const response = await app.request(serverRelativeURL);
    assert.equal(response.status, 200, key);
    assert.match(response.headers.get("cache-control")!, /immutable/);
    const document = await jsonOf(response);
    assert.equal((document.info as Json).version, "1.2.3");
    assert.equal(document.openapi, key === "openapi.json" ? "3.1.0" : "3.0.0");
  }
});

Deno.test("an outdated hash is sent on to the present one, an unknown document is a 404", async () => {
  const app = testApp();
  const response = await app.request("/openapi/v3/api/v1?hash=OLD");
  assert.equal(response.status, 301);
  assert.match(response.headers.get("location")!, /^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{64}$/);
  assert.equal((await app.request("/openapi/v3/apis/apps/v1")).status, 404);
  assert.equal((await app.request("/openapi/v3/../secret")).status, 404);
});

Deno.test("a document that the client has is not sent again", async () => {
  const app = testApp();
  for (const [path, accept] of [["/openapi/v2", "*/*"], ["/openapi/v2", protobuf], ["/openapi/v3/api/v1", "*/*"]]) {
    const first = await app.request(path, { headers: { accept } });
    const etag = first.headers.get("etag")!;
    assert.match(etag, /^"[0-9A-F]{64}"$/);
    const again = await app.request(path, { headers: { accept, "if-none-match": `"x", ${etag}` } });
    assert.equal(again.status, 304);
    assert.equal(await again.text(), "");
    assert.equal((await app.request(path, { headers: { accept, "if-none-match": '"x"' } })).status, 200);
  }
});

Deno.test("version 2 is JSON unless kubectl asks for protobuf", async () => {
  const app = testApp();
  const type = async (accept?: string) => {
    const response = await app.request("/openapi/v2", accept === undefined ? {} : { headers: { accept } });
    assert.equal(response.status, 200);
    return response.headers.get("content-type");
  };
  assert.equal(await type(), "application/json");
  assert.equal(await type("application/json, */*"), "application/json");
  // `@` has no place in a media type: Go refuses to read it
  const answered = protobuf.replace("@", ".");
  assert.equal(await type(protobuf), answered);
  assert.equal(await type(`${protobuf}, application/json`), answered);
});

Deno.test("the whole surface is one OpenAPI 3.1 document for who asks for that type", async () => {
  const app = testApp();
  const response = await app.request("/openapi/v3", { headers: { accept: "application/openapi+json" } });
  assert.equal(response.headers.get("content-type"), "application/openapi+json");
  const { openapi, paths } = await jsonOf(response) as { openapi: string; paths: Json };
  assert.equal(openapi, "3.1.0");
  for (
    const path of [
      "/healthz",
      "/islet/v1/manifests/problems",
      "/api/v1/namespaces/{namespace}/pods/{name}/exec",
      "/apis/metrics.k8s.io/v1beta1/nodes",
    ]
  ) assert.ok(paths[path], path);
});

Deno.test("documents are forgotten two minutes after the last request and come back the same", async () => {
  const clock = new ManualClock();
  let loaded = 0;
  const versions = () => {
    loaded++;
    return testVersions();
  };
  const app = testApp({ clock, versions });
  assert.equal(loaded, 0);
  const first = await (await app.request("/openapi/v3/api/v1")).text();
  await app.request("/openapi/v2");
  assert.equal(loaded, 1);
  await clock.advance(119_000);
  await app.request("/openapi/v2");
  await clock.advance(119_000);
  await app.request("/openapi/v2");
  assert.equal(loaded, 1);
  await clock.advance(120_000);
  const again = await (await app.request("/openapi/v3/api/v1")).text();
  assert.equal(loaded, 2);
  assert.equal(again, first);
});
