/** RBAC's rules as pure functions: what a rule allows, and whether some rules cover another. */

/** rbac.v1.PolicyRule. */
export interface PolicyRule {
  verbs?: readonly string[];
  apiGroups?: readonly string[];
  resources?: readonly string[];
  resourceNames?: readonly string[];
  nonResourceURLs?: readonly string[];
}

/** What somebody wants to do: the part of RequestInfo that rules are about. */
export interface Attributes {
  isResource: boolean;
  verb: string;
  group: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  path: string;
}

const has = (list: readonly string[] | undefined, ...any: string[]) => any.some((each) => list?.includes(each));

/** `pods`, or `pods/log`. */
export function combined({ resource, subresource }: Pick<Attributes, "resource" | "subresource">): string {
  return subresource === "" ? resource : `${resource}/${subresource}`;
}

export function ruleAllows(rule: PolicyRule, wanted: Attributes): boolean {
  if (!has(rule.verbs, wanted.verb, "*")) return false;
  if (!wanted.isResource) return (rule.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, wanted.path));
  return has(rule.apiGroups, wanted.group, "*") && resourceMatches(rule, wanted) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(wanted.name));
}

function resourceMatches({ resources }: PolicyRule, wanted: Attributes): boolean {
  if (has(resources, "*", combined(wanted))) return true;
  return wanted.subresource !== "" && has(resources, `*/${wanted.subresource}`);
}

function pathMatches(pattern: string, path: string): boolean {
  if (pattern === "*" || pattern === path) return true;
  return pattern.endsWith("*") && path.startsWith(pattern.slice(0, -1));
}

/** Rules are taken apart into no more parts than this: a few long lists would make billions. */
const mostPieces = 20_000;

/**
 * The parts of `rules` that `owned` does not cover, each of one verb, group, resource and name. What would be too many
 * parts is left whole, and covered only by one rule that covers all of it.
 */
export function uncovered(owned: readonly PolicyRule[], rules: readonly PolicyRule[]): PolicyRule[] {
  let left = mostPieces;
  const parts = rules.flatMap((rule) => {
    const size = pieceCount(rule);
    if (size > left) return [rule];
    left -= size;
    return pieces(rule);
  });
  return parts.filter((part) => !owned.some((rule) => ruleCovers(rule, part)));
}

function pieceCount(
  { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule,
) {
  return verbs.length *
    (apiGroups.length * resources.length * Math.max(1, resourceNames.length) + nonResourceURLs.length);
}

/** A rule as rules of one thing each. */
function pieces(rule: PolicyRule): PolicyRule[] {
  const found: PolicyRule[] = [];
  for (const verb of rule.verbs ?? []) {
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const base = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (!rule.resourceNames?.length) found.push(base);
        else for (const name of rule.resourceNames) found.push({ ...base, resourceNames: [name] });
      }
    }
    for (const url of rule.nonResourceURLs ?? []) found.push({ verbs: [verb], nonResourceURLs: [url] });
  }
  return found;
}

function ruleCovers(owner: PolicyRule, piece: PolicyRule): boolean {
  const covers = (list: readonly string[] | undefined, wanted: readonly string[] | undefined) =>
    has(list, "*") || (wanted ?? []).every((each) => has(list, each));
  if (!covers(owner.verbs, piece.verbs)) return false;
  if (piece.nonResourceURLs?.length) {
    return !piece.resources?.length &&
      piece.nonResourceURLs.every((url) => (owner.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, url)));
  }
  if (!covers(owner.apiGroups, piece.apiGroups)) return false;
  const resources = (piece.resources ?? []).every((resource) => {
    const [, subresource] = resource.split("/");
    return has(owner.resources, "*", resource) ||
      (subresource !== undefined && has(owner.resources, `*/${subresource}`));
  });
  if (!resources) return false;
  if (!owner.resourceNames?.length) return true;
  return Boolean(piece.resourceNames?.length) && covers(owner.resourceNames, piece.resourceNames);
}

/** A rule as Go prints one, for messages. */
export function ruleText(rule: PolicyRule): string {
  const list = (name: string, values?: readonly string[]) =>
    values?.length ? [`${name}:[${values.map((value) => JSON.stringify(value)).join(" ")}]`] : [];
  return `{${
    [
      ...list("APIGroups", rule.apiGroups),
      ...list("Resources", rule.resources),
      ...list("ResourceNames", rule.resourceNames),
      ...list("NonResourceURLs", rule.nonResourceURLs),
      ...list("Verbs", rule.verbs),
    ].join(", ")
  }}`;
}

/** Rules that differ in one part alone, as one: for messages and for lists of what somebody may do. */
export function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const byRest = new Map<string, PolicyRule & { verbs: string[] }>();
  for (const rule of rules) {
    const { verbs = [], ...rest } = rule;
    const key = JSON.stringify([rest.apiGroups, rest.resources, rest.resourceNames, rest.nonResourceURLs]);
    const known = byRest.get(key);
    if (known) { for (const verb of verbs) if (!known.verbs.includes(verb)) known.verbs.push(verb); }
    else byRest.set(key, { ...rest, verbs: [...verbs] });
  }
  return [...byRest.values()];
}
