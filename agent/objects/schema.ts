/**
 * The words that the schemas of this room are written in: a few shared leaf schemas and builders over zod.
 *
 * The schemas describe shape alone: names, types, enumerations and list keys. What the API server checks beyond shape
 * lives in `validation/`, what it fills in lives in `defaults/`. Leaves are shared and every object schema is built on
 * first use (`lazily`), because a node that runs pods should not hold schemas of kinds that it never sees.
 */
import * as z from "zod/mini";

// Compiling a checker per schema costs more than it saves for a few pods, and nothing at all under V8's lite mode.
z.config({ jitless: true });

// As a type only: a bundler keeps all of zod, its 50 languages included, of a namespace that is passed on as a value.
export type { z };

/** How lists and maps merge: what kubectl's strategic merge and server-side apply need to know of a field. */
export interface FieldMeta {
  patchMergeKey?: string;
  patchStrategy?: "merge" | "retainKeys" | "merge,retainKeys";
  listType?: "atomic" | "set" | "map";
  listMapKeys?: string[];
  /** apiVersion and kind, on the schema of a whole object. */
  gvk?: { apiVersion: string; kind: string };
}

/** Merge keys, list types and kinds, by schema. */
export const fieldMeta = z.registry<FieldMeta>();

/** A schema built when it is first asked for, and only once. */
export function lazily<T>(build: () => T): () => T {
  let built: { schema: T } | undefined;
  return () => (built ??= { schema: build() }).schema;
}

const string = z.string();
const integer = z.number().check(z.multipleOf(1));

/** A string that Kubernetes requires. */
export const neededText = string;
export const text = z.optional(string);
/** An integer that Kubernetes requires. */
export const neededInt = integer;
export const int = z.optional(integer);
const boolean = z.boolean();
/** A boolean that is always there. */
export const neededFlag = boolean;
export const flag = z.optional(boolean);
/** RFC 3339, as metav1.Time is written. */
export const time = text;
export const texts = z.optional(z.array(string));
export const textMap = z.optional(z.record(string, string));
/** Anything: content that belongs to somebody else. */
export const anything = z.optional(z.unknown());
/** The content of a field that is known by name but refused. */
export const unsupported = z.optional(z.record(string, z.unknown()));

/**
 * A quantity as it may be written: `100m`, `64Mi`, `1`, 0.5. After defaulting it is always a string, which is what the
 * type says.
 */
export const quantity = z.custom<string>((value) => typeof value === "string" || typeof value === "number", {
  params: { expected: "quantity" },
});
export const optionalQuantity = z.optional(quantity);
/** Quantities by resource name. */
export const resourceList = z.optional(z.record(string, quantity));

/** A port's number or name. */
export const neededIntOrString = z.custom<number | string>(
  (value) => typeof value === "string" || Number.isInteger(value),
  { params: { expected: "int or string" } },
);
export const intOrString = z.optional(neededIntOrString);

/** An object whose unknown keys are reported. */
export const object: typeof z.strictObject = z.strictObject;

/** A field that may be absent. */
export const opt: typeof z.optional = z.optional;

/** One of a few words. */
export function word<const T extends string>(...values: T[]) {
  return z.optional(z.enum(values));
}

/** One of a few words, and required. */
export function neededWord<const T extends string>(...values: T[]) {
  return z.enum(values);
}

/** A list that patches replace as a whole. */
export function list<T extends z.core.SomeType>(item: T) {
  return z.optional(z.array(item));
}

/** A list whose items are told apart by `listMapKeys` (default: the merge key). */
export function mapList<T extends z.core.SomeType>(
  item: T,
  patchMergeKey: string,
  listMapKeys: string[] = [patchMergeKey],
  patchStrategy: FieldMeta["patchStrategy"] = "merge",
) {
  const schema = z.array(item);
  fieldMeta.add(schema, { patchMergeKey, patchStrategy, listType: "map", listMapKeys });
  return z.optional(schema);
}

/** As `mapList`, for a list that Kubernetes requires. */
export function neededMapList<T extends z.core.SomeType>(
  item: T,
  patchMergeKey: string,
  listMapKeys = [patchMergeKey],
) {
  const schema = z.array(item);
  fieldMeta.add(schema, { patchMergeKey, patchStrategy: "merge", listType: "map", listMapKeys });
  return schema;
}

/** A list of strings without order in which each appears once. */
export function setList(patchStrategy?: FieldMeta["patchStrategy"]) {
  const schema = z.array(string);
  fieldMeta.add(schema, { listType: "set", ...(patchStrategy && { patchStrategy }) });
  return z.optional(schema);
}
