import { deepEqual, equal, match } from "node:assert/strict";
import { Hono } from "hono";
import { auth } from "../../auth/mod.ts";
import { account, binding, issuer, role, testAuth } from "../../auth/testing.ts";
import type { AppEnv, RequestEnv } from "../../request.ts";
import { statusOf } from "../../status.ts";
import { accountToken } from "./account_token.ts";
import { reviewResources } from "./reviews.ts";

// deno-lint-ignore no-explicit-any -- JSON of any shape
type Loose = any;

/** The reviews behind authentication, as the dispatch calls them. */
async function setUp() {
  const node = await testAuth();
  node.put(account("robot"));
  const app = new Hono<AppEnv>();
  app.use(auth(node.deps));
  for (const { group, plural, create, namespaced } of reviewResources(node.deps)) {
    app.post(`/apis/${group}/v1/${namespaced ? "namespaces/:namespace/" : ""}${plural}`, create!);
  }
  app.post("/api/v1/namespaces/:namespace/serviceaccounts/:name/token", accountToken(node.deps).handle);
  app.onError((err, c) => c.json(statusOf(err), statusOf(err).code as 500));
  const post = async (path: string, body: unknown, env: Partial<RequestEnv> = { door: "socket" }) => {
    const headers = { "content-type": "application/json" };
    const response = await app.request(path, { method: "POST", body: JSON.stringify(body), headers }, {
      door: "tls",
      ...env,
    });
    return { code: response.status, body: await response.json() as Loose };
  };
  return { ...node, post };
}

const jane: Partial<RequestEnv> = { certificate: { commonName: "jane", organizations: ["dev"] } };
const authentication = "/apis/authentication.k8s.io/v1";
const authorization = "/apis/authorization.k8s.io/v1";
const review = (kind: string, spec?: object, metadata: object = {}) => ({
  apiVersion: `${/Access|Rules/.test(kind) ? "authorization" : "authentication"}.k8s.io/v1`,
  kind,
  metadata,
  ...(spec ? { spec } : {}),
});

Deno.test("SelfSubjectReview says who asks", async () => {
  const { post } = await setUp();
  const { code, body } = await post(`${authentication}/selfsubjectreviews`, review("SelfSubjectReview"), jane);
  equal(code, 201);
  deepEqual(body.status.userInfo, { username: "jane", groups: ["dev", "system:authenticated"] });
  equal(body.kind, "SelfSubjectReview");
});

Deno.test("SelfSubjectAccessReview says what whoever asks may, and why", async () => {
  const { post, put } = await setUp();
  put(role("reader", [{ verbs: ["get"], apiGroups: [""], resources: ["pods/log"] }]));
  put(binding("b", "ClusterRole/reader", ["User/jane"], "shop"));
  const path = `${authorization}/selfsubjectaccessreviews`;
  const may = async (resourceAttributes: object) =>
    (await post(path, review("SelfSubjectAccessReview", { resourceAttributes }), jane)).body.status;
  const log = { verb: "get", resource: "pods", subresource: "log" };
  equal((await may({ ...log, namespace: "shop" })).allowed, true);
  match((await may({ ...log, namespace: "shop" })).reason, /RoleBinding "b\/shop"/);
  deepEqual(await may({ ...log, namespace: "other" }), { allowed: false });
  deepEqual(await may({ ...log, namespace: "shop", subresource: "exec" }), { allowed: false });
  const ofPath = review("SelfSubjectAccessReview", { nonResourceAttributes: { path: "/version", verb: "get" } });
  equal((await post(path, ofPath, jane)).body.status.allowed, true);
  const { code, body } = await post(path, review("SelfSubjectAccessReview", {}), jane);
  equal(code, 422, JSON.stringify(body));
});

Deno.test("SelfSubjectRulesReview lists it all", async () => {
  const { post, put } = await setUp();
  put(role("reader", [{ verbs: ["get"], apiGroups: [""], resources: ["pods"], resourceNames: ["web"] }], "shop"));
  put(binding("b", "Role/reader", ["Group/dev"], "shop"), binding("lost", "Role/lost", ["User/jane"], "shop"));
  const path = `${authorization}/selfsubjectrulesreviews`;
  const { body } = await post(path, review("SelfSubjectRulesReview", { namespace: "shop" }), jane);
  const found = body.status.resourceRules.filter(({ resources }: Loose) => resources.includes("pods"));
  deepEqual(found, [{ verbs: ["get"], apiGroups: [""], resources: ["pods"], resourceNames: ["web"] }]);
  equal(body.status.nonResourceRules.some(({ nonResourceURLs }: Loose) => nonResourceURLs.includes("/version")), true);
  equal(body.status.incomplete, true);
  match(body.status.evaluationError, /"lost" not found/);
  equal((await post(path, review("SelfSubjectRulesReview", {}), jane)).code, 422);
});

Deno.test("SubjectAccessReview asks for somebody else, LocalSubjectAccessReview in one namespace", async () => {
  const { post, put } = await setUp();
  put(role("reader", [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }]));
  put(binding("b", "ClusterRole/reader", ["Group/dev"], "shop"));
  const resourceAttributes = { verb: "get", resource: "pods", namespace: "shop" };
  const path = `${authorization}/subjectaccessreviews`;
  const asked = async (spec: object) => (await post(path, review("SubjectAccessReview", spec))).body.status?.allowed;
  equal(await asked({ user: "joe", groups: ["dev"], resourceAttributes }), true);
  equal(await asked({ user: "joe", resourceAttributes }), false);
  equal(await asked({ user: "joe", groups: ["system:masters"], resourceAttributes }), true);
  equal((await post(path, review("SubjectAccessReview", { resourceAttributes }))).code, 422, "nobody is named");
  equal((await post(path, review("SubjectAccessReview", { user: "joe", resourceAttributes }), jane)).code, 403);

  const local = `${authorization}/namespaces/shop/localsubjectaccessreviews`;
  const spec = { user: "joe", groups: ["dev"], resourceAttributes };
  equal((await post(local, review("LocalSubjectAccessReview", spec))).body.status.allowed, true);
  const elsewhere = { ...spec, resourceAttributes: { ...resourceAttributes, namespace: "other" } };
  equal((await post(local, review("LocalSubjectAccessReview", elsewhere))).code, 422);
  const astray = review("LocalSubjectAccessReview", elsewhere, { namespace: "other" });
  equal((await post(local, astray)).code, 400);
});

Deno.test("TokenReview says whose a token is, and for whom", async () => {
  const { post, signer, holders, clock } = await setUp();
  holders.set("secret", { name: "jane", groups: ["dev"] });
  const boundTo = { namespace: "default", serviceaccount: { name: "robot", uid: "uid-robot" } };
  const issue = async (...audiences: string[]) =>
    (await signer.issue({ audiences, expirationSeconds: 600, boundTo, now: clock.now() })).token;
  const ask = async (token: string, audiences?: string[]) =>
    (await post(`${authentication}/tokenreviews`, review("TokenReview", { token, audiences }))).body.status;
  const robot = await ask(await issue(issuer));
  deepEqual([robot.authenticated, robot.audiences], [true, [issuer]]);
  equal(robot.user.username, "system:serviceaccount:default:robot");
  deepEqual((await ask(await issue("a", "b"), ["b", "c"])).audiences, ["b"]);
  deepEqual((await ask("secret")).user, { username: "jane", groups: ["dev", "system:authenticated"] });
  const no = { authenticated: false, user: {}, error: "[invalid bearer token]" };
  deepEqual(await ask(await issue("a")), no);
  deepEqual(await ask("wrong"), no);
  deepEqual(await ask("secret", ["vault"]), no, "a token without audiences is the API's alone");
});

Deno.test("TokenRequest fills in what was not said, and gives a token that works", async () => {
  const { post, signer, clock, put } = await setUp();
  put({
    kind: "Pod",
    metadata: { name: "web", namespace: "default", uid: "u" },
    spec: { serviceAccountName: "robot" },
  });
  const path = "/api/v1/namespaces/default/serviceaccounts/robot/token";
  const { code, body } = await post(path, review("TokenRequest", {}));
  equal(code, 201);
  deepEqual(body.spec, { expirationSeconds: 3600, audiences: [issuer], boundObjectRef: null });
  deepEqual([body.metadata.name, body.metadata.namespace], ["robot", "default"]);
  equal(Date.parse(body.status.expirationTimestamp), clock.now() + 3600_000);
  equal((await signer.read(body.status.token, { audiences: [issuer], now: clock.now() })).sub.endsWith(":robot"), true);

  const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "web" };
  const bound = await post(path, review("TokenRequest", { boundObjectRef, audiences: ["a"], expirationSeconds: 600 }));
  deepEqual(bound.body.spec, { expirationSeconds: 600, audiences: ["a"], boundObjectRef });

  const short = await post(path, review("TokenRequest", { expirationSeconds: 599 }));
  equal(short.code, 422);
  match(short.body.message, /may not specify a duration less than 10 minutes/);
  equal((await post(path.replace("robot", "nobody"), review("TokenRequest", {}))).code, 404);
  equal((await post(`${path}?dryRun=All`, review("TokenRequest", {}))).body.status.token, "");
  equal((await post(path, review("TokenRequest", {}), jane)).code, 403);
});
