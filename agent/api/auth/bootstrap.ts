/**
 * The roles and bindings that every cluster has from the beginning, as far as this node serves what they are about; and
 * one of its own for who may look but not touch.
 */
import type { Binding } from "./authorize.ts";
import { authenticated, masters, unauthenticated } from "./groups.ts";
import type { PolicyRule } from "./rules.ts";

/** Members may see everything but Secrets, on the node and in all namespaces. */
export const viewers = "islet:viewers";

const rbac = "rbac.authorization.k8s.io";
const apiVersion = `${rbac}/v1`;

export interface BootstrapRole {
  apiVersion: string;
  kind: "ClusterRole";
  metadata: { name: string; labels: Record<string, string>; annotations: Record<string, string> };
  rules: PolicyRule[];
  aggregationRule?: { clusterRoleSelectors: { matchLabels: Record<string, string> }[] };
}

export interface BootstrapBinding extends Binding {
  apiVersion: string;
  kind: "ClusterRoleBinding";
}

const read = ["get", "list", "watch"];
const write = ["create", "delete", "deletecollection", "patch", "update"];
const all = [...write, ...read];

const rule = (verbs: string[], apiGroups: string[], ...resources: string[]): PolicyRule => ({
  apiGroups,
  resources,
  verbs,
});
const core = [""];

const view: PolicyRule[] = [
  rule(
    read,
    core,
    "configmaps",
    "endpoints",
    "persistentvolumeclaims",
    "persistentvolumeclaims/status",
    "pods",
    "serviceaccounts",
    "services",
    "services/status",
  ),
  rule(read, core, "bindings", "events", "namespaces/status", "pods/log", "pods/status"),
  rule(read, core, "namespaces"),
  rule(read, ["discovery.k8s.io"], "endpointslices"),
  rule(read, ["events.k8s.io"], "events"),
  rule(read, ["metrics.k8s.io"], "pods", "nodes"),
];

const ownOfEdit: PolicyRule[] = [
  rule(
    read,
    core,
    "pods/attach",
    "pods/exec",
    "pods/portforward",
    "pods/proxy",
    "secrets",
    "services/proxy",
  ),
  rule(["impersonate"], core, "serviceaccounts"),
  rule(write, core, "pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"),
  rule(["create"], core, "pods/eviction"),
  rule(["patch", "update"], core, "pods/ephemeralcontainers", "pods/resize"),
  rule(write, core, "configmaps", "events", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"),
  rule(["create"], core, "serviceaccounts/token"),
  rule(all, ["coordination.k8s.io"], "leases"),
];

const ownOfAdmin: PolicyRule[] = [
  rule(["create"], ["authorization.k8s.io"], "localsubjectaccessreviews"),
  rule(all, [rbac], "rolebindings", "roles"),
];

/** The label of roles whose rules one of the three roles for people gets. */
const aggregateTo = (name: string) => ({ [`rbac.authorization.k8s.io/aggregate-to-${name}`]: "true" });

/** Labels of roles that are parts of others. */
const parts: Record<string, Record<string, string>> = {
  "system:aggregate-to-admin": aggregateTo("admin"),
  edit: aggregateTo("admin"),
  "system:aggregate-to-edit": aggregateTo("edit"),
  view: aggregateTo("edit"),
  "system:aggregate-to-view": aggregateTo("view"),
};
const aggregating = ["admin", "edit", "view"];

// in the order in which they are aggregated
const edit = [...ownOfEdit, ...view];
const admin = [...edit, ...ownOfAdmin];

const paths = (...nonResourceURLs: string[]): PolicyRule => ({ verbs: ["get"], nonResourceURLs });
const health = ["/healthz", "/livez", "/readyz", "/version", "/version/"];

const roles: Record<string, PolicyRule[]> = {
  "cluster-admin": [
    { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
    { verbs: ["*"], nonResourceURLs: ["*"] },
  ],
  admin,
  edit,
  view,
  "system:aggregate-to-admin": ownOfAdmin,
  "system:aggregate-to-edit": ownOfEdit,
  "system:aggregate-to-view": view,
  "islet:viewer": [
    ...view,
    rule(read, core, "nodes", "nodes/status", "persistentvolumes", "persistentvolumes/status"),
    rule(["get"], core, "nodes/metrics", "nodes/stats", "nodes/pods", "nodes/healthz", "nodes/configz"),
    rule(read, ["coordination.k8s.io"], "leases"),
    rule(read, ["node.k8s.io"], "runtimeclasses"),
    rule(read, [rbac], "clusterrolebindings", "clusterroles", "rolebindings", "roles"),
    rule(read, ["scheduling.k8s.io"], "priorityclasses"),
    paths("/", "/islet/*", "/metrics", "/metrics/*"),
  ],
  "system:auth-delegator": [
    rule(["create"], ["authentication.k8s.io"], "tokenreviews"),
    rule(["create"], ["authorization.k8s.io"], "subjectaccessreviews"),
  ],
  "system:basic-user": [
    rule(["create"], ["authorization.k8s.io"], "selfsubjectaccessreviews", "selfsubjectrulesreviews"),
    rule(["create"], ["authentication.k8s.io"], "selfsubjectreviews"),
  ],
  "system:discovery": [
    paths("/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", ...health.slice(2)),
  ],
  "system:kubelet-api-admin": [
    rule(read, core, "nodes"),
    rule(["proxy"], core, "nodes"),
    rule(
      ["*"],
      core,
      "nodes/configz",
      "nodes/healthz",
      "nodes/log",
      "nodes/metrics",
      "nodes/pods",
      "nodes/proxy",
      "nodes/stats",
    ),
  ],
  "system:monitoring": [paths("/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/readyz", "/readyz/*")],
  "system:public-info-viewer": [paths(...health)],
  "system:service-account-issuer-discovery": [
    paths(
      "/.well-known/openid-configuration",
      "/.well-known/openid-configuration/",
      "/openid/v1/jwks",
      "/openid/v1/jwks/",
    ),
  ],
};

/** Groups by the role that they have everywhere. */
const bindings: Record<string, string[]> = {
  "cluster-admin": [masters],
  "islet:viewer": [viewers],
  "system:basic-user": [authenticated],
  "system:discovery": [authenticated],
  "system:monitoring": ["system:monitoring"],
  "system:public-info-viewer": [authenticated, unauthenticated],
  "system:service-account-issuer-discovery": ["system:serviceaccounts"],
};

const metadata = (name: string) => ({
  name,
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults", ...parts[name] },
  annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
});

export function bootstrapRoles(): BootstrapRole[] {
  return Object.entries(roles).map(([name, rules]) => ({
    apiVersion,
    kind: "ClusterRole",
    metadata: metadata(name),
    rules,
    ...(aggregating.includes(name)
      ? { aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregateTo(name) }] } }
      : {}),
  }));
}

export function bootstrapBindings(): BootstrapBinding[] {
  return Object.entries(bindings).map(([name, groups]) => ({
    apiVersion,
    kind: "ClusterRoleBinding",
    metadata: metadata(name),
    subjects: groups.map((group) => ({ apiGroup: rbac, kind: "Group", name: group })),
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
  }));
}

const autoupdate = "rbac.authorization.kubernetes.io/autoupdate";

interface Stored {
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  rules?: unknown;
  aggregationRule?: unknown;
  subjects?: unknown;
  roleRef?: unknown;
}

/**
 * What is to be written so that the built-in roles are there, as kube-apiserver does at each start: missing ones, and
 * those that were changed by hand unless their annotation `autoupdate` says "false". Rules that a role gets from others are
 * not looked at. Pure.
 */
export function bootstrapChanges(
  find: (kind: string, name: string) => Stored | undefined,
): (BootstrapRole | BootstrapBinding)[] {
  return [...bootstrapRoles(), ...bootstrapBindings()].filter((wanted) => {
    const found = find(wanted.kind, wanted.metadata.name);
    if (!found) return true;
    if (found.metadata.annotations?.[autoupdate] === "false") return false;
    const label = Object.keys(parts[wanted.metadata.name] ?? {})[0];
    const content = ({ metadata, rules, aggregationRule, subjects, roleRef }: Stored) =>
      JSON.stringify([metadata.labels?.[label], aggregationRule ?? rules, subjects, roleRef]);
    return content(found) !== content(wanted as Stored);
  });
}
