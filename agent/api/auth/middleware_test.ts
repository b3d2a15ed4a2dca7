import { deepEqual, equal, match } from "node:assert/strict";
import { Hono } from "hono";
import type { AppEnv, RequestEnv } from "../request.ts";
import { statusOf } from "../status.ts";
import { kubeletAuth, type KubeletAuthOptions } from "./middleware.ts";
import { account, binding, issuer, role, testApp, testAuth } from "./testing.ts";

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const certificate = (commonName: string, ...organizations: string[]): Partial<RequestEnv> => ({
  certificate: { commonName, organizations },
});
const boundTo = { namespace: "default", serviceaccount: { name: "robot", uid: "uid-robot" } };

async function setUp() {
  const node = await testAuth();
  node.put(account("robot"));
  const token = async (more: object = {}, audiences = [issuer]) =>
    (await node.signer.issue({
      audiences,
      expirationSeconds: 3600,
      boundTo: { ...boundTo, ...more },
      now: node.clock.now(),
    })).token;
  return { ...node, ask: testApp(node.deps), token };
}

Deno.test("root on the socket is system:admin", async () => {
  const { ask } = await setUp();
  const { status, body } = await ask("/api/v1/secrets", {}, { door: "socket" });
  equal(status, 200);
  deepEqual(body.user, { name: "system:admin", groups: ["system:masters", "system:authenticated"] });
  equal(body.info.resource, "secrets");
});

Deno.test("without anything to ask, the socket is open and nothing else", async () => {
  const ask = testApp(undefined);
  equal((await ask("/api/v1/pods", {}, { door: "socket" })).status, 200);
  equal((await ask("/healthz", {}, { door: "tls" })).status, 401);
});

Deno.test("without credentials only health and version are told", async () => {
  const { ask } = await setUp();
  for (const path of ["/healthz", "/livez", "/readyz", "/version", "/readyz/ping"]) {
    equal((await ask(path)).status, 200, path);
  }
  for (
    const path of ["/", "/api", "/api/v1/pods", "/metrics", "/healthzz", "/openapi/v3", "/islet/v1/x", "/version/x"]
  ) {
    const { status, body } = await ask(path);
    equal(status, 401, path);
    deepEqual([body.kind, body.reason, body.message, body.code], ["Status", "Unauthorized", "Unauthorized", 401]);
  }
});

Deno.test("no spelling of a path gets around that", async () => {
  const { ask } = await setUp();
  for (
    const path of [
      "/healthz/../api/v1/secrets",
      "/healthz/%2e%2e/api/v1/secrets",
      "//api/v1/secrets",
      "/%61pi/v1/secrets",
      "/api/v1/%73ecrets",
      "/api//v1/secrets",
      "/healthz%2f..%2fapi/v1/secrets",
      "/version%00/api/v1/secrets",
      "/readyz\\..\\api\\v1\\secrets",
    ]
  ) equal((await ask(path)).status, 401, path);
});

Deno.test("a client certificate is a user in its organizations", async () => {
  const { ask } = await setUp();
  const { body } = await ask("/api", {}, certificate("jane", "dev"));
  deepEqual(body.user, { name: "jane", groups: ["dev", "system:authenticated"] });
  equal((await ask("/api/v1/nodes", {}, certificate("root", "system:masters"))).status, 200);
  equal((await ask("/api", {}, certificate(""))).status, 401);
});

Deno.test("a certificate that does not count is refused even where nothing is needed", async () => {
  const { ask } = await setUp();
  equal((await ask("/healthz", {}, { certificateError: "CERT_HAS_EXPIRED" })).status, 401);
});

Deno.test("a token that was given out is its holder's, whatever the scheme's case", async () => {
  const { ask, holders } = await setUp();
  holders.set("secret", { name: "jane", groups: ["dev"] });
  deepEqual((await ask("/api", bearer("secret"))).body.user, { name: "jane", groups: ["dev", "system:authenticated"] });
  equal((await ask("/api", { headers: { authorization: "bearer   secret" } })).status, 200);
  for (const authorization of ["Bearer wrong", "Bearer", "Basic c2VjcmV0", "secret", "Bearer secret more", ""]) {
    equal((await ask("/api", { headers: { authorization } })).status, 401, authorization);
  }
  equal((await ask("/healthz", bearer("wrong"))).status, 401, "wrong credentials are not taken for none");
  equal((await ask("/api", bearer("wrong"), { certificateError: "x" })).status, 401);
  equal((await ask("/api", bearer("secret"), { certificateError: "x" })).status, 200);
});

Deno.test("an account's token is the account", async () => {
  const { ask, token } = await setUp();
  const { status, body } = await ask("/api", bearer(await token()));
  equal(status, 200);
  const { extra, ...user } = body.user;
  deepEqual(user, {
    name: "system:serviceaccount:default:robot",
    uid: "uid-robot",
    groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
  });
  match(extra["authentication.kubernetes.io/credential-id"][0], /^JTI=/);
});

Deno.test("a token ends with its time, its account, its pod and its Secret", async () => {
  const { ask, token, clock, put, remove } = await setUp();
  const pod = { kind: "Pod", metadata: { name: "web", namespace: "default", uid: "uid-web" } };
  const secret = { kind: "Secret", metadata: { name: "s", namespace: "default", uid: "uid-s" } };
  put(pod, secret);
  const ofPod = await token({ pod: { name: "web", uid: "uid-web" }, node: { name: "n", uid: "u" } });
  const ofSecret = await token({ secret: { name: "s", uid: "uid-s" } });
  const other = await token({ pod: { name: "web", uid: "uid-of-an-earlier-one" } });
  const elsewhere = await token({}, ["vault"]);
  const plain = await token();
  const status = async (text: string) => (await ask("/api", bearer(text))).status;
  deepEqual(await Promise.all([plain, ofPod, ofSecret, other, elsewhere].map(status)), [200, 200, 200, 401, 401]);
  const { extra } = (await ask("/api", bearer(ofPod))).body.user;
  deepEqual(extra["authentication.kubernetes.io/pod-name"], ["web"]);
  deepEqual(extra["authentication.kubernetes.io/node-name"], ["n"]);
  remove("Secret", "s");
  deepEqual(await Promise.all([plain, ofPod, ofSecret].map(status)), [200, 200, 401]);
  remove("Pod", "web");
  deepEqual(await Promise.all([plain, ofPod].map(status)), [200, 401]);
  await clock.advance(3661_000);
  equal(await status(plain), 401);
  const fresh = await token();
  equal(await status(fresh), 200);
  remove("ServiceAccount", "robot");
  equal(await status(fresh), 401);
  put(account("robot", "default", "another uid"));
  equal(await status(fresh), 401, "another account of that name");
});

Deno.test("a pod that ends may use its token a minute beyond its deletion", async () => {
  const { ask, token, clock, put } = await setUp();
  const deletionTimestamp = new Date(clock.now()).toISOString();
  put({ kind: "Pod", metadata: { name: "web", namespace: "default", uid: "uid-web", deletionTimestamp } });
  const text = await token({ pod: { name: "web", uid: "uid-web" } });
  equal((await ask("/api", bearer(text))).status, 200);
  await clock.advance(61_000);
  equal((await ask("/api", bearer(text))).status, 401);
});

Deno.test("what is not allowed is refused in Kubernetes' words", async () => {
  const { ask } = await setUp();
  const refusals: [method: string, path: string, message: string, details: object][] = [
    [
      "GET",
      "/api/v1/namespaces/default/pods",
      'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "default"',
      { kind: "pods" },
    ],
    [
      "GET",
      "/api/v1/namespaces/default/pods/web/log",
      'pods "web" is forbidden: User "x" cannot get resource "pods/log" in API group "" in the namespace "default"',
      { name: "web", kind: "pods" },
    ],
    [
      "GET",
      "/api/v1/nodes",
      'nodes is forbidden: User "x" cannot list resource "nodes" in API group "" at the cluster scope',
      { kind: "nodes" },
    ],
    [
      "DELETE",
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/admin",
      'clusterroles.rbac.authorization.k8s.io "admin" is forbidden: User "x" cannot delete resource "clusterroles" in ' +
      'API group "rbac.authorization.k8s.io" at the cluster scope',
      { name: "admin", group: "rbac.authorization.k8s.io", kind: "clusterroles" },
    ],
    [
      "GET",
      "/api/v1/namespaces/default",
      'namespaces "default" is forbidden: User "x" cannot get resource "namespaces" in API group "" in the namespace "default"',
      { name: "default", kind: "namespaces" },
    ],
    ["GET", "/metrics", 'forbidden: User "x" cannot get path "/metrics"', {}],
  ];
  for (const [method, path, message, details] of refusals) {
    const { status, body } = await ask(path, { method }, certificate("x"));
    equal(status, 403);
    deepEqual([body.message, body.reason, body.details ?? {}], [message, "Forbidden", details]);
  }
});

Deno.test("a list of one name is about that one", async () => {
  const { ask, put } = await setUp();
  const verbs = ["list", "watch", "get"];
  put(role("one", [{ verbs, apiGroups: [""], resources: ["secrets"], resourceNames: ["mine"] }]));
  put(binding("b", "ClusterRole/one", ["User/jane"]));
  const list = async (query: string) => (await ask(`/api/v1/secrets${query}`, {}, certificate("jane"))).status;
  equal(await list(""), 403);
  equal(await list("?fieldSelector=metadata.name%3Dmine"), 200);
  equal(await list("?fieldSelector=metadata.name%3D%3Dmine&watch=true"), 200);
  equal(await list("?fieldSelector=metadata.name%3Dother"), 403);
  equal(await list("?fieldSelector=metadata.name!%3Dmine"), 403);
  equal(await list("?fieldSelector=metadata.namespace%3Dmine"), 403);
});

Deno.test("a WebSocket into a pod needs more than the right to read", async () => {
  const { ask, put } = await setUp();
  const exec = "/api/v1/namespaces/default/pods/web/exec";
  put(role("get", [{ verbs: ["get"], apiGroups: [""], resources: ["pods/exec"] }]));
  put(role("both", [{ verbs: ["get", "create"], apiGroups: [""], resources: ["pods/exec"] }]));
  put(binding("a", "ClusterRole/get", ["User/jane"]), binding("b", "ClusterRole/both", ["User/joe"]));
  const refused = await ask(exec, {}, certificate("jane"));
  equal(refused.status, 403);
  match(refused.body.message, /cannot create resource "pods\/exec"/);
  equal((await ask(exec, {}, certificate("joe"))).status, 200);
});

Deno.test("a page of another site cannot use a browser's certificate", async () => {
  const { ask } = await setUp();
  const root = certificate("root", "system:masters");
  const from = (site: string, mode: string, method = "GET") =>
    ask("/api/v1/pods", { method, headers: { "sec-fetch-site": site, "sec-fetch-mode": mode } }, root);
  equal((await from("cross-site", "no-cors", "POST")).status, 403);
  equal((await from("same-site", "cors")).status, 403);
  equal((await from("cross-site", "navigate", "POST")).status, 403);
  equal((await from("cross-site", "websocket")).status, 403);
  equal((await from("cross-site", "navigate")).status, 200);
  equal((await from("same-origin", "cors", "POST")).status, 200);
});

Deno.test("masters may act as others, and have no more rights then", async () => {
  const { ask, put } = await setUp();
  const root = certificate("root", "system:masters");
  const as = (headers: Record<string, string>, path = "/api") => ask(path, { headers }, root);
  deepEqual((await as({ "impersonate-user": "jane", "impersonate-group": "dev, ops" })).body.user, {
    name: "jane",
    groups: ["dev", "ops", "system:authenticated"],
  });
  equal((await as({ "impersonate-user": "jane" }, "/api/v1/pods")).status, 403);
  deepEqual((await as({ "impersonate-user": "system:serviceaccount:shop:robot" })).body.user.groups, [
    "system:serviceaccounts",
    "system:serviceaccounts:shop",
    "system:authenticated",
  ]);
  deepEqual(
    (await as({ "impersonate-user": "j", "impersonate-uid": "7", "impersonate-extra-a%2Fb": "c" })).body.user,
    { name: "j", uid: "7", groups: ["system:authenticated"], extra: { "a/b": ["c"] } },
  );
  equal((await as({ "impersonate-user": "system:anonymous" }, "/version")).status, 200);
  equal((await as({ "impersonate-user": "system:anonymous" }, "/api")).status, 403);
  equal((await as({ "impersonate-group": "dev" })).status, 400);

  const jane = certificate("jane");
  const refused = await ask("/api", { headers: { "impersonate-user": "joe" } }, jane);
  equal(refused.status, 403);
  match(refused.body.message, /^users "joe" is forbidden: User "jane" cannot impersonate resource "users"/);
  put(role("as-joe", [{ verbs: ["impersonate"], apiGroups: [""], resources: ["users"], resourceNames: ["joe"] }]));
  put(binding("b", "ClusterRole/as-joe", ["User/jane"]));
  equal((await ask("/api", { headers: { "impersonate-user": "joe" } }, jane)).body.user.name, "joe");
  for (
    const [name, value] of [["impersonate-group", "system:masters"], ["impersonate-uid", "1"], [
      "impersonate-extra-a",
      "b",
    ]]
  ) {
    equal((await ask("/api", { headers: { "impersonate-user": "joe", [name]: value } }, jane)).status, 403, name);
  }
});

async function kubelet(options: Partial<KubeletAuthOptions> = {}) {
  const { deps, put, holders } = await testAuth();
  const app = new Hono<AppEnv>();
  app.use(
    kubeletAuth(deps, { nodeName: "edge-1", tokens: true, anonymous: false, authorization: "Webhook", ...options }),
  );
  app.all("*", (c) => c.json(c.env.user));
  app.onError((err, c) => c.text(statusOf(err).message!, statusOf(err).code as 500));
  const ask = async (path: string, init: RequestInit = {}, env: Partial<RequestEnv> = {}) => {
    const response = await app.request(path, init, { door: "kubelet", ...env });
    return { status: response.status, text: await response.text() };
  };
  return { ask, put, holders };
}

Deno.test("kubelet's API knows nobody without credentials, unless it is told to", async () => {
  const { ask } = await kubelet();
  for (const path of ["/healthz", "/pods", "/metrics"]) {
    deepEqual(await ask(path), { status: 401, text: "Unauthorized" });
  }
  const open = await kubelet({ anonymous: true });
  deepEqual(await open.ask("/pods"), {
    status: 403,
    text: "Forbidden (user=system:anonymous, verb=get, resource=nodes, subresource(s)=[pods proxy])\n",
  });
  equal((await (await kubelet({ anonymous: true, authorization: "AlwaysAllow" })).ask("/pods")).status, 200);
});

Deno.test("kubelet's paths are subresources of the node", async () => {
  const { ask, put } = await kubelet();
  put(role("stats", [{ verbs: ["get"], apiGroups: [""], resources: ["nodes/metrics", "nodes/stats"] }]));
  put(binding("b", "ClusterRole/stats", ["User/prometheus"]));
  const jane = certificate("prometheus");
  for (const path of ["/metrics", "/metrics/cadvisor", "/stats/summary"]) {
    equal((await ask(path, {}, jane)).status, 200);
  }
  for (const path of ["/pods", "/containerLogs/a/b/c", "/metricsx", "/exec/a/b/c"]) {
    equal((await ask(path, {}, jane)).status, 403, path);
  }
  equal((await ask("/metrics", { method: "POST" }, jane)).status, 403);
  const admin = certificate("root", "system:masters");
  equal((await ask("/exec/a/b/c", { method: "POST" }, admin)).status, 200);
});

Deno.test("what a WebSocket does by GET is no reading on kubelet's API either", async () => {
  const { ask, put } = await kubelet();
  put(role("proxy", [{ verbs: ["get"], apiGroups: [""], resources: ["nodes/proxy"] }]));
  put(binding("b", "ClusterRole/proxy", ["User/prometheus"]));
  const jane = certificate("prometheus");
  equal((await ask("/containerLogs/a/b/c", {}, jane)).status, 200);
  for (const path of ["/exec/a/b/c", "/%65xec/a/b/c", "/attach/a/b/c", "/portForward/a/b", "/run/a/b/c"]) {
    const { status, text } = await ask(path, {}, jane);
    equal(status, 403, path);
    match(text, /verb=create, resource=nodes, subresource\(s\)=\[proxy\]/);
  }
});

Deno.test("kubelet's API takes tokens unless it is told not to", async () => {
  for (const tokens of [true, false]) {
    const { ask, holders } = await kubelet({ tokens });
    holders.set("secret", { name: "root", groups: ["system:masters"] });
    equal((await ask("/pods", bearer("secret"))).status, tokens ? 200 : 401);
  }
});
