/**
 * The fields of a value, as paths: what an applied configuration says anything about.
 *
 * What merges as one is one path: scalars, atomic lists and mappings. Elements of lists and keys of mappings without
 * known fields are paths themselves, besides what is in them.
 */
import { isMap } from "../json.ts";
import { fieldViewOrAny, type ListView, type TypeView } from "../schema_view.ts";
import { FieldSet } from "./field_set.ts";
import { fieldElement, itemElement, type PathElement } from "./path_element.ts";

/** What a value is walked as. */
export type Shape = "leaf" | "map" | "list";

/** How a value of a type is walked; null and content of no known type go by what the other side says. */
export function shapeOf(view: TypeView, value: unknown): Shape {
  switch (view.t) {
    case "scalar":
      return "leaf";
    case "struct":
    case "map":
      return view.atomic ? "leaf" : "map";
    case "list":
      return view.listType === "atomic" ? "leaf" : "list";
    default:
      return isMap(value) ? "map" : "leaf";
  }
}

export function fieldsOf(value: unknown, view: TypeView): FieldSet {
  const paths: PathElement[][] = [];
  walk(value, view, [], paths);
  return FieldSet.of(paths);
}

function walk(value: unknown, view: TypeView, path: PathElement[], paths: PathElement[][]): void {
  switch (shapeOf(view, value)) {
    case "leaf":
      if (path.length > 0) paths.push(path);
      return;
    case "map":
      if (!isMap(value)) return;
      for (const key of Object.keys(value)) {
        const below = [...path, fieldElement(key)];
        const child = value[key];
        walk(child, fieldViewOrAny(view, key), below, paths);
        const isEmpty = child === null || (isMap(child) && Object.keys(child).length === 0);
        if (isEmpty || !(view.t === "struct" && view.fields.has(key))) paths.push(below);
      }
      return;
    case "list":
      if (Array.isArray(value)) walkItems(value, view as ListView, path, paths);
      return;
  }
}

function walkItems(list: readonly unknown[], view: ListView, path: PathElement[], paths: PathElement[][]): void {
  const elements = list.map((item) => itemElement(view, item));
  const count = new Map<PathElement, number>();
  for (const element of elements) count.set(element, (count.get(element) ?? 0) + 1);
  elements.forEach((element, index) => {
    const below = [...path, element];
    if (count.get(element) === 1) walk(list[index], view.item, below, paths);
    paths.push(below);
  });
}
