/** Roles, what they allow, and who has them. */
import { define, defineKind, lazily, list, neededText, opt, text, texts, type z } from "./schema.ts";
import { labelSelector, objectMeta } from "./meta.ts";

const apiVersion = "rbac.authorization.k8s.io/v1";
export const rbacGroup = "rbac.authorization.k8s.io";

const policyRule = lazily(() =>
  define("rbac.v1.PolicyRule", {
    verbs: texts,
    apiGroups: texts,
    resources: texts,
    resourceNames: texts,
    nonResourceURLs: texts,
  })
);
export interface PolicyRule extends z.infer<ReturnType<typeof policyRule>> {}

const roleRef = lazily(() =>
  define("rbac.v1.RoleRef", { apiGroup: text, kind: neededText, name: neededText }, { mapType: "atomic" })
);
export interface RoleRef extends z.infer<ReturnType<typeof roleRef>> {}

const subject = lazily(() =>
  define("rbac.v1.Subject", { kind: neededText, apiGroup: text, name: neededText, namespace: text }, {
    mapType: "atomic",
  })
);
export interface Subject extends z.infer<ReturnType<typeof subject>> {}

export const roleSchema = lazily(() =>
  defineKind(apiVersion, "Role", { metadata: objectMeta(), rules: list(policyRule()) })
);
export interface Role extends z.infer<ReturnType<typeof roleSchema>> {}

export const clusterRoleSchema = lazily(() =>
  defineKind(apiVersion, "ClusterRole", {
    metadata: objectMeta(),
    rules: list(policyRule()),
    aggregationRule: opt(define("rbac.v1.AggregationRule", { clusterRoleSelectors: list(labelSelector()) })),
  })
);
export interface ClusterRole extends z.infer<ReturnType<typeof clusterRoleSchema>> {}

export const roleBindingSchema = lazily(() =>
  defineKind(apiVersion, "RoleBinding", { metadata: objectMeta(), subjects: list(subject()), roleRef: roleRef() })
);
export interface RoleBinding extends z.infer<ReturnType<typeof roleBindingSchema>> {}

export const clusterRoleBindingSchema = lazily(() =>
  defineKind(apiVersion, "ClusterRoleBinding", {
    metadata: objectMeta(),
    subjects: list(subject()),
    roleRef: roleRef(),
  })
);
export interface ClusterRoleBinding extends z.infer<ReturnType<typeof clusterRoleBindingSchema>> {}
