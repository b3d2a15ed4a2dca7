/** Node selectors: which nodes a pod's required node affinity or a PersistentVolume's means. Pure. */

export interface NodeIdentity {
  name: string;
  labels: { readonly [key: string]: string };
}

interface Requirement {
  key: string;
  operator: string;
  values?: readonly string[];
}

/** A nodeSelectorTerm. */
export interface NodeTerm {
  matchExpressions?: readonly Requirement[];
  matchFields?: readonly Requirement[];
}

/** One term must match whole; a term without any requirement matches nothing. */
export function selectsNode(terms: readonly NodeTerm[], { name, labels }: NodeIdentity): boolean {
  return terms.some(({ matchExpressions = [], matchFields = [] }) =>
    matchExpressions.length + matchFields.length > 0 &&
    matchExpressions.every((each) => holds(each, Object.hasOwn(labels, each.key) ? labels[each.key] : undefined)) &&
    // The only field there is: the node's name.
    matchFields.every((each) => each.key === "metadata.name" && holds(each, name))
  );
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
