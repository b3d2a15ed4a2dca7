/**
 * May they? RBAC over the objects in the store: bindings name subjects and a role, roles hold rules. There are only
 * permissions; what no rule allows is forbidden. `system:masters` may all without being looked up.
 */
import type { UserInfo } from "../request.ts";
import { accountName } from "./service_account.ts";
import { masters } from "./groups.ts";
import { type Attributes, type PolicyRule, ruleAllows } from "./rules.ts";

interface Named {
  metadata: { name: string; namespace?: string };
}

interface Role extends Named {
  rules?: readonly PolicyRule[] | null;
}

export interface RoleRef {
  apiGroup?: string;
  kind: string;
  name: string;
}

export interface Binding extends Named {
  subjects?: readonly { kind: string; apiGroup?: string; name: string; namespace?: string }[] | null;
  roleRef: RoleRef;
}

/** Where roles and bindings are. */
export interface RoleSource {
  role(namespace: string, name: string): Role | undefined;
  clusterRole(name: string): Role | undefined;
  roleBindings(namespace: string): readonly Binding[];
  clusterRoleBindings(): readonly Binding[];
}

export interface Decision {
  allowed: boolean;
  /** In Kubernetes' words: which binding allows it; or what could not be looked up. */
  reason: string;
}

/** A rule and what gives it to somebody. */
interface Grant {
  rule: PolicyRule;
  reason: string;
}

/** What somebody holds who may all. */
export const everything: PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];

export class Authorizer {
  constructor(private readonly roles: RoleSource) {}

  authorize(user: UserInfo, wanted: Attributes): Decision {
    if (user.groups.includes(masters)) return { allowed: true, reason: "" };
    const problems: string[] = [];
    for (const { rule, reason } of this.#grants(user, wanted.isResource ? wanted.namespace : "", problems)) {
      if (ruleAllows(rule, wanted)) return { allowed: true, reason };
    }
    return { allowed: false, reason: problems.length > 0 ? `RBAC: ${problems.join(", ")}` : "" };
  }

  /** All that somebody may do in a namespace; "" stands for what is granted everywhere. */
  rulesOf(user: UserInfo, namespace: string): { rules: PolicyRule[]; problems: string[] } {
    if (user.groups.includes(masters)) return { rules: everything, problems: [] };
    const problems: string[] = [];
    const rules = [...this.#grants(user, namespace, problems)].map(({ rule }) => rule);
    return { rules, problems };
  }

  /** The rules of the role that a binding names. Throws where there is no such role. */
  rulesOfRole({ kind, name }: RoleRef, namespace: string): readonly PolicyRule[] {
    const role = kind === "ClusterRole"
      ? this.roles.clusterRole(name)
      : kind === "Role"
      ? this.roles.role(namespace, name)
      : undefined;
    if (!role) {
      throw new Error(`${kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`);
    }
    return role.rules ?? [];
  }

  *#grants(user: UserInfo, namespace: string, problems: string[]): Generator<Grant> {
    yield* this.#grantsOf("ClusterRoleBinding", this.roles.clusterRoleBindings(), user, "", problems);
    if (namespace === "") return;
    yield* this.#grantsOf("RoleBinding", this.roles.roleBindings(namespace), user, namespace, problems);
  }

  *#grantsOf(
    kind: string,
    bindings: readonly Binding[],
    user: UserInfo,
    namespace: string,
    problems: string[],
  ): Generator<Grant> {
    for (const { metadata, subjects, roleRef } of bindings) {
      const subject = subjects?.find((each) => isSubject(each, user, namespace));
      if (!subject) continue;
      try {
        const binding = namespace === "" ? metadata.name : `${metadata.name}/${namespace}`;
        const who = subject.kind === "ServiceAccount"
          ? `ServiceAccount ${JSON.stringify(`${subject.name}/${subject.namespace || namespace}`)}`
          : `${subject.kind} ${JSON.stringify(subject.name)}`;
        const reason = `RBAC: allowed by ${kind} ${JSON.stringify(binding)} of ${roleRef.kind} ` +
          `${JSON.stringify(roleRef.name)} to ${who}`;
        for (const rule of this.rulesOfRole(roleRef, namespace)) yield { rule, reason };
      } catch (err) {
        problems.push((err as Error).message);
      }
    }
  }
}

function isSubject(
  { kind, name, namespace }: { kind: string; name: string; namespace?: string },
  user: UserInfo,
  bindingNamespace: string,
): boolean {
  if (kind === "User") return name === user.name;
  if (kind === "Group") return user.groups.includes(name);
  if (kind !== "ServiceAccount") return false;
  const within = namespace || bindingNamespace;
  return within !== "" && accountName(within, name) === user.name;
}
