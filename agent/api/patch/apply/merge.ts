/** Lays an applied configuration over an object: the configuration wins, field by field. */
import { field, isMap, type JsonMap, setField } from "../json.ts";
import { fieldViewOrAny, type ListView, type TypeView } from "../schema_view.ts";
import { shapeOf } from "./field_walk.ts";
import { itemElement, type PathElement } from "./path_element.ts";

/** Merges two values of a type; `undefined` is absent. The result may share parts with both. */
export function merge(live: unknown, config: unknown, view: TypeView): unknown {
  if (config === undefined) return live;
  if (live === undefined) return config;
  switch (shapeOf(view, config ?? live)) {
    case "map": {
      const left = mapOrNothing(live), right = mapOrNothing(config);
      return left === undefined && right === undefined ? config : mergeMaps(left ?? {}, right ?? {}, view);
    }
    case "list": {
      const left = Array.isArray(live) ? live : [], right = Array.isArray(config) ? config : [];
      return left.length === 0 && right.length === 0 ? config : mergeLists(left, right, view as ListView);
    }
    default:
      return config;
  }
}

/** A mapping that has keys. */
function mapOrNothing(value: unknown): JsonMap | undefined {
  return isMap(value) && Object.keys(value).length > 0 ? value : undefined;
}

function mergeMaps(live: JsonMap, config: JsonMap, view: TypeView): JsonMap {
  const merged: JsonMap = {};
  for (const key of new Set([...Object.keys(live), ...Object.keys(config)])) {
    const value = merge(field(live, key), field(config, key), fieldViewOrAny(view, key));
    if (value !== undefined) setField(merged, key, value);
  }
  return merged;
}

/**
 * Merges two lists whose elements can be told apart. Elements of the configuration keep its order; the others stay in
 * front of those that they were in front of. Elements that are in the live list twice are not merged but replaced.
 */
function mergeLists(live: readonly unknown[], config: readonly unknown[], view: ListView): unknown[] {
  const liveAt = live.map((item) => itemElement(view, item));
  const configAt = config.map((item) => itemElement(view, item));
  const liveItems = new Map<PathElement, unknown>();
  liveAt.forEach((element, index) => liveItems.set(element, liveItems.has(element) ? undefined : live[index]));
  const configured = new Set(configAt);
  const shared = configAt.filter((element) => liveItems.has(element));
  const done = new Set<PathElement>();
  const merged: unknown[] = [];
  let left = 0, right = 0;
  const takeConfigured = () => {
    const element = configAt[right];
    merged.push(merge(liveItems.get(element), config[right], view.item));
    done.add(element);
    right++;
    if (shared[0] === element) shared.shift();
  };
  while (left < live.length || right < config.length) {
    if (left < live.length) {
      const element = liveAt[left];
      if (!configured.has(element)) {
        merged.push(live[left++]);
        continue;
      }
      if (right < config.length && element === configAt[right]) {
        takeConfigured();
        left++;
        continue;
      }
      if (right < config.length && shared.length > 0 && shared[0] !== element) {
        left++; // shared, but not what comes next: taken when its turn in the configuration comes
        continue;
      }
      if (done.has(element)) left++;
    }
    if (right < config.length) takeConfigured();
  }
  return merged;
}
