/** Takes fields out of an object by their paths. */
import { isMap, type JsonMap, setField } from "../json.ts";
import { fieldViewOrAny, type ListView, type TypeView } from "../schema_view.ts";
import type { FieldSet } from "./field_set.ts";
import { shapeOf } from "./field_walk.ts";
import { fieldElement, itemElement } from "./path_element.ts";

/** The value without the members of the set. Mappings and lists that become empty stay, empty. */
export function removeFields(value: unknown, fields: FieldSet, view: TypeView): unknown {
  if (fields.isEmpty) return value;
  switch (shapeOf(view, value)) {
    case "map": {
      if (!isMap(value)) return value;
      const kept: JsonMap = {};
      for (const key of Object.keys(value)) {
        const element = fieldElement(key);
        if (fields.has(element)) continue;
        setField(kept, key, removeFields(value[key], fields.below(element), fieldViewOrAny(view, key)));
      }
      return kept;
    }
    case "list": {
      if (!Array.isArray(value)) return value;
      const kept: unknown[] = [];
      for (const item of value) {
        const element = itemElement(view as ListView, item);
        if (fields.has(element)) continue;
        kept.push(removeFields(item, fields.below(element), (view as ListView).item));
      }
      return kept;
    }
    default:
      return value;
  }
}
