import { deepEqual, equal, throws } from "node:assert/strict";
import { requestInfo, type UserInfo } from "../request.ts";
import { accountName } from "./service_account.ts";
import { binding, role, testAuth } from "./testing.ts";

const jane: UserInfo = { name: "jane", groups: ["dev", "system:authenticated"] };
const robot: UserInfo = { name: accountName("shop", "robot"), groups: ["system:serviceaccounts"] };
const readPods = [{ verbs: ["get", "list"], apiGroups: [""], resources: ["pods"] }];

/** `GET /api/v1/pods` in short: what somebody wants. */
function wanted(request: string) {
  const [method, path] = request.split(" ");
  const url = new URL(path, "http://a");
  return requestInfo(method, url.pathname, url.searchParams);
}

async function may(
  user: UserInfo,
  request: string,
  ...objects: Parameters<Awaited<ReturnType<typeof testAuth>>["put"]>
) {
  const { deps, put } = await testAuth();
  put(...objects);
  return deps.authorizer.authorize(user, wanted(request));
}

Deno.test("nobody may anything that no rule allows", async () => {
  deepEqual(await may(jane, "GET /api/v1/pods"), { allowed: false, reason: "" });
  deepEqual(await may(jane, "GET /islet/v1/x"), { allowed: false, reason: "" });
});

Deno.test("system:masters may all, whatever the roles say", async () => {
  const root: UserInfo = { name: "x", groups: ["system:masters"] };
  for (const request of ["DELETE /api/v1/nodes/a", "POST /any/path"]) equal((await may(root, request)).allowed, true);
});

Deno.test("a role holds in its namespace, for users, groups and accounts alike", async () => {
  const reader = role("reader", readPods, "shop");
  for (
    const [subject, user] of [["User/jane", jane], ["Group/dev", jane], ["ServiceAccount/shop/robot", robot], [
      "ServiceAccount/robot",
      robot,
    ]] as const
  ) {
    const bound = binding("b", "Role/reader", [subject], "shop");
    equal((await may(user, "GET /api/v1/namespaces/shop/pods", reader, bound)).allowed, true, subject);
    equal((await may(user, "GET /api/v1/namespaces/shop/pods/web", reader, bound)).allowed, true);
    equal((await may(user, "GET /api/v1/namespaces/other/pods", reader, bound)).allowed, false);
    equal((await may(user, "GET /api/v1/pods", reader, bound)).allowed, false, "all namespaces");
    equal((await may(user, "DELETE /api/v1/namespaces/shop/pods/web", reader, bound)).allowed, false);
    equal((await may(user, "GET /api/v1/namespaces/shop/pods/web/log", reader, bound)).allowed, false);
  }
});

Deno.test("an account is one of its namespace only", async () => {
  const objects = [
    role("reader", readPods, "shop"),
    binding("b", "Role/reader", ["ServiceAccount/other/robot"], "shop"),
  ];
  equal((await may(robot, "GET /api/v1/namespaces/shop/pods", ...objects)).allowed, false);
});

Deno.test("a ClusterRole holds where it is bound", async () => {
  const reader = role("reader", readPods);
  const inShop = binding("b", "ClusterRole/reader", ["User/jane"], "shop");
  equal((await may(jane, "GET /api/v1/namespaces/shop/pods", reader, inShop)).allowed, true);
  equal((await may(jane, "GET /api/v1/pods", reader, inShop)).allowed, false);
  const everywhere = binding("b", "ClusterRole/reader", ["User/jane"]);
  for (const request of ["GET /api/v1/pods", "GET /api/v1/namespaces/any/pods"]) {
    equal((await may(jane, request, reader, everywhere)).allowed, true);
  }
});

Deno.test("paths are granted by ClusterRoleBindings alone", async () => {
  const paths = role("paths", [{ verbs: ["get"], nonResourceURLs: ["/x/*"] }]);
  equal((await may(jane, "GET /x/y", paths, binding("b", "ClusterRole/paths", ["User/jane"]))).allowed, true);
  equal((await may(jane, "GET /x/y", paths, binding("b", "ClusterRole/paths", ["User/jane"], "shop"))).allowed, false);
});

Deno.test("a rule for a namespace reads that namespace", async () => {
  const own = role("own", [{ verbs: ["get"], apiGroups: [""], resources: ["namespaces"] }], "shop");
  const bound = binding("b", "Role/own", ["User/jane"], "shop");
  equal((await may(jane, "GET /api/v1/namespaces/shop", own, bound)).allowed, true);
  equal((await may(jane, "GET /api/v1/namespaces/other", own, bound)).allowed, false);
  equal((await may(jane, "GET /api/v1/namespaces", own, bound)).allowed, false);
});

Deno.test("a decision says which binding made it", async () => {
  const { reason } = await may(
    robot,
    "GET /api/v1/namespaces/shop/pods",
    role("reader", readPods),
    binding("readers", "ClusterRole/reader", ["ServiceAccount/shop/robot"], "shop"),
  );
  equal(reason, 'RBAC: allowed by RoleBinding "readers/shop" of ClusterRole "reader" to ServiceAccount "robot/shop"');
});

Deno.test("a binding to a role that is not there grants nothing, and is told", async () => {
  const lost = binding("b", "Role/lost", ["User/jane"], "shop");
  deepEqual(await may(jane, "GET /api/v1/namespaces/shop/pods", lost), {
    allowed: false,
    reason: 'RBAC: role.rbac.authorization.k8s.io "lost" not found',
  });
});

Deno.test("rulesOfRole() names a role that is not there", async () => {
  const { deps: { authorizer } } = await testAuth();
  throws(() => authorizer.rulesOfRole({ kind: "ClusterRole", name: "x" }, ""), /clusterrole\.rbac.* "x" not found/);
  throws(() => authorizer.rulesOfRole({ kind: "Sheriff", name: "x" }, ""), /not found/);
});

const builtin: [who: string, role: string, request: string, allowed: boolean][] = [
  ["a viewer", "view", "GET /api/v1/namespaces/shop/pods/web/log", true],
  ["a viewer", "view", "GET /api/v1/namespaces/shop/secrets/s", false],
  ["a viewer", "view", "GET /api/v1/namespaces/shop/pods/web/exec", false],
  ["a viewer", "view", "DELETE /api/v1/namespaces/shop/pods/web", false],
  ["a viewer", "view", "GET /apis/metrics.k8s.io/v1beta1/namespaces/shop/pods", true],
  ["an editor", "edit", "GET /api/v1/namespaces/shop/secrets/s", true],
  ["an editor", "edit", "POST /api/v1/namespaces/shop/pods/web/exec", true],
  ["an editor", "edit", "POST /api/v1/namespaces/shop/serviceaccounts/s/token", true],
  ["an editor", "edit", "PATCH /api/v1/namespaces/shop/pods/web/ephemeralcontainers", true],
  ["an editor", "edit", "POST /apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles", false],
  ["an administrator", "admin", "POST /apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles", true],
  ["an administrator", "admin", "DELETE /api/v1/namespaces/shop", false],
  ["an administrator of the node", "cluster-admin", "DELETE /api/v1/namespaces/shop", true],
];

for (const [who, name, request, allowed] of builtin) {
  Deno.test(`${who} of a namespace may ${allowed ? "" : "not "}${request}`, async () => {
    const bound = binding("b", `ClusterRole/${name}`, ["User/jane"], "shop");
    equal((await may(jane, request, bound)).allowed, allowed);
  });
}

Deno.test("those who may look see the node and all namespaces, but no Secret, and change nothing", async () => {
  const viewer: UserInfo = { name: "v", groups: ["islet:viewers", "system:authenticated"] };
  const yes = [
    "GET /api/v1/nodes",
    "GET /api/v1/pods",
    "GET /api/v1/namespaces/a/pods/b/log",
    "GET /apis/metrics.k8s.io/v1beta1/nodes",
    "GET /apis/rbac.authorization.k8s.io/v1/clusterroles",
    "GET /",
    "GET /metrics",
  ];
  const no = [
    "GET /api/v1/secrets",
    "POST /api/v1/namespaces/a/pods",
    "GET /api/v1/namespaces/a/pods/b/exec",
    "POST /islet/v1/apply",
  ];
  for (const request of yes) equal((await may(viewer, request)).allowed, true, request);
  for (const request of no) equal((await may(viewer, request)).allowed, false, request);
});

Deno.test("whoever is known may discover the API and ask what they may", async () => {
  for (
    const request of [
      "GET /api",
      "GET /apis/metrics.k8s.io/v1beta1",
      "GET /openapi/v3",
      "GET /version",
      "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      "POST /apis/authentication.k8s.io/v1/selfsubjectreviews",
    ]
  ) equal((await may(jane, request)).allowed, true, request);
  equal((await may(jane, "POST /apis/authentication.k8s.io/v1/tokenreviews")).allowed, false);
});
