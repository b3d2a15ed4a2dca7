/** Does a pod's node selector and required node affinity fit this node? */
import type { Pod } from "../objects/mod.ts";

/** What of the node is matched. */
export interface NodeIdentity {
  name: string;
  labels: { readonly [key: string]: string };
}

interface Requirement {
  key: string;
  operator: string;
  values?: readonly string[];
}

interface Term {
  matchExpressions?: readonly Requirement[];
  matchFields?: readonly Requirement[];
}

/** True when every nodeSelector label is the node's and one of the required terms, if there are any, matches. */
export function matchesNode(pod: Pod, node: NodeIdentity): boolean {
  const selected = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => node.labels[key] === value);
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return selected && (!required || (required.nodeSelectorTerms ?? []).some((term) => termMatches(term, node)));
}

/** A term's requirements all hold; a term without any matches nothing. */
function termMatches({ matchExpressions = [], matchFields = [] }: Term, node: NodeIdentity): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return matchExpressions.every((each) => holds(each, node.labels[each.key])) &&
    matchFields.every((each) => each.key === "metadata.name" && holds(each, node.name));
}

function holds({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return compares(value, values, (have, than) => have > than);
    case "Lt":
      return compares(value, values, (have, than) => have < than);
    default:
      return false;
  }
}

function compares(
  value: string | undefined,
  values: readonly string[],
  test: (have: bigint, than: bigint) => boolean,
): boolean {
  const whole = /^[+-]?\d+$/;
  if (value === undefined || values.length !== 1 || !whole.test(value) || !whole.test(values[0])) return false;
  return test(BigInt(value), BigInt(values[0]));
}
