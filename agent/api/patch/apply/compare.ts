/** What changed between two versions of an object, as three sets of paths. */
import { deepEqual } from "../../../objects/equality.ts";
import { field, isMap } from "../json.ts";
import { fieldViewOrAny, type ListView, type TypeView } from "../schema_view.ts";
import { FieldSet } from "./field_set.ts";
import { shapeOf } from "./field_walk.ts";
import { fieldElement, itemElement, NoIdentity, type PathElement } from "./path_element.ts";

export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

interface Found {
  added: PathElement[][];
  modified: PathElement[][];
  removed: PathElement[][];
}

/** Compares two objects of a type. */
export function compare(before: unknown, after: unknown, view: TypeView): Comparison {
  const found: Found = { added: [], modified: [], removed: [] };
  walk(before, after, view, [], found);
  return {
    added: FieldSet.of(found.added),
    modified: FieldSet.of(found.modified),
    removed: FieldSet.of(found.removed),
  };
}

/** At least one of both is there; `undefined` is absent, unlike null. */
function walk(before: unknown, after: unknown, view: TypeView, path: PathElement[], found: Found): void {
  const shape = shapeOf(view, after ?? before);
  // Two empty ones are compared as they are, so that {} and null stay different.
  if (shape === "leaf" || shape !== shapeOf(view, before ?? after) || (isBare(before) && isBare(after))) {
    return leaf(before, after, path, found);
  }
  if (shape === "map") maps(before, after, view, path, found);
  else lists(before, after, view as ListView, path, found);
  if (path.length === 0) return;
  if (before === undefined) found.added.push(path);
  else if (after === undefined) found.removed.push(path);
}

function leaf(before: unknown, after: unknown, path: PathElement[], found: Found): void {
  if (before === undefined) found.added.push(path);
  else if (after === undefined) found.removed.push(path);
  else if (!deepEqual(before, after)) found.modified.push(path);
}

function isBare(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return isMap(value) ? Object.keys(value).length === 0 : true;
}

function maps(before: unknown, after: unknown, view: TypeView, path: PathElement[], found: Found): void {
  const left = isMap(before) ? before : {}, right = isMap(after) ? after : {};
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const [old, fresh] = [field(left, key), field(right, key)];
    if (old === undefined && fresh === undefined) continue;
    walk(old, fresh, fieldViewOrAny(view, key), [...path, fieldElement(key)], found);
  }
}

function lists(before: unknown, after: unknown, view: ListView, path: PathElement[], found: Found): void {
  const left = byElement(before, view), right = byElement(after, view);
  for (const element of new Set([...left.keys(), ...right.keys()])) {
    const below = [...path, element];
    const olds = left.get(element) ?? [], news = right.get(element) ?? [];
    if (olds.length <= 1 && news.length <= 1) {
      walk(olds[0], news[0], view.item, below, found);
    } else if (olds.length > 1 && news.length > 1) {
      // Elements that are there more than once are one field.
      if (!deepEqual(olds, news)) found.modified.push(below);
    } else if (olds.length > 1) {
      if (news.length === 1) walk(undefined, news[0], view.item, below, found);
      found.removed.push(below);
    } else {
      if (olds.length === 1) walk(olds[0], undefined, view.item, below, found);
      found.added.push(below);
    }
  }
}

/** The elements of a list by what tells them apart; those that nothing tells apart are left out. */
function byElement(value: unknown, view: ListView): Map<PathElement, unknown[]> {
  const groups = new Map<PathElement, unknown[]>();
  for (const item of Array.isArray(value) ? value : []) {
    try {
      const element = itemElement(view, item);
      if (groups.has(element)) groups.get(element)!.push(item);
      else groups.set(element, [item]);
    } catch (err) {
      if (!(err instanceof NoIdentity)) throw err;
    }
  }
  return groups;
}
