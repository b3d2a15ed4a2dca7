/**
 * How a kind's fields merge, read off its zod schema and the `fieldMeta` registry: which lists are told apart by keys,
 * which mappings are replaced as a whole, what the elements are. Built when first asked for, one view a schema, so that
 * a node holds views of the kinds that are patched and no others.
 */
import { definitionOf, fieldMeta } from "../../objects/schema.ts";
import type { z } from "../../objects/schema.ts";

export type Schema = z.core.$ZodType;

/** What a scalar may be; "any" for those that may be of several types (int-or-string, quantities, times). */
export type ScalarType = "string" | "number" | "boolean" | "any";

export type TypeView =
  | { readonly t: "scalar"; readonly type: ScalarType }
  | StructView
  | MapView
  | ListView
  /** Content that no schema describes: a mapping merges by its keys, anything else is replaced. */
  | { readonly t: "any" };

/** A mapping with known fields. */
export interface StructView {
  readonly t: "struct";
  readonly atomic: boolean;
  readonly fields: ReadonlyMap<string, TypeView>;
  /** Fields that are never left out. */
  readonly needed: ReadonlySet<string>;
}

/** A mapping with any keys. */
export interface MapView {
  readonly t: "map";
  readonly atomic: boolean;
  readonly value: TypeView;
}

export interface ListView {
  readonly t: "list";
  /** How server-side apply tells its elements apart. */
  readonly listType: "atomic" | "set" | "map";
  /** Sorted. */
  readonly keys: readonly string[];
  readonly keyDefaults: Readonly<Record<string, unknown>>;
  readonly item: TypeView;
  /** How a strategic merge patch treats it. */
  readonly strategy: "merge" | "replace";
  readonly mergeKey?: string;
}

const views = new WeakMap<Schema, TypeView>();
const untyped: TypeView = { t: "any" };

/** The view of a schema, optional or not. */
export function viewOf(schema: Schema): TypeView {
  let view = views.get(schema);
  if (!view) views.set(schema, view = build(schema));
  return view;
}

function build(schema: Schema): TypeView {
  const definition = definitionOf(schema);
  const meta = fieldMeta.get(schema as Parameters<typeof fieldMeta.get>[0]);
  if (definition.innerType) return viewOf(definition.innerType);
  switch (definition.type) {
    case "lazy":
      return viewOf(definition.getter!());
    case "object":
      return structView(definition.shape!, meta?.mapType === "atomic");
    case "record": {
      const { valueType } = definition;
      return {
        t: "map",
        atomic: meta?.mapType === "atomic",
        get value() {
          return viewOf(valueType!);
        },
      };
    }
    case "array":
      return listView(definition.element!, meta);
    case "unknown":
    case "any":
      return untyped;
    default:
      return { t: "scalar", type: scalarType(definition.type, meta?.format) };
  }
}

function structView(shape: Readonly<Record<string, Schema>>, atomic: boolean): StructView {
  let fields: Map<string, TypeView> | undefined;
  return {
    t: "struct",
    atomic,
    needed: new Set(Object.keys(shape).filter((name) => !isOptional(shape[name]))),
    get fields() {
      return fields ??= new Map(Object.keys(shape).map((name) => [name, viewOf(shape[name])]));
    },
  };
}

function listView(element: Schema, meta: ReturnType<typeof fieldMeta.get>): ListView {
  const keys = [...meta?.listMapKeys ?? []].sort();
  return {
    t: "list",
    listType: meta?.listType ?? "atomic",
    keys,
    keyDefaults: keyDefaults(element, keys),
    strategy: meta?.patchStrategy?.split(",").includes("merge") ? "merge" : "replace",
    ...(meta?.patchMergeKey !== undefined ? { mergeKey: meta.patchMergeKey } : {}),
    get item() {
      return viewOf(element);
    },
  };
}

const zeros: Readonly<Record<ScalarType, unknown>> = { string: "", number: 0, boolean: false, any: undefined };

/** What an element is told apart by when it does not say: the published schemas have defaults for some key fields. */
function keyDefaults(element: Schema, keys: readonly string[]): Record<string, unknown> {
  const { shape = {} } = definitionOf(element);
  const of = fieldMeta.get(element as Parameters<typeof fieldMeta.get>[0])?.definition;
  const defaults: Record<string, unknown> = {};
  for (const key of keys) {
    const view = shape[key] && viewOf(shape[key]);
    if (key === "protocol") defaults.protocol = "TCP";
    else if (of === "core.v1.LocalObjectReference") defaults[key] = "";
    else if (view?.t === "scalar" && !isOptional(shape[key])) defaults[key] = zeros[view.type];
  }
  return defaults;
}

function isOptional(schema: Schema): boolean {
  return schema._zod.def.type === "optional";
}

function scalarType(type: string, format: string | undefined): ScalarType {
  if (type === "string" || type === "enum") return "string";
  if (type === "boolean") return "boolean";
  if (type === "number" || format === "int32" || format === "int64") return "number";
  return "any";
}

/** The view of a mapping's field; undefined when a struct does not know it. */
export function fieldView(view: TypeView, key: string): TypeView | undefined {
  if (view.t === "struct") return view.fields.get(key);
  if (view.t === "map") return view.value;
  return untyped;
}

/** As `fieldView`; what is not known is content without a schema. */
export function fieldViewOrAny(view: TypeView, key: string): TypeView {
  return fieldView(view, key) ?? untyped;
}
