import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { Hono } from "hono";
import { ManualClock } from "../../clock.ts";
import { silentLogger } from "../../telemetry/log.ts";
import type { AppEnv } from "../request.ts";
import { StreamLimit } from "../streams/mod.ts";
import type { StreamDeps } from "../streams/deps.ts";
import { locationHere, passOn } from "./pass_on.ts";

const prefix = "/api/v1/namespaces/default/pods/web/proxy";

/** A pod's server, and what reaches it by way of the API. */
async function withPod(
  serve: (request: Request) => Response | Promise<Response>,
  test: (ask: (path: string, init?: RequestInit) => Promise<Response>) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, serve);
  const target = { scheme: "http" as const, address: "127.0.0.1", port: server.addr.port };
  const deps = {
    clock: new ManualClock(),
    log: silentLogger,
    limit: new StreamLimit(1),
    closing: new AbortController().signal,
    config: {},
  } as unknown as StreamDeps;
  const app = new Hono<AppEnv>();
  app.all("*", (c) => {
    const { pathname, search } = new URL(c.req.url);
    return passOn(deps, c, target, prefix, pathname + search);
  });
  try {
    await test(async (path, init) => await app.request(path, init, { door: "tls" }));
  } finally {
    await server.shutdown();
  }
}

Deno.test("method, query, headers and body reach the pod; who asks stays here", async () => {
  await withPod(async (request) => {
    const { pathname, search } = new URL(request.url);
    const told = Object.fromEntries([...request.headers].filter(([name]) => /^(x-|auth|imp|host)/.test(name)));
    return Response.json({ method: request.method, pathname, search, told, body: await request.text() });
  }, async (ask) => {
    const answer = await ask("/a/b?c=d", {
      method: "PUT",
      body: "hello",
      headers: { authorization: "Bearer x", "impersonate-user": "y", "x-own": "1", host: "node:6550" },
    });
    const { told, ...rest } = await answer.json();
    deepEqual(rest, { method: "PUT", pathname: "/a/b", search: "?c=d", body: "hello" });
    const { host, ...headers } = told;
    match(host, /^127\.0\.0\.1:\d+$/);
    deepEqual(headers, {
      "x-own": "1",
      "x-forwarded-uri": `${prefix}/a/b?c=d`,
      "x-forwarded-proto": "https",
      "x-forwarded-host": "node:6550",
    });
  });
});

Deno.test("the answer comes back as it is, and its page may not act as whoever looks at it", async () => {
  await withPod(() => new Response("teapot", { status: 418, headers: { "x-pod": "yes" } }), async (ask) => {
    const answer = await ask("/");
    deepEqual([answer.status, await answer.text(), answer.headers.get("x-pod")], [418, "teapot", "yes"]);
    match(answer.headers.get("content-security-policy")!, /^sandbox(?!.*allow-same-origin)/);
  });
});

Deno.test("HEAD and answers without a body have none", async () => {
  await withPod(({ method }) => new Response(method === "HEAD" ? null : null, { status: 204 }), async (ask) => {
    equal((await ask("/", { method: "HEAD" })).body, null);
    equal((await ask("/")).status, 204);
  });
});

Deno.test("redirects within the pod lead back here, others where they lead", () => {
  const url = "http://10.1.0.4:8080/a/b";
  equal(locationHere("/login?x=1", url, prefix), `${prefix}/login?x=1`);
  equal(locationHere("c#d", url, prefix), `${prefix}/a/c#d`);
  equal(locationHere("http://10.1.0.4:8080/", url, prefix), `${prefix}/`);
  equal(locationHere("https://example.org/", url, prefix), "https://example.org/");
  equal(locationHere("http://", url, prefix), "http://");
});

Deno.test("a pod that nobody answers for is unavailable", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const app = new Hono<AppEnv>();
  app.onError((err) => {
    throw err;
  });
  app.all("*", (c) => passOn({} as StreamDeps, c, { scheme: "http", address: "127.0.0.1", port }, prefix, "/"));
  await rejects(async () => await app.request("/", {}, { door: "tls" }), {
    code: 503,
    reason: "ServiceUnavailable",
    message: /^error trying to reach service: .*refused/i,
  });
});
