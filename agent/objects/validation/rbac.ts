/** Roles and bindings. */
import type { FieldErrors } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import {
  type ClusterRole,
  type ClusterRoleBinding,
  type PolicyRule,
  rbacGroup,
  type Role,
  type RoleBinding,
  type Subject,
} from "../rbac.ts";
import { validateLabelSelector, validateMeta } from "./meta.ts";
import { dns1123Subdomain, pathSegment } from "./names.ts";

function validateRule(rule: PolicyRule, namespaced: boolean, path: FieldPath, errors: FieldErrors): void {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  if (!verbs.length) errors.required(path.child("verbs"), "verbs must contain at least one value");
  if (nonResourceURLs.length) {
    const at = path.child("nonResourceURLs");
    if (namespaced) errors.invalid(at, nonResourceURLs, "namespaced rules cannot apply to non-resource URLs");
    if (apiGroups.length || resources.length || resourceNames.length) {
      errors.invalid(at, nonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs");
    }
    return;
  }
  if (!apiGroups.length) errors.required(path.child("apiGroups"), "resource rules must supply at least one api group");
  if (!resources.length) errors.required(path.child("resources"), "resource rules must supply at least one resource");
}

export function validateRole(role: Role | ClusterRole, errors: FieldErrors): void {
  const namespaced = role.kind === "Role";
  validateMeta(role.metadata, FieldPath.of("metadata"), errors, { namespaced, checkName: pathSegment });
  for (const [index, rule] of (role.rules ?? []).entries()) {
    validateRule(rule, namespaced, FieldPath.of("rules").index(index), errors);
  }
  if (role.kind !== "ClusterRole" || !role.aggregationRule) return;
  const path = FieldPath.of("aggregationRule", "clusterRoleSelectors");
  const selectors = role.aggregationRule.clusterRoleSelectors ?? [];
  if (!selectors.length) {
    errors.required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil");
  }
  for (const [index, selector] of selectors.entries()) validateLabelSelector(selector, path.index(index), errors);
}

function validateSubject(subject: Subject, namespaced: boolean, path: FieldPath, errors: FieldErrors): void {
  const { kind, name, apiGroup = "", namespace } = subject;
  if (!name) errors.required(path.child("name"));
  switch (kind) {
    case "ServiceAccount":
      if (name) errors.invalidAll(path.child("name"), name, dns1123Subdomain(name));
      if (apiGroup) errors.notSupported(path.child("apiGroup"), apiGroup, [""]);
      if (!namespaced && !namespace) errors.required(path.child("namespace"));
      return;
    case "User":
    case "Group":
      if (apiGroup !== rbacGroup) errors.notSupported(path.child("apiGroup"), apiGroup, [rbacGroup]);
      return;
    default:
      errors.notSupported(path.child("kind"), kind, ["ServiceAccount", "User", "Group"]);
  }
}

export function validateRoleBinding(binding: RoleBinding | ClusterRoleBinding, errors: FieldErrors): void {
  const namespaced = binding.kind === "RoleBinding";
  validateMeta(binding.metadata, FieldPath.of("metadata"), errors, { namespaced, checkName: pathSegment });
  const path = FieldPath.of("roleRef");
  const { apiGroup = "", kind, name } = binding.roleRef;
  if (apiGroup !== rbacGroup) errors.notSupported(path.child("apiGroup"), apiGroup, [rbacGroup]);
  const roles = namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  if (!roles.includes(kind)) errors.notSupported(path.child("kind"), kind, roles);
  if (!name) errors.required(path.child("name"));
  else errors.invalidAll(path.child("name"), name, pathSegment(name));
  for (const [index, subject] of (binding.subjects ?? []).entries()) {
    validateSubject(subject, namespaced, FieldPath.of("subjects").index(index), errors);
  }
}
