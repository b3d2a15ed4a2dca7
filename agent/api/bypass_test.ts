/** Ways around authorization that the whole app closes. */
import { deepEqual, equal, match } from "node:assert/strict";
import { binding, role, testAuth } from "./auth/testing.ts";
import type { RequestEnv } from "./request.ts";
import { testNode } from "./testing.ts";

const json = { "content-type": "application/json" };

/** A node whose users have client certificates. */
async function setUp() {
  const { deps, put } = await testAuth();
  const node = testNode({ auth: deps });
  node.store.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "other" }, spec: {}, status: {} });
  const ask = async (commonName: string, request: string, init: RequestInit = {}, organizations: string[] = []) => {
    const [method, path] = request.split(" ");
    const env: RequestEnv = { door: "tls", certificate: { commonName, organizations } };
    const answer = await node.app.request(path, { method, ...init }, env);
    return { status: answer.status, text: await answer.text() };
  };
  return { ...node, ask, put };
}

Deno.test("all rights in one namespace are none over another, however the path names it", async () => {
  const { ask, put, store } = await setUp();
  put(binding("all", "ClusterRole/cluster-admin", ["User/jane"], "default"));
  equal((await ask("jane", "GET /api/v1/namespaces/default/pods")).status, 200);
  for (
    const request of [
      "GET /api/v1/namespaces/default/namespaces",
      "GET /api/v1/namespaces/default/namespaces?watch=1&timeoutSeconds=1",
      "POST /api/v1/namespaces/default/namespaces",
      "GET /api/v1/namespaces/default/namespaces/other",
      "DELETE /api/v1/namespaces/default/namespaces/other",
      "GET /api/v1/namespaces/default/namespaces/other/status",
      "GET /api/v1/namespaces/default/nodes",
      "GET /api/v1/namespaces/default/nodes/edge-1/proxy/pods",
      "GET /apis/rbac.authorization.k8s.io/v1/namespaces/default/clusterroles",
    ]
  ) {
    const body = request.startsWith("POST") ? JSON.stringify({ metadata: { name: "made" } }) : undefined;
    const { status, text } = await ask("jane", request, { headers: json, body });
    equal(status, 404, `${request}: ${text}`);
  }
  equal(
    store.get<{ metadata: { deletionTimestamp?: string } }>("local", "Namespace", "", "other")?.metadata
      .deletionTimestamp,
    undefined,
  );
});

Deno.test("a manifest is applied by whom its sender acts as, not by the sender", async () => {
  const { ask, put, store } = await setUp();
  put(role("applier", [{ verbs: ["*"], nonResourceURLs: ["/islet/*"] }]));
  put(binding("applier", "ClusterRole/applier", ["User/joe", "Group/appliers"]));
  const body = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { a: "1" } });
  const apply = (headers: Record<string, string>) =>
    ask("root", "POST /islet/v1/apply", { headers, body }, ["system:masters"]);
  for (const headers of [{ "impersonate-user": "joe" }, { "impersonate-user": "x", "impersonate-group": "appliers" }]) {
    const { status, text } = await apply(headers as Record<string, string>);
    equal(status, 403, text);
    match(text, /User \\"(joe|x)\\" cannot patch resource \\"configmaps\\"/);
  }
  equal(store.get("local", "ConfigMap", "default", "c"), undefined);
  deepEqual(JSON.parse((await apply({})).text).results.map(({ operation }: { operation: string }) => operation), [
    "created",
  ]);
});

Deno.test("who may get nodes/proxy reads there, and runs nothing", async () => {
  const { ask, put } = await setUp();
  put(role("reader", [{ verbs: ["get"], apiGroups: [""], resources: ["nodes/proxy"] }]));
  put(binding("reader", "ClusterRole/reader", ["User/jane"]));
  const headers = { connection: "Upgrade", upgrade: "websocket" };
  for (
    const rest of ["exec/default/web/web", "%65xec/default/web/web", "attach/a/b/c", "portForward/a/b", "run/a/b/c"]
  ) {
    const { status, text } = await ask("jane", `GET /api/v1/nodes/edge-1/proxy/${rest}?command=id`, { headers });
    equal(status, 403, rest);
    match(text, /cannot create resource \\"nodes\/proxy\\"/);
  }
});

Deno.test("who may change things makes none, by PUT or by apply", async () => {
  const { ask, put, store } = await setUp();
  const [configMaps, roles] = [
    "/api/v1/namespaces/default/configmaps",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles",
  ];
  put(
    role("change", [{ verbs: ["update", "patch"], apiGroups: ["*"], resources: ["configmaps", "roles"] }], "default"),
  );
  put(binding("change", "Role/change", ["User/jane"], "default"));
  const body = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" } });
  const apply = { headers: { "content-type": "application/apply-patch+yaml" }, body };
  const refused = await ask("jane", `PATCH ${configMaps}/c?fieldManager=m`, apply);
  equal(refused.status, 403, refused.text);
  match(refused.text, /configmaps \\"c\\" is forbidden: User \\"jane\\" cannot create resource \\"configmaps\\"/);
  const made = JSON.stringify({ apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: { name: "r" } });
  equal((await ask("jane", `PUT ${roles}/r`, { headers: json, body: made })).status, 403);
  equal(store.get("local", "ConfigMap", "default", "c") ?? store.get("local", "Role", "default", "r"), undefined);
  equal((await ask("root", `PUT ${roles}/r`, { headers: json, body: made }, ["system:masters"])).status, 201);
  equal((await ask("root", `PATCH ${configMaps}/c?fieldManager=m`, apply, ["system:masters"])).status, 201);
  equal((await ask("jane", `PUT ${roles}/r`, { headers: json, body: made })).status, 200);
  equal((await ask("jane", `PATCH ${configMaps}/c?fieldManager=n`, apply)).status, 200);
});

Deno.test("a browser without credentials is shown the page, which asks for a token; nobody else is", async () => {
  const { app } = await setUp();
  const get = async (path: string, init: RequestInit) => (await app.request(path, init, { door: "tls" })).status;
  const accept = "text/html,application/xhtml+xml,*/*;q=0.8";
  equal(await get("/", { headers: { accept } }), 200);
  equal(await get("/", {}), 401);
  equal(await get("/", { headers: { accept }, method: "POST" }), 401);
  for (const path of ["/metrics", "/islet/v1/manifests/problems", "/api/v1/pods", "//"]) {
    equal(await get(path, { headers: { accept } }), 401, path);
  }
});
