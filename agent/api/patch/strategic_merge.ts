/**
 * Strategic merge patch: a merge patch that knows how the lists of a kind merge, and takes directives inside the patch.
 *
 *     $patch: replace | delete | merge       in a mapping: what becomes of the mapping; in an element of a list: of it
 *     $retainKeys: [a, b]                    every other key of the mapping goes
 *     $setElementOrder/LIST: […]             the order of the elements afterwards
 *     $deleteFromPrimitiveList/LIST: […]     scalars that leave the list
 *     null                                   removes the key
 *
 * What kubectl's client-side apply, edit and label compute is of this form.
 */
import { badRequest } from "../status.ts";
import { checkOrder, elementKind, inOrder, wrongType } from "./element_order.ts";
import { copy, field, goText, isMap, type JsonMap, setField } from "./json.ts";
import { fieldViewOrAny, type ListView, type TypeView } from "./schema_view.ts";

const directive = "$patch";
const retainKeys = "$retainKeys";
const orderPrefix = "$setElementOrder";
const deletePrefix = "$deleteFromPrimitiveList";

/** Merges a patch into a value of this type. Neither is changed; the result may share parts with both. */
export function strategicMerge(original: JsonMap, patch: JsonMap, view: TypeView): JsonMap {
  if (Object.hasOwn(patch, directive)) return replacement(patch);
  const merged: JsonMap = { ...original };
  patch = { ...patch };
  retain(merged, patch);
  orderLists(merged, patch, view);
  for (const key of Object.keys(patch)) mergeField(merged, key, patch[key], view);
  return merged;
}

/** A mapping with a `$patch` of its own. */
function replacement(patch: JsonMap): JsonMap {
  const { [directive]: what, ...rest } = patch;
  if (what === "replace") return withoutDirectives(rest) as JsonMap;
  if (what === "delete") return {};
  throw badRequest(`unknown patch type: ${goText(what)} in map: ${goText(patch)}`);
}

function mergeField(merged: JsonMap, key: string, value: unknown, view: TypeView): void {
  const isDeletion = key.startsWith(deletePrefix);
  if (isDeletion) key = listName(key, deletePrefix, "primitive list");
  if (value === null) {
    delete merged[key];
    return;
  }
  const present = Object.hasOwn(merged, key) ? merged[key] : undefined;
  if (isMap(present) && isMap(value) && !isDeletion) {
    setField(merged, key, strategicMerge(present, value, fieldViewOrAny(view, key)));
  } else if (Array.isArray(present) && Array.isArray(value)) {
    const list = listView(view, key);
    setField(
      merged,
      key,
      isDeletion
        ? withoutScalars(present, value)
        : list?.strategy === "merge"
        ? mergeLists(present, value, list, key)
        : withoutDirectives(value),
    );
  } else if (!isDeletion) {
    const plain = withoutDirectives(value);
    if (plain === undefined) delete merged[key];
    else setField(merged, key, plain);
  }
}

function listView(view: TypeView, key: string): ListView | undefined {
  const found = fieldViewOrAny(view, key);
  return found.t === "list" ? found : undefined;
}

/** `$retainKeys`: drops what the patch does not name. */
function retain(merged: JsonMap, patch: JsonMap): void {
  if (!Object.hasOwn(patch, retainKeys)) return;
  const kept = patch[retainKeys];
  delete patch[retainKeys];
  if (!Array.isArray(kept)) throw badRequest("invalid patch format of retainKeys");
  const names = new Set(kept);
  for (const key of Object.keys(patch)) {
    if (patch[key] === null || key.startsWith(deletePrefix) || key.startsWith(orderPrefix)) continue;
    if (!names.has(key)) throw badRequest("invalid patch format of retainKeys");
  }
  for (const key of Object.keys(merged)) if (!names.has(key)) delete merged[key];
}

/** `$setElementOrder`: merges the lists that it names, and takes them out of the patch. */
function orderLists(merged: JsonMap, patch: JsonMap, view: TypeView): void {
  for (const directiveKey of Object.keys(patch).filter((key) => key.startsWith(orderPrefix))) {
    const order = patch[directiveKey];
    delete patch[directiveKey];
    const key = listName(directiveKey, orderPrefix, "setElementOrder list");
    const present = field(merged, key), patched = field(patch, key);
    for (const value of [order, present, patched]) {
      if (value !== undefined && !Array.isArray(value)) throw wrongType([], value);
    }
    const list = listView(view, key);
    const [wanted, before, after] = [order as unknown[], present as unknown[] | undefined, patched as unknown[]];
    if (after) checkOrder(after, wanted, list?.mergeKey);
    if (!before && !after) continue;
    const contents = !after
      ? before!
      : !before
      ? withoutDirectives(after) as unknown[]
      : list?.strategy === "merge"
      ? mergeLists(before, after, list, key)
      : withoutDirectives(after) as unknown[];
    elementKind(before ?? [], after ?? []);
    const stood = before && after && list?.strategy === "merge" ? placesAfter(before, after, list.mergeKey) : before;
    setField(merged, key, inOrder(contents, wanted, stood ?? [], list?.mergeKey));
    delete patch[key];
  }
}

/** `$setElementOrder/containers` → `containers`. */
function listName(key: string, prefix: string, format: string): string {
  const slash = key.indexOf("/");
  if (slash < 0 || key.slice(0, slash) !== prefix) throw badRequest(`invalid patch format of ${format}`);
  return key.slice(slash + 1);
}

function mergeLists(present: readonly unknown[], patch: readonly unknown[], view: ListView, name: string): unknown[] {
  if (present.length + patch.length === 0) return [];
  const { mergeKey } = view;
  if (elementKind(present, patch) === "scalar") {
    return inOrder([...new Set([...present, ...patch])], patch, present, mergeKey);
  }
  if (mergeKey === undefined) throw badRequest(`cannot merge lists without merge key for ${name}`);
  const { elements, changes } = obeyDirectives(present as JsonMap[], patch as JsonMap[], mergeKey);
  const merged = [...elements];
  const places = new Map<unknown, number>();
  merged.forEach((element, at) => {
    const key = field(element, mergeKey);
    if (key !== undefined && !places.has(key)) places.set(key, at);
  });
  for (const change of changes) {
    const key = change[mergeKey];
    const at = places.get(key);
    if (at !== undefined) merged[at] = strategicMerge(merged[at], change, view.item);
    else places.set(key, merged.push({ ...withoutDirectives(change) as JsonMap, [mergeKey]: key }) - 1);
  }
  return inOrder(merged, changes, elements, mergeKey);
}

/** Elements with a `$patch` of their own say what becomes of the list; the others are left as changes. */
function obeyDirectives(present: readonly JsonMap[], patch: readonly JsonMap[], mergeKey: string) {
  let elements = present;
  let replaced = false;
  const changes: JsonMap[] = [];
  for (const element of patch) {
    const what = field(element, directive);
    if (what === undefined || what === "delete") {
      if (!Object.hasOwn(element, mergeKey)) {
        throw badRequest(`map: ${goText(element)} does not contain declared merge key: ${mergeKey}`);
      }
      if (what === undefined) changes.push(element);
      else elements = elements.filter((one) => field(one, mergeKey) !== element[mergeKey]);
    } else if (what === "replace") replaced = true;
    else if (what === "merge") throw badRequest("merging lists cannot yet be specified in the patch");
    else throw badRequest(`unknown patch type: ${goText(what)} in map: ${goText(element)}`);
  }
  if (!replaced) return { elements, changes };
  const fresh = changes.map((change) => ({ ...withoutDirectives(change) as JsonMap, [mergeKey]: change[mergeKey] }));
  return { elements: fresh, changes: [] };
}

/**
 * Where elements stand before they are put in order: as they did, with those that the patch adds behind them, as many as
 * it deletes. (kube-apiserver puts them into the places that became free, and goes by that.)
 */
function placesAfter(before: readonly unknown[], patch: readonly unknown[], mergeKey: string | undefined): unknown[] {
  if (mergeKey === undefined || !patch.every(isMap) || !before.every(isMap)) return [...before];
  const { elements } = obeyDirectives(before, patch.filter((one) => field(one, directive) === "delete"), mergeKey);
  const here = new Set(elements.map((element) => element[mergeKey]));
  const isReplaced = patch.some((element) => field(element, directive) === "replace");
  const added = patch.filter((element) => !Object.hasOwn(element, directive) && !here.has(element[mergeKey]));
  return [...elements, ...isReplaced ? [] : added.slice(0, before.length - elements.length)];
}

function withoutScalars(list: readonly unknown[], removed: readonly unknown[]): unknown[] {
  if (list.length + removed.length > 0) elementKind(list, removed);
  const gone = new Set(removed);
  return list.filter((value) => !gone.has(value));
}

function isDirective(key: string): boolean {
  return key === retainKeys || key.startsWith(`${orderPrefix}/`) || key.startsWith(`${deletePrefix}/`);
}

/** A part of a patch that meets nothing to merge with: nulls and directives mean nothing there. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((element) => element !== undefined);
  if (!isMap(value)) return value;
  if (Object.hasOwn(value, directive)) return undefined;
  const plain: JsonMap = {};
  for (const key of Object.keys(value)) {
    if (value[key] === null || isDirective(key)) continue;
    const kept = withoutDirectives(value[key]);
    if (kept !== undefined) setField(plain, key, kept);
  }
  return plain;
}

/** Applies a patch to an object: `strategicMerge`, with everything copied. */
export function strategicPatch(current: object, patch: unknown, view: TypeView): object {
  if (!isMap(patch)) throw badRequest("error decoding patch: a strategic merge patch must be an object");
  return copy(strategicMerge(current as JsonMap, patch, view));
}
