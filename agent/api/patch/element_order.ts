/**
 * The order of a merged list: elements that the patch names come in the patch's order, the others in the order that
 * they had, and both are interleaved by where they stood before.
 */
import { ApiError, badRequest } from "../status.ts";
import { field, goText, goType, isMap } from "./json.ts";

/** What tells two elements apart: the merge key's value, or the element itself. */
function identity(element: unknown, mergeKey: string | undefined): unknown {
  if (mergeKey === undefined && !isMap(element)) return element;
  if (!isMap(element)) throw wrongType({}, element);
  if (mergeKey === undefined || !Object.hasOwn(element, mergeKey)) {
    throw badRequest(`map: ${goText(element)} does not contain declared merge key: ${mergeKey ?? ""}`);
  }
  return element[mergeKey];
}

/** Puts `elements` in order: those in `wanted` as there, the others as in `before`. */
export function inOrder(
  elements: readonly unknown[],
  wanted: readonly unknown[],
  before: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const places = (list: readonly unknown[]) => {
    const map = new Map<unknown, number>();
    list.forEach((element, index) => {
      const key = identity(element, mergeKey);
      if (!map.has(key)) map.set(key, index);
    });
    return map;
  };
  const wantedAt = places(wanted), beforeAt = places(before);
  const sorted = (list: { element: unknown; key: unknown }[], at: Map<unknown, number>) =>
    list.sort((a, b) => (at.get(a.key) ?? Infinity) - (at.get(b.key) ?? Infinity) || 0);
  const keyed = elements.map((element) => ({ element, key: identity(element, mergeKey) }));
  const named = sorted(keyed.filter(({ key }) => wantedAt.has(key)), wantedAt);
  const others = sorted(keyed.filter(({ key }) => !wantedAt.has(key)), beforeAt);
  const ordered: unknown[] = [];
  // An element that the patch does not name goes before the first named one that it stood in front of.
  for (const { element, key } of named) {
    const place = beforeAt.get(key);
    while (others.length > 0 && place !== undefined && (beforeAt.get(others[0].key) ?? Infinity) < place) {
      ordered.push(others.shift()!.element);
    }
    ordered.push(element);
  }
  return [...ordered, ...others.map(({ element }) => element)];
}

/** Checks that the elements of a patch come in the order that its `$setElementOrder` asks for. */
export function checkOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): void {
  if (order.length === 0 || patch.length === 0) return;
  const directive = (element: unknown) => isMap(element) ? field(element, "$patch") : undefined;
  const changes = mergeKey === undefined ? patch : patch.filter((element) => directive(element) !== "delete");
  let next = 0;
  for (let at = 0; next < changes.length && at < order.length;) {
    if (directive(changes[next]) !== undefined) next++;
    else if (identity(changes[next], mergeKey) === identity(order[at++], mergeKey)) next++;
  }
  if (next < changes.length) {
    const text = `The order in patch list:\n${goText(patch)}\n doesn't match $setElementOrder list:\n${
      goText(order)
    }\n`;
    throw badRequest(text);
  }
}

/** What the elements of some lists are; throws when they are not all of one type. */
export function elementKind(...lists: readonly (readonly unknown[])[]): "map" | "scalar" {
  const types = new Set(lists.flat().map(goType));
  if (types.size === 0) throw badRequest("no elements in any of the given slices");
  if (types.has(goType([]))) throw new ApiError(422, "Invalid", "lists of lists are not supported");
  if (types.size > 1) throw badRequest(`list element types are not identical: ${goText(lists)}`);
  return types.has(goType({})) ? "map" : "scalar";
}

/** A part of a patch that is not of the type of `expected`. */
export function wrongType(expected: unknown, found: unknown): ApiError {
  return badRequest(`expected a ${goType(expected)}, but received a ${goType(found)}`);
}
