/** Lists and mappings without fields of their own say nothing when they are empty: kube-apiserver does not keep them. */
import { isMap, type JsonMap, setField } from "../json.ts";
import { isAlwaysThere } from "./empty_object.ts";
import { fieldViewOrAny, type TypeView } from "../schema_view.ts";

/** The value without optional lists and mappings that are empty. Nothing is changed in place. */
export function withoutEmpty(value: unknown, view: TypeView): unknown {
  if (Array.isArray(value)) {
    return view.t === "list" ? value.map((item) => withoutEmpty(item, view.item)) : value;
  }
  if (!isMap(value) || view.t !== "struct") return value;
  const kept: JsonMap = {};
  const isKept = (key: string) => view.needed.has(key) || isAlwaysThere(value.kind, key);
  for (const key of Object.keys(value)) {
    const below = fieldViewOrAny(view, key);
    const part = value[key];
    const isEmpty = typeof part === "object" && part !== null && Object.keys(part).length === 0;
    if (isEmpty && (below.t === "list" || below.t === "map") && !isKept(key)) continue;
    setField(kept, key, withoutEmpty(part, below));
  }
  return kept;
}
