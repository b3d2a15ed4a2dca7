/**
 * The words that the schemas of this room are written in: a few shared leaf schemas and builders over zod.
 *
 * The schemas describe shape alone: names, types, enumerations and list keys. What the API server checks beyond shape
 * lives in `validation/`, what it fills in lives in `defaults/`. Leaves are shared and every object schema is built on
 * first use (`lazily`), because a node that runs pods should not hold schemas of kinds that it never sees.
 */
import * as z from "zod/mini";
import { isQuantity } from "./quantity.ts";

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
  /** atomic: server-side apply replaces the mapping as a whole; granular: not here, though elsewhere in this type. */
  mapType?: "atomic" | "granular";
  /** OpenAPI's format: int32, int64, byte, date-time, int-or-string. */
  format?: string;
  /** What Kubernetes' OpenAPI calls it, shortened: `core.v1.Container`. */
  definition?: string;
  /** apiVersion and kind, on the schema of a whole object. */
  gvk?: { apiVersion: string; kind: string };
}

/** Merge keys, list types and kinds, by schema. */
export const fieldMeta = z.registry<FieldMeta>();

/** The parts of zod's definitions that are read outside of it. */
export interface Definition {
  type: string;
  innerType?: z.core.$ZodType;
  shape?: Readonly<Record<string, z.core.$ZodType>>;
  element?: z.core.$ZodType;
  valueType?: z.core.$ZodType;
  getter?: () => z.core.$ZodType;
}

export function definitionOf(schema: z.core.$ZodType): Definition {
  return schema._zod.def as unknown as Definition;
}

/** A schema built when it is first asked for, and only once. */
export function lazily<T>(build: () => T): () => T {
  let built: { schema: T } | undefined;
  return () => (built ??= { schema: build() }).schema;
}

const string = z.string();

/** An integer within bounds; numbers beyond them would reach clients as something else. */
function integers(format: "int32" | "int64", least: number, most: number) {
  const fits = (value: unknown) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  const schema = z.custom<number>(fits, { params: { expected: format } });
  fieldMeta.add(schema, { format });
  return schema;
}
const integer = integers("int32", -(2 ** 31), 2 ** 31 - 1);
const longInteger = integers("int64", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

/** A string that Kubernetes requires. */
export const neededText = string;
export const text = z.optional(string);
/** An integer that Kubernetes requires. */
export const neededInt = integer;
export const int = z.optional(integer);
/** As `neededInt`, of 64 bits. */
export const neededLong = longInteger;
export const long = z.optional(longInteger);
const boolean = z.boolean();
/** A boolean that is always there. */
export const neededFlag = boolean;
export const flag = z.optional(boolean);

const timePattern =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3])(:[0-5]\d){2}([.,]\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** A moment as Go reads it: RFC 3339, on a day that there is. One that is not would make lists unreadable for clients. */
export function isTime(value: unknown): value is string {
  const match = typeof value === "string" ? timePattern.exec(value) : null;
  if (!match) return false;
  const [year, month, day] = match.slice(1, 4).map(Number);
  return day <= new Date(Date.UTC(2000 + year % 400, month, 0)).getUTCDate();
}

function moment(definition: string) {
  const schema = z.custom<string>(isTime, { params: { expected: "time" } });
  fieldMeta.add(schema, { definition, format: "date-time" });
  return schema;
}
/** metav1.Time that is always there. */
export const neededTime = moment("meta.v1.Time");
export const time = z.optional(neededTime);
/** metav1.MicroTime. */
export const microTime = z.optional(moment("meta.v1.MicroTime"));
export const texts = z.optional(z.array(string));
export const textMap = z.optional(z.record(string, string));

/** As `textMap`, replaced as a whole by server-side apply. */
const atomicMap = z.record(string, string);
fieldMeta.add(atomicMap, { mapType: "atomic" });
export const atomicTextMap = z.optional(atomicMap);

/** Bytes in base64. */
const base64 = z.string();
fieldMeta.add(base64, { format: "byte" });
export const bytesMap = z.optional(z.record(string, base64));
/** Lists of strings by key. */
export const textsMap = z.optional(z.record(string, z.array(string)));
/** Anything: content that belongs to somebody else. */
export const anything = z.optional(z.unknown());
/** The content of a field that is known by name but refused. */
export const unsupported = z.optional(z.record(string, z.unknown()));
/** metav1.FieldsV1: which fields somebody manages. */
const fields = z.record(string, z.unknown());
fieldMeta.add(fields, { definition: "meta.v1.FieldsV1" });
export const fieldsV1 = z.optional(fields);

/**
 * A quantity as it may be written: `100m`, `64Mi`, `1`, 0.5. After defaulting it is always a string, which is what the
 * type says.
 */
export const quantity = z.custom<string>(isQuantity, { params: { expected: "quantity" } });
fieldMeta.add(quantity, { definition: "resource.Quantity" });
export const optionalQuantity = z.optional(quantity);
/** Quantities by resource name. */
export const resourceList = z.optional(z.record(string, quantity));

/** A port's number or name. */
export const neededIntOrString = z.custom<number | string>(
  (value) => typeof value === "string" || Number.isInteger(value),
  { params: { expected: "int or string" } },
);
fieldMeta.add(neededIntOrString, { definition: "intstr.IntOrString", format: "int-or-string" });
export const intOrString = z.optional(neededIntOrString);

/** An object whose unknown keys are reported. */
export const object: typeof z.strictObject = z.strictObject;

/** An object with Kubernetes' name for its type, shortened (`core.v1.Container`). Unknown keys are reported. */
export function define<S extends z.core.$ZodLooseShape>(definition: string, shape: S, meta: FieldMeta = {}) {
  const schema = z.strictObject(shape);
  fieldMeta.add(schema, { ...meta, definition });
  return schema;
}

/** A whole object, under its apiVersion and kind. */
export function defineKind<const A extends string, const K extends string, S extends z.core.$ZodLooseShape>(
  apiVersion: A,
  kind: K,
  shape: S,
) {
  const [group, version = ""] = apiVersion.includes("/") ? apiVersion.split("/") : ["core", apiVersion];
  const full = { apiVersion: z.enum([apiVersion]), kind: z.enum([kind]), ...shape };
  return define(`${group.split(".")[0]}.${version}.${kind}`, full, { gvk: { apiVersion, kind } });
}

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

/** A list whose rules are none of the usual ones. */
export function listWith<T extends z.core.SomeType>(item: T, rules: FieldMeta) {
  const schema = z.array(item);
  fieldMeta.add(schema, rules);
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

/** A list without order in which each item appears once. */
export function setOf<T extends z.core.SomeType>(item: T, patchStrategy?: FieldMeta["patchStrategy"]) {
  const schema = z.array(item);
  fieldMeta.add(schema, { listType: "set", ...(patchStrategy && { patchStrategy }) });
  return z.optional(schema);
}

/** Strings without order in which each appears once. */
export const setList = (patchStrategy?: FieldMeta["patchStrategy"]) => setOf(string, patchStrategy);
