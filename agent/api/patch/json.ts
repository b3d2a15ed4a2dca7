/** Plain JSON values, and how to change them without touching a prototype. */
import { badRequest } from "../status.ts";

export type JsonMap = Record<string, unknown>;

export function isMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object's own field; undefined when there is none (never what a prototype has). */
export function field(map: JsonMap, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** Sets an object's own field. Keys are data: one called `__proto__` is a key like any other. */
export function setField(map: JsonMap, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  } else map[key] = value;
}

/** A copy that shares nothing with the value, so that it may be changed. */
export function copy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copy) as T;
  if (!isMap(value)) return value;
  const fresh: JsonMap = {};
  for (const key of Object.keys(value)) setField(fresh, key, copy(value[key]));
  return fresh as T;
}

/** Text for messages, as Go prints a JSON value with `%v`: `map[image:busybox name:a]`. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (isMap(value)) {
    const fields = Object.keys(value).sort().map((key) => `${key}:${goText(value[key])}`);
    return `map[${fields.join(" ")}]`;
  }
  return String(value);
}

/** Go's name of a JSON value's type, as messages of patches have it. */
export function goType(value: unknown): string {
  if (value === null || value === undefined) return "%!s(<nil>)";
  if (Array.isArray(value)) return "[]interface {}";
  if (isMap(value)) return "map[string]interface {}";
  return typeof value === "boolean" ? "bool" : typeof value === "number" ? "int64" : "string";
}

const deepest = 500;

/** Refuses what is nested so deeply that walking it would end the program. */
export function refuseDeep(value: unknown, what = "patch"): void {
  const open: [unknown, number][] = [[value, 0]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [part, depth] = next;
    if (typeof part !== "object" || part === null) continue;
    if (depth > deepest) throw badRequest(`error decoding ${what}: it is nested more than ${deepest} levels deep`);
    for (const child of Object.values(part)) open.push([child, depth + 1]);
  }
}
