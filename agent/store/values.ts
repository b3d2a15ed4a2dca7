/** Freezing and comparing plain JSON values without copying them. */

/** Freezes a value all the way down and returns it. Parts that are frozen already are taken to be so throughout. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}

/** Equality as JSON sees it: the order of keys means nothing, `undefined` is the same as absent. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) {
    if (!sameValue(left[key], right[key])) return false;
  }
  for (const key in right) {
    if (right[key] !== undefined && left[key] === undefined) return false;
  }
  return true;
}
