/** JSON merge patch (RFC 7386): mappings merge, null removes, everything else replaces. */
import { copy, field, isMap, type JsonMap, setField } from "./json.ts";

export function mergePatch(current: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return copy(patch);
  const merged: JsonMap = isMap(current) ? { ...current } : {};
  for (const key of Object.keys(patch)) {
    if (patch[key] === null) delete merged[key];
    else setField(merged, key, mergePatch(field(merged, key), patch[key]));
  }
  return merged;
}
