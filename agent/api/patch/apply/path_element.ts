/**
 * One step of a path to a field, in the form that FieldsV1 writes:
 *
 *     f:NAME          a field or a key of a mapping
 *     k:{"name":"a"}  the element of a list whose keys have these values
 *     v:"a"           the element of a set with this value
 *     i:0             an element by its index
 */
import { canonicalJson } from "../../../objects/equality.ts";
import { isMap } from "../json.ts";
import type { ListView } from "../schema_view.ts";

export type PathElement = string;

export const fieldElement = (name: string): PathElement => `f:${name}`;

/** What makes an element of a list impossible to tell from others; the text is kube-apiserver's. */
export class NoIdentity extends Error {}

/** The step to an element of a list that is not atomic. */
export function itemElement(view: ListView, item: unknown): PathElement {
  if (view.listType === "set" || view.keys.length === 0) {
    if (isMap(item)) throw new NoIdentity("associative list without keys has an element that's a map type");
    if (Array.isArray(item)) throw new NoIdentity("not supported: associative list with lists as elements");
    if (item === null) throw new NoIdentity("associative list without keys has an element that's an explicit null");
    return `v:${JSON.stringify(item)}`;
  }
  if (item === null) throw new NoIdentity("associative list with keys may not have a null element");
  if (!isMap(item)) throw new NoIdentity("associative list with keys may not have non-map elements");
  const keys: Record<string, unknown> = {};
  for (const key of view.keys) {
    if (Object.hasOwn(item, key)) keys[key] = item[key];
    else if (Object.hasOwn(view.keyDefaults, key)) keys[key] = view.keyDefaults[key];
  }
  if (Object.keys(keys).length === 0) {
    const names = `[${view.keys.map((key) => JSON.stringify(key)).join(" ")}]`;
    throw new NoIdentity(
      `associative list with keys has an element that omits all key fields ${names} (and doesn't have default values for any key fields)`,
    );
  }
  return `k:${canonicalJson(keys)}`;
}

/** Reads a step as it is written in FieldsV1, so that equal steps are equal texts; undefined if it is none. */
export function readElement(text: string): PathElement | undefined {
  const content = text.slice(2);
  switch (text.slice(0, 2)) {
    case "f:":
      return text;
    case "i:":
      return /^\d+$/.test(content) ? text : undefined;
    case "v:": {
      const value = parsed(content);
      return value === undefined ? undefined : `v:${canonicalJson(value)}`;
    }
    case "k:": {
      const value = parsed(content);
      return isMap(value) ? `k:${canonicalJson(value)}` : undefined;
    }
    default:
      return undefined;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** As messages show it: `.spec`, `[name="a"]`, `[="a"]`, `[0]`. */
export function elementText(element: PathElement): string {
  const content = element.slice(2);
  switch (element[0]) {
    case "f":
      return `.${content}`;
    case "k": {
      const keys = Object.entries(JSON.parse(content)).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
      return `[${keys.join(",")}]`;
    }
    case "v":
      return `[=${content}]`;
    default:
      return `[${content}]`;
  }
}

export const pathText = (path: readonly PathElement[]): string => path.map(elementText).join("");

const rank: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 };

/** The order in which paths are told and written: fields, then keys, then values, then indexes. */
export function compareElements(a: PathElement, b: PathElement): number {
  const kinds = rank[a[0]] - rank[b[0]];
  if (kinds !== 0) return kinds;
  if (a[0] === "i") return Number(a.slice(2)) - Number(b.slice(2));
  if (a[0] === "f") return compareText(a, b);
  const left = valuesOf(a), right = valuesOf(b);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compareValues(left[i], right[i]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** What a key or value is compared by, in turn. */
function valuesOf(element: PathElement): unknown[] {
  const value = JSON.parse(element.slice(2));
  return element[0] === "k" ? Object.entries(value).flat() : [value];
}

function compareValues(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === typeof b) return compareText(String(a), String(b));
  const order = ["number", "string", "boolean"];
  return order.indexOf(typeof a) - order.indexOf(typeof b);
}

const compareText = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;
