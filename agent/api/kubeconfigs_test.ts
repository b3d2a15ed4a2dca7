import { deepEqual, equal, match } from "node:assert/strict";
import { Hono } from "hono";
import { parse } from "yaml";
import { StaticTokens } from "../pki/mod.ts";
import { silentLogger } from "../telemetry/log.ts";
import { auth } from "./auth/mod.ts";
import { testAuth } from "./auth/testing.ts";
import { kubeconfigRoutes } from "./kubeconfigs.ts";
import type { AppEnv, RequestEnv } from "./request.ts";
import { statusOf } from "./status.ts";

const path = "/islet/v1/kubeconfigs";

async function withNode(
  use: (
    ask: (
      method: string,
      at: string,
      body?: unknown,
      env?: Partial<RequestEnv>,
    ) => Promise<{ code: number; body: Loose }>,
    tokens: StaticTokens,
  ) => Promise<void>,
) {
  const dir = Deno.makeTempDirSync();
  try {
    const { deps } = await testAuth();
    const tokens = await StaticTokens.open(dir, silentLogger);
    const real = { ...deps, pki: async () => ({ ...await deps.pki(), tokens }) };
    const app = new Hono<AppEnv>();
    app.use(auth(real));
    kubeconfigRoutes(app, real);
    app.onError((err, c) => c.json(statusOf(err), statusOf(err).code as 500));
    await use(async (method, at, body, env = { door: "socket" }) => {
      const init = {
        method,
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      };
      const response = await app.request(at, init, { door: "tls", ...env });
      return { code: response.status, body: await response.json() };
    }, tokens);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

// deno-lint-ignore no-explicit-any -- JSON of any shape
type Loose = any;

Deno.test("a kubeconfig is made, listed without its token, and taken back", () =>
  withNode(async (ask, tokens) => {
    const { code, body } = await ask("POST", path, { name: "eve" });
    equal(code, 201);
    const { users, clusters } = parse(body.kubeconfig);
    equal(clusters[0].cluster.server, "https://127.0.0.1:6550");
    const { token } = users[0].user;
    const now = Date.UTC(2026, 5, 1);
    deepEqual((await tokens.holder(token, now))?.groups, ["islet:viewers"]);
    const listed = (await ask("GET", path)).body.items;
    deepEqual(listed, [{ name: "eve", groups: ["islet:viewers"], expires: "2027-06-01T00:00:00Z" }]);
    equal((await ask("DELETE", `${path}/eve`)).code, 200);
    equal(await tokens.holder(token, now), undefined);
    equal((await ask("DELETE", `${path}/eve`)).code, 404);
  }));

Deno.test("groups, end and server can be said", () =>
  withNode(async (ask) => {
    const wanted = { name: "ci@example.com", groups: ["ci"], expirationSeconds: 0, server: "https://edge:6550" };
    const { body } = await ask("POST", path, wanted);
    equal(parse(body.kubeconfig).clusters[0].cluster.server, "https://edge:6550");
    deepEqual((await ask("GET", path)).body.items, [{ name: "ci@example.com", groups: ["ci"] }]);
  }));

Deno.test("only masters give out credentials: whoever does can become anybody", () =>
  withNode(async (ask) => {
    const jane = { certificate: { commonName: "jane", organizations: ["islet:viewers"] } };
    for (const [method, at] of [["POST", path], ["GET", path], ["DELETE", `${path}/eve`]]) {
      equal((await ask(method, at, method === "POST" ? { name: "eve" } : undefined, jane)).code, 403, method);
    }
    equal((await ask("POST", path, { name: "eve" }, {})).code, 401);
  }));

const wrong: [what: string, body: unknown, words: RegExp][] = [
  ["no JSON", "{", /no JSON/],
  ["nothing", null, /name: Invalid value/],
  ["no name", {}, /name: Invalid value/],
  ["a name of the node's own", { name: "system:node" }, /begin with system:/],
  ["a name with a line's end", { name: "a\nb" }, /name: Invalid value/],
  ["groups that are no list", { name: "a", groups: "b" }, /groups: Invalid value/],
  ["a group of nothing", { name: "a", groups: [""] }, /groups: Invalid value/],
  ["a negative time", { name: "a", expirationSeconds: -1 }, /expirationSeconds: Invalid value/],
  ["half a second", { name: "a", expirationSeconds: 0.5 }, /expirationSeconds: Invalid value/],
  ["a server without TLS", { name: "a", server: "http://x" }, /server: Invalid value/],
];

for (const [what, body, words] of wrong) {
  Deno.test(`a request for a kubeconfig with ${what} is refused`, () =>
    withNode(async (ask, tokens) => {
      const answer = await ask("POST", path, body);
      equal([400, 422].includes(answer.code), true);
      match(answer.body.message, words);
      deepEqual(tokens.holders(), []);
    }));
}
