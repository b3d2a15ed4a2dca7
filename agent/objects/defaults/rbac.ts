/** What the API server fills in on bindings: the group that a reference belongs to. */
import { type ClusterRoleBinding, rbacGroup, type RoleBinding } from "../rbac.ts";

export function defaultBinding({ roleRef, subjects }: RoleBinding | ClusterRoleBinding): void {
  roleRef.apiGroup ||= rbacGroup;
  for (const subject of subjects ?? []) {
    if (subject.kind === "User" || subject.kind === "Group") subject.apiGroup ||= rbacGroup;
    else if (!subject.apiGroup) delete subject.apiGroup;
  }
}
