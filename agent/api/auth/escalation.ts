/**
 * Nobody gives what they do not have: a role may only hold rules that its writer holds, a binding only name a role whose
 * rules its writer holds; unless they may `escalate`, or `bind` that role.
 */
import type { UserInfo } from "../request.ts";
import { type Authorizer, everything, type RoleRef } from "./authorize.ts";
import { refusal } from "./forbidden.ts";
import { masters } from "./groups.ts";
import { type Attributes, compact, type PolicyRule, ruleText, uncovered } from "./rules.ts";

const group = "rbac.authorization.k8s.io";

interface Written {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: readonly PolicyRule[] | null;
  aggregationRule?: unknown;
  roleRef?: RoleRef;
}

const plurals: Record<string, string> = {
  Role: "roles",
  ClusterRole: "clusterroles",
  RoleBinding: "rolebindings",
  ClusterRoleBinding: "clusterrolebindings",
};

/** Called for every write of a Role, ClusterRole, RoleBinding or ClusterRoleBinding. @throws {ApiError} 403 */
export function checkEscalation(authorizer: Authorizer, user: UserInfo, written: Written, previous?: Written): void {
  if (user.groups.includes(masters)) return;
  const { kind, metadata: { name, namespace = "" }, rules, roleRef } = written;
  const resource = plurals[kind];
  const attributes = (verb: string, of: string, called: string): Attributes => ({
    isResource: true,
    verb,
    group,
    resource: of,
    subresource: "",
    namespace,
    name: called,
    path: "",
  });
  let granted: readonly PolicyRule[];
  let problem = "";
  if (roleRef) {
    if (previous && same(previous, written)) return;
    const named = plurals[roleRef.kind] ?? "roles";
    if (authorizer.authorize(user, attributes("bind", named, roleRef.name)).allowed) return;
    try {
      granted = authorizer.rulesOfRole(roleRef, namespace);
    } catch (err) {
      throw refusal({ resource, group, name }, `${(err as Error).message}`);
    }
  } else {
    if (previous && same(previous, written)) return;
    if (authorizer.authorize(user, attributes("escalate", resource, name)).allowed) return;
    granted = rules ?? [];
    // whoever says which roles to take rules from gives whatever these will ever hold
    if (written.aggregationRule || previous?.aggregationRule) {
      if (uncovered(authorizer.rulesOf(user, "").rules, everything).length > 0) {
        throw refusal({ resource, group, name }, "must have cluster-admin privileges to use the aggregationRule");
      }
      return;
    }
  }
  const owned = authorizer.rulesOf(user, namespace);
  if (owned.problems.length > 0) problem = `; resolution errors: [${owned.problems.join(", ")}]`;
  const missing = compact(uncovered(owned.rules, granted));
  if (missing.length === 0) return;
  const groups = user.groups.map((each) => JSON.stringify(each)).join(" ");
  throw refusal(
    { resource, group, name },
    `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently ` +
      `held:\n${missing.map(ruleText).join("\n")}${problem}`,
  );
}

/** Whether a write changes nothing of what is granted, and to whom. */
function same(a: Written & { subjects?: unknown }, b: Written & { subjects?: unknown }): boolean {
  const granted = ({ rules, aggregationRule, roleRef, subjects }: typeof a) =>
    JSON.stringify([rules, aggregationRule, roleRef, subjects]);
  return granted(a) === granted(b);
}
