import assert from "node:assert/strict";
import { readApiObject } from "../api_input.ts";
import { defaultObject } from "../defaults/mod.ts";
import { toCoreEvent, toEventsEvent } from "../event.ts";
import { fieldErrorText } from "../field_error.ts";
import { allKinds, type AnyObject, findKind, kinds } from "../kinds.ts";
import type { Loose } from "../testing.ts";
import { decodeObject } from "../decode.ts";

/** An object as the API takes it, with its defaults, and what is wrong with it. */
function taken(apiVersion: string, kind: string, value: Loose): { object: AnyObject; errors: string[] } {
  const input = readApiObject(structuredClone({ metadata: { name: "x" }, ...value }), { apiVersion, kind });
  if (findKind(apiVersion, kind)!.namespaced) input.object.metadata.namespace ??= "default";
  defaultObject(input.object);
  return { object: input.object, errors: input.validate().errors.map(fieldErrorText) };
}

const rbac = "rbac.authorization.k8s.io/v1";
const authorization = "authorization.k8s.io/v1";
const authentication = "authentication.k8s.io/v1";
const role = (name: string) => ({ kind: "Role", name });
const dns =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and " +
  "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

const cases: [name: string, apiVersion: string, kind: string, value: Loose, errors: string[]][] = [
  ["a role", rbac, "Role", { rules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }] }, []],
  ["a role's name may be any part of a path", rbac, "Role", { metadata: { name: "system:Node_a" } }, []],
  ["a role's name is no path", rbac, "ClusterRole", { metadata: { name: "a/b%c" } }, [
    `metadata.name: Invalid value: "a/b%c": may not contain '/'`,
    `metadata.name: Invalid value: "a/b%c": may not contain '%'`,
  ]],
  ["what rules need", rbac, "Role", { rules: [{}, { verbs: ["get"], nonResourceURLs: ["/x"], resources: ["pods"] }] }, [
    "rules[0].verbs: Required value: verbs must contain at least one value",
    "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
    "rules[0].resources: Required value: resource rules must supply at least one resource",
    'rules[1].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
    'rules[1].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs',
  ]],
  ["paths in a cluster role", rbac, "ClusterRole", { rules: [{ verbs: ["get"], nonResourceURLs: ["/metrics"] }] }, []],
  ["an aggregation without selectors", rbac, "ClusterRole", { aggregationRule: {} }, [
    "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil",
  ]],
  ["a binding", rbac, "RoleBinding", {
    roleRef: role("a"),
    subjects: [{ kind: "User", name: "u" }, { kind: "Group", name: "g" }, { kind: "ServiceAccount", name: "s" }],
  }, []],
  ["what subjects need", rbac, "ClusterRoleBinding", {
    roleRef: { kind: "ClusterRole", name: "a" },
    subjects: [
      { kind: "ServiceAccount", name: "S", apiGroup: "x" },
      { kind: "User", name: "", apiGroup: "x" },
      { kind: "Robot", name: "r" },
    ],
  }, [
    `subjects[0].name: Invalid value: "S": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    'subjects[0].apiGroup: Unsupported value: "x": supported values: ""',
    "subjects[0].namespace: Required value",
    "subjects[1].name: Required value",
    'subjects[1].apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io"',
    'subjects[2].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
  ]],
  ["what a role's reference needs", rbac, "ClusterRoleBinding", { roleRef: { ...role("a/b"), apiGroup: "x" } }, [
    'roleRef.apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io"',
    'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
    `roleRef.name: Invalid value: "a/b": may not contain '/'`,
  ]],
  ["no role at all", rbac, "RoleBinding", {}, [
    'roleRef.kind: Unsupported value: "": supported values: "Role", "ClusterRole"',
    "roleRef.name: Required value",
  ]],
  ["a priority class", "scheduling.k8s.io/v1", "PriorityClass", { value: -5 }, []],
  ["too high a priority", "scheduling.k8s.io/v1", "PriorityClass", { value: 1_000_000_001 }, [
    "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
  ]],
  ["a system priority class", "scheduling.k8s.io/v1", "PriorityClass", {
    metadata: { name: "system-node-critical" },
    value: 2000001000,
  }, []],
  ["a name of the system's", "scheduling.k8s.io/v1", "PriorityClass", { metadata: { name: "system-x" }, value: 1 }, [
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-x is not a known system priority class",
  ]],
  ["a runtime class", "node.k8s.io/v1", "RuntimeClass", { handler: "kata", overhead: { podFixed: { cpu: 0.5 } } }, []],
  ["a runtime class's handler", "node.k8s.io/v1", "RuntimeClass", { handler: "Kata" }, [
    `handler: Invalid value: "Kata": ${dns}`,
  ]],
  ["endpoints", "v1", "Endpoints", { subsets: [{ addresses: [{ ip: "10.0.0.1" }], ports: [{ port: 80 }] }] }, []],
  ["what endpoints need", "v1", "Endpoints", {
    subsets: [{}, {
      addresses: [{ ip: "127.0.0.1" }, { ip: "::1" }, { ip: "169.254.1.1" }, { ip: "0.0.0.0" }, { ip: "x" }, {
        ip: "224.0.0.5",
      }],
      ports: [{ port: 80 }, { port: 0, name: "A" }],
    }],
  }, [
    "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`",
    'subsets[1].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    'subsets[1].addresses[1].ip: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    'subsets[1].addresses[2].ip: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    'subsets[1].addresses[3].ip: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0 or ::)',
    'subsets[1].addresses[4].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    'subsets[1].addresses[5].ip: Invalid value: "224.0.0.5": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
    "subsets[1].ports[0].name: Required value",
    `subsets[1].ports[1].name: Invalid value: "A": ${dns}`,
    "subsets[1].ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive",
  ]],
  ["a lease", "coordination.k8s.io/v1", "Lease", {
    spec: { holderIdentity: "a", leaseDurationSeconds: 15, renewTime: "2026-01-01T00:00:00.123456Z" },
  }, []],
  ["what a lease cannot be", "coordination.k8s.io/v1", "Lease", {
    spec: { leaseDurationSeconds: 0, leaseTransitions: -1, preferredHolder: "b" },
  }, [
    "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
    "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
    "spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined",
  ]],
  ["an event", "v1", "Event", { involvedObject: { namespace: "default", kind: "Pod", name: "p" }, reason: "R" }, []],
  ["an event elsewhere than its object", "v1", "Event", { involvedObject: { namespace: "other" } }, [
    'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
  ]],
  ["an event about something without a namespace", "v1", "Event", {
    metadata: { name: "x", namespace: "shop" },
    involvedObject: { kind: "Node", name: "n" },
  }, ['involvedObject.namespace: Invalid value: "": does not match event.namespace']],
  ["what a newer event needs", "events.k8s.io/v1", "Event", {
    regarding: { namespace: "default" },
    note: "n".repeat(1025),
    reason: "r".repeat(129),
  }, [
    "eventTime: Required value",
    "reportingController: Required value",
    "reportingInstance: Required value",
    "action: Required value",
    'reason: Invalid value: "": can have at most 128 characters',
    'note: Invalid value: "": can have at most 1024 characters',
  ]],
  ["a node", "v1", "Node", { spec: { taints: [{ key: "a", effect: "NoSchedule" }], podCIDRs: ["10.0.0.0/24"] } }, []],
  ["what a node cannot be", "v1", "Node", {
    spec: {
      taints: [{ key: "a", effect: "NoSchedule" }, { key: "a", value: "b", effect: "NoSchedule" }],
      podCIDRs: ["10.0.0.0/24", "10.0.1.0/33"],
    },
    status: { capacity: { cpu: "-1" } },
  }, [
    'spec.taints[1]: Duplicate value: {"key":"a","value":"b","effect":"NoSchedule"}: taints must be unique by key and effect pair',
    'spec.podCIDRs[1]: Invalid value: "10.0.1.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/33"]: may specify no more than one CIDR for each IP family',
    'status.capacity[cpu]: Invalid value: "-1": must be greater than or equal to 0',
  ]],
  ["a question about oneself", authorization, "SelfSubjectAccessReview", {
    metadata: {},
    spec: { resourceAttributes: { verb: "get", resource: "pods" } },
  }, []],
  ["a question about nothing", authorization, "SelfSubjectAccessReview", { metadata: {} }, [
    "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified",
  ]],
  ["a question about two things and nobody", authorization, "SubjectAccessReview", {
    metadata: {},
    spec: { resourceAttributes: {}, nonResourceAttributes: { path: "/" } },
  }, [
    'spec.nonResourceAttributes: Invalid value: {"path":"/"}: cannot be specified in combination with resourceAttributes',
    'spec.user: Invalid value: "": at least one of user or group must be specified',
  ]],
  ["a question about another namespace", authorization, "LocalSubjectAccessReview", {
    metadata: {},
    spec: { user: "u", resourceAttributes: { namespace: "other" } },
  }, ['spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace']],
  ["rules of nowhere", authorization, "SelfSubjectRulesReview", { metadata: {} }, ["spec.namespace: Required value"]],
  ["who one is", authentication, "SelfSubjectReview", { metadata: {} }, []],
  ["a token", authentication, "TokenRequest", { metadata: {}, spec: { audiences: ["a"] } }, []],
  ["too short a token", authentication, "TokenRequest", { metadata: {}, spec: { expirationSeconds: 599 } }, [
    "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes",
  ]],
  ["too long a token", authentication, "TokenRequest", { metadata: {}, spec: { expirationSeconds: 2 ** 33 } }, [
    "spec.expirationSeconds: Invalid value: 8589934592: may not specify a duration larger than 2^32 seconds",
  ]],
  ["no token", authentication, "TokenReview", { metadata: {} }, ["spec.token: Required value"]],
  ["an eviction", "policy/v1", "Eviction", { deleteOptions: { gracePeriodSeconds: 5 } }, []],
  ["a binding to a node", "v1", "Binding", { target: { kind: "Node", name: "n" } }, []],
  ["a binding to something else", "v1", "Binding", { target: { kind: "Pod" } }, [
    'target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"',
    "target.name: Required value",
  ]],
];

for (const [name, apiVersion, kind, value, errors] of cases) {
  Deno.test(`the API's checks: ${name}`, () => assert.deepEqual(taken(apiVersion, kind, value).errors, errors));
}

Deno.test("defaults of the API's kinds are filled in", () => {
  const of = (apiVersion: string, kind: string, value: Loose) =>
    taken(apiVersion, kind, value).object as unknown as Record<string, never>;
  assert.equal(of("scheduling.k8s.io/v1", "PriorityClass", { value: 1 }).preemptionPolicy, "PreemptLowerPriority");
  assert.deepEqual(
    of("node.k8s.io/v1", "RuntimeClass", { handler: "a", overhead: { podFixed: { cpu: 0.5 } } }).overhead,
    {
      podFixed: { cpu: "500m" },
    },
  );
  assert.deepEqual(
    of(rbac, "RoleBinding", {
      roleRef: role("a"),
      subjects: [{ kind: "User", name: "u" }, { kind: "ServiceAccount", name: "s", apiGroup: "" }],
    }).subjects,
    [{ kind: "User", name: "u", apiGroup: "rbac.authorization.k8s.io" }, { kind: "ServiceAccount", name: "s" }],
  );
  assert.deepEqual(of(rbac, "RoleBinding", { roleRef: role("a") }).roleRef, {
    ...role("a"),
    apiGroup: "rbac.authorization.k8s.io",
  });
  assert.deepEqual(of("v1", "Endpoints", { subsets: [{ ports: [{ port: 1 }] }] }).subsets, [
    { ports: [{ port: 1, protocol: "TCP" }] },
  ]);
  assert.deepEqual(of(authentication, "TokenRequest", {}).spec, { expirationSeconds: 3600 });
  assert.deepEqual(of("v1", "Node", { status: { capacity: { memory: "1024Ki" } } }).status, {
    capacity: { memory: "1Mi" },
  });
});

Deno.test("an event is the same thing in both of its forms", () => {
  const event = taken("v1", "Event", {
    involvedObject: { kind: "Pod", name: "p", namespace: "default" },
    reason: "Started",
    message: "m",
    source: { component: "kubelet", host: "n" },
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:01:00Z",
    count: 2,
    type: "Normal",
    reportingComponent: "kubelet",
    reportingInstance: "n",
  }).object as AnyObject & { kind: "Event"; apiVersion: "v1" };
  const other = toEventsEvent(event);
  assert.deepEqual(
    [other.apiVersion, other.regarding?.name, other.note, other.deprecatedCount, other.reportingController],
    ["events.k8s.io/v1", "p", "m", 2, "kubelet"],
  );
  assert.deepEqual(toCoreEvent(other), event);
});

Deno.test("manifests hold what is meant for them, and are told what is not", () => {
  assert.deepEqual(kinds.filter(({ use }) => use !== "manifest"), []);
  assert.ok(kinds.some(({ kind }) => kind === "RoleBinding"));
  for (const { apiVersion, kind, use } of allKinds) {
    const { problems } = decodeObject({ apiVersion, kind, metadata: { name: "x" } }, { manifest: true });
    const refused = problems.errors.some(({ message }) =>
      message.startsWith(`${kind} (${apiVersion}) is not for manifests`)
    );
    assert.equal(refused, use !== "manifest", kind);
  }
});
