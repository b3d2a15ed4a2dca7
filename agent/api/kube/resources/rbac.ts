/** Roles and who has them. Nobody can give what they do not have: `check` is asked before every write. */
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "../../../objects/mod.ts";
import type { UserInfo } from "../../request.ts";
import type { ApiObject, Backend, Resource, Strategy } from "../types.ts";
import { ageColumn, ageOf, nameColumn, text } from "./columns.ts";
import { allVerbs } from "./verbs.ts";

/** Throws a 403 where a user may not write such a role or binding. */
export type EscalationCheck = (user: UserInfo, written: ApiObject, previous?: ApiObject) => void;

type AnyRole = Role | ClusterRole;
type AnyBinding = RoleBinding | ClusterRoleBinding;

function resource<T extends AnyRole | AnyBinding>(
  kind: T["kind"],
  namespaced: boolean,
  backend: Backend<T>,
  check: EscalationCheck,
  printer: Resource<T>["printer"],
): Resource<T> {
  const strategy: Strategy<T> = {
    prepareForCreate(object, { user }) {
      check(user, object);
      return object;
    },
    prepareForUpdate(object, current, { user }) {
      check(user, object, current);
      return object;
    },
    createOnUpdate: true,
  };
  return {
    group: "rbac.authorization.k8s.io",
    version: "v1",
    kind,
    plural: `${kind.toLowerCase()}s`,
    singular: kind.toLowerCase(),
    namespaced,
    verbs: allVerbs,
    backend,
    strategy,
    printer,
  };
}

const rolePrinter = {
  columns: [nameColumn, { name: "Created At", type: "date" as const, description: "When the role was created." }],
  cells: ({ metadata }: AnyRole) => [metadata.name, metadata.creationTimestamp ?? null],
};

const bindingPrinter = {
  columns: [
    nameColumn,
    text("Role", "What the subjects may."),
    ageColumn,
    text("Users", "Users in the roleBinding", { wide: true }),
    text("Groups", "Groups in the roleBinding", { wide: true }),
    text("ServiceAccounts", "ServiceAccounts in the roleBinding", { wide: true }),
  ],
  cells(object: AnyBinding, now: number) {
    const { metadata, roleRef, subjects = [] } = object;
    const names = (kind: string) => subjects.filter((subject) => subject.kind === kind);
    return [
      metadata.name,
      `${roleRef.kind}/${roleRef.name}`,
      ageOf(object, now),
      names("User").map(({ name }) => name).join(", "),
      names("Group").map(({ name }) => name).join(", "),
      names("ServiceAccount").map(({ name, namespace }) => `${namespace}/${name}`).join(", "),
    ];
  },
};

export function roles(backend: Backend<Role>, check: EscalationCheck): Resource<Role> {
  return resource<Role>("Role", true, backend, check, rolePrinter);
}

export function roleBindings(backend: Backend<RoleBinding>, check: EscalationCheck): Resource<RoleBinding> {
  return resource<RoleBinding>("RoleBinding", true, backend, check, bindingPrinter);
}

export function clusterRoles(backend: Backend<ClusterRole>, check: EscalationCheck): Resource<ClusterRole> {
  return resource<ClusterRole>("ClusterRole", false, backend, check, rolePrinter);
}

export function clusterRoleBindings(
  backend: Backend<ClusterRoleBinding>,
  check: EscalationCheck,
): Resource<ClusterRoleBinding> {
  return resource<ClusterRoleBinding>("ClusterRoleBinding", false, backend, check, bindingPrinter);
}
