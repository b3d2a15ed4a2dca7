import { doesNotThrow, equal, throws } from "node:assert/strict";
import type { UserInfo } from "../request.ts";
import { ApiError } from "../status.ts";
import { checkEscalation } from "./escalation.ts";
import { binding, role, testAuth } from "./testing.ts";

const jane: UserInfo = { name: "jane", groups: ["dev"] };
const getPods = [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }];
const getAll = [{ verbs: ["get"], apiGroups: [""], resources: ["*"] }];

async function checker() {
  const { deps, put } = await testAuth();
  put(role("pods", getPods), binding("b", "ClusterRole/pods", ["User/jane"]));
  const check = (written: unknown, previous?: unknown, user = jane) =>
    checkEscalation(deps.authorizer, user, written as never, previous as never);
  return { check, put };
}

Deno.test("a role may hold what its writer holds, and no more", async () => {
  const { check } = await checker();
  doesNotThrow(() => check(role("r", getPods, "shop")));
  doesNotThrow(() => check(role("r", [])));
  throws(() => check(role("r", getAll, "shop")), (err: ApiError) => {
    equal(err.code, 403);
    equal(
      err.message,
      'roles.rbac.authorization.k8s.io "r" is forbidden: user "jane" (groups=["dev"]) is attempting to grant RBAC ' +
        'permissions not currently held:\n{APIGroups:[""], Resources:["*"], Verbs:["get"]}',
    );
    return true;
  });
  doesNotThrow(() => check(role("r", getAll), undefined, { name: "root", groups: ["system:masters"] }));
});

Deno.test("only who may all says that a role takes its rules from others", async () => {
  const { check, put } = await checker();
  const aggregate = { ...role("r", []), aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] } };
  const words = /"r" is forbidden: must have cluster-admin privileges to use the aggregationRule/;
  throws(() => check(aggregate), words);
  throws(() => check(role("r", []), aggregate), words);
  doesNotThrow(() => check(aggregate, aggregate));
  put(binding("all", "ClusterRole/cluster-admin", ["User/jane"]));
  doesNotThrow(() => check(aggregate));
});

Deno.test("what is held in one namespace cannot be given in another, or everywhere", async () => {
  const { check, put } = await checker();
  put(role("secrets", getAll), binding("s", "ClusterRole/secrets", ["User/jane"], "shop"));
  doesNotThrow(() => check(role("r", getAll, "shop")));
  throws(() => check(role("r", getAll, "other")), /not currently held/);
  throws(() => check(role("r", getAll)), /not currently held/);
});

Deno.test("a binding gives what its role holds: who binds must hold that", async () => {
  const { check, put } = await checker();
  doesNotThrow(() => check(binding("x", "ClusterRole/pods", ["User/joe"], "shop")));
  throws(
    () => check(binding("x", "ClusterRole/cluster-admin", ["User/jane"])),
    /clusterrolebindings.*not currently held/s,
  );
  throws(() => check(binding("x", "ClusterRole/edit", ["User/joe"], "shop")), /not currently held/);
  throws(() => check(binding("x", "Role/nowhere", ["User/joe"], "shop")), /"nowhere" not found/);
  put(
    role("binder", [{
      verbs: ["bind"],
      apiGroups: ["rbac.authorization.k8s.io"],
      resources: ["clusterroles"],
      resourceNames: ["edit"],
    }]),
  );
  put(binding("y", "ClusterRole/binder", ["User/jane"]));
  doesNotThrow(() => check(binding("x", "ClusterRole/edit", ["User/joe"], "shop")));
  throws(() => check(binding("x", "ClusterRole/admin", ["User/joe"], "shop")), /not currently held/);
});

Deno.test("who may escalate may write any role", async () => {
  const { check, put } = await checker();
  put(role("up", [{ verbs: ["escalate"], apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"] }]));
  put(binding("y", "ClusterRole/up", ["User/jane"]));
  doesNotThrow(() => check(role("r", getAll, "shop")));
  throws(() => check(role("r", getAll)), /not currently held/, "a ClusterRole is another resource");
});

Deno.test("an update that changes no rule is no escalation, one that does is", async () => {
  const { check } = await checker();
  const before = role("r", getAll, "shop");
  const labelled = { ...before, metadata: { ...before.metadata, labels: { a: "b" } } };
  doesNotThrow(() => check(labelled, before));
  throws(() => check(role("r", [...getAll, ...getPods], "shop"), before), /not currently held/);
  const bound = binding("x", "ClusterRole/edit", ["User/joe"], "shop");
  doesNotThrow(() => check({ ...bound }, bound));
  throws(() => check(binding("x", "ClusterRole/edit", ["User/joe", "User/jane"], "shop"), bound), /not currently held/);
});
