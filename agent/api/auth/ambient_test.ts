/** What a browser brings along by itself (the forwarded socket, a client certificate) is not for pages of other sites. */
import { equal } from "node:assert/strict";
import { Hono } from "hono";
import type { AppEnv, RequestEnv } from "../request.ts";
import { statusOf } from "../status.ts";
import { kubeletAuth } from "./middleware.ts";
import { testApp, testAuth } from "./testing.ts";

const socket: Partial<RequestEnv> = { door: "socket" };
const masters: Partial<RequestEnv> = { certificate: { commonName: "root", organizations: ["system:masters"] } };
const websocket = { connection: "Upgrade", upgrade: "websocket" };

const cases: [name: string, headers: Record<string, string>, env: Partial<RequestEnv>, status: number][] = [
  ["curl on the socket", { host: "localhost" }, socket, 200],
  ["a client that calls the socket what it likes", { host: "islet" }, socket, 200],
  ["a client without a Host", {}, socket, 200],
  ["a browser at the forwarded port", { host: "localhost:8001", "sec-fetch-site": "same-origin" }, socket, 200],
  [
    "a browser at the forwarded port's address",
    { host: "127.0.0.1:8001", origin: "http://127.0.0.1:8001" },
    socket,
    200,
  ],
  [
    "a browser at the forwarded port's address in IPv6",
    { host: "[::1]:8001", origin: "http://[::1]:8001" },
    socket,
    200,
  ],
  ["a name that was rebound to the forwarded port", { host: "evil.example:8001" }, socket, 403],
  ["such a name with its dot", { host: "evil.example.:8001" }, socket, 403],
  ["a name that looks like an address", { host: "127.0.0.1.evil.example" }, socket, 403],
  ["a name in front of localhost", { host: "evil.localhost:8001" }, socket, 200],
  ["an old browser's page of another site", { host: "localhost:8001", origin: "https://evil.example" }, socket, 403],
  ["an old browser's page of no site", { host: "localhost:8001", origin: "null" }, socket, 403],
  ["a page at another local port", { host: "localhost:8001", origin: "http://localhost:3000" }, socket, 403],
  ["a page's WebSocket", { host: "localhost:8001", origin: "https://evil.example", ...websocket }, socket, 403],
  ["our own page's WebSocket", { host: "localhost:8001", origin: "http://localhost:8001", ...websocket }, socket, 200],
  ["a page that makes use of a certificate", { host: "node:6550", origin: "https://evil.example" }, masters, 403],
  ["our own page with a certificate", { host: "node:6550", origin: "https://node:6550" }, masters, 200],
  ["our own page at the usual port", { host: "node", origin: "https://node" }, masters, 200],
  ["a library that names its server", { host: "node:443", origin: "https://node" }, masters, 200],
  ["a page of the same site", { host: "node:6550", "sec-fetch-site": "same-site" }, masters, 403],
];

for (const [name, headers, env, status] of cases) {
  Deno.test(`${name} is answered with ${status}`, async () => {
    const { deps } = await testAuth();
    equal((await testApp(deps)("/api/v1/secrets", { headers }, env)).status, status);
  });
}

Deno.test("a token is brought along by nobody: whoever has it may ask from where they like", async () => {
  const { deps, holders } = await testAuth();
  holders.set("secret", { name: "jane", groups: ["system:masters"] });
  const headers = { authorization: "Bearer secret", host: "node:6550", origin: "http://localhost" };
  equal((await testApp(deps)("/api/v1/secrets", { headers })).status, 200);
});

Deno.test("kubelet's API is not for pages of other sites either", async () => {
  const { deps } = await testAuth();
  const app = new Hono<AppEnv>();
  app.use(kubeletAuth(deps, { nodeName: "n", tokens: true, anonymous: false, authorization: "Webhook" }));
  app.all("*", (c) => c.text("ok"));
  app.onError((err, c) => c.json(statusOf(err), statusOf(err).code as 500));
  const ask = async (headers: Record<string, string>) =>
    (await app.request("/run/default/web/main?cmd=id", { method: "POST", headers }, { door: "kubelet", ...masters }))
      .status;
  equal(await ask({ host: "node:10250" }), 200);
  equal(await ask({ host: "node:10250", "sec-fetch-site": "cross-site" }), 403);
  equal(await ask({ host: "node:10250", origin: "https://evil.example" }), 403);
});
