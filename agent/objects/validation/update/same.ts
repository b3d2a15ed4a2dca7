/** Equality as kube-apiserver's validation sees it: an empty list or a false flag is the same as an absent one. */
const isEmpty = (value: unknown) =>
  value === undefined || value === false || value === "" || (Array.isArray(value) && value.length === 0);

export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (isEmpty(a) && isEmpty(b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length &&
      a.every((item, at) => sameValue(item, b[at]));
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  for (const key in left) if (!sameValue(left[key], right[key])) return false;
  for (const key in right) if (!(key in left) && !sameValue(undefined, right[key])) return false;
  return true;
}
