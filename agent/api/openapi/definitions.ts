/**
 * Types of the API as OpenAPI schemas, from the zod schemas that also check objects: names, types, formats, enumerations
 * and merge rules are theirs; texts come from `descriptions/`.
 */
import * as z from "zod/mini";
import type { KindInfo } from "../../objects/kinds.ts";
import { deleteOptionsShape, listMeta, statusSchema } from "../../objects/options.ts";
import { type FieldMeta, fieldMeta, unsupported } from "../../objects/schema.ts";
import type { Descriptions } from "./descriptions/mod.ts";
import { definitionName } from "./names.ts";
import { isRequired } from "./required.ts";

/** A schema of OpenAPI, whichever version. */
export type Schema = Record<string, unknown>;

/** How the versions of OpenAPI write what is not the same in them. */
export interface Dialect {
  version: 2 | 3;
  /** Before the name of a definition in a `$ref`. */
  prefix: string;
}

export const swagger: Dialect = { version: 2, prefix: "#/definitions/" };
export const openapi3: Dialect = { version: 3, prefix: "#/components/schemas/" };

type ZodType = z.core.$ZodType;

/** Definitions of one document, gathered as they are referred to. */
export class Definitions {
  #found = new Map<string, Schema>();

  constructor(private readonly dialect: Dialect, private readonly texts: Descriptions) {}

  /** By full name, in order. */
  all(): Record<string, Schema> {
    return Object.fromEntries([...this.#found].sort(([a], [b]) => a < b ? -1 : 1));
  }

  /** The definition of a kind, and of its list. @returns references to them */
  kind({ apiVersion, kind, schema, use }: KindInfo): { object: Schema; list: Schema } {
    const object = this.#reference(schema());
    const short = fieldMeta.get(schema())!.definition!;
    const list = `${short}List`;
    if (use !== "request") {
      this.#add(list, () => ({
        description: `A list of ${kind} objects.`,
        type: "object",
        required: ["items"],
        properties: {
          ...this.#typeMeta(),
          items: this.#described(
            { type: "array", items: this.#inline(schema()) },
            `The ${kind} objects.`,
          ),
          metadata: this.#described(this.#reference(listMeta()), this.texts.of("meta.v1.ListMeta", "")),
        },
        "x-kubernetes-group-version-kind": [gvkOf(apiVersion, `${kind}List`)],
      }));
    }
    return { object, list: this.ref(list) };
  }

  /** Types that every group has. */
  status(): Schema {
    return this.#reference(statusSchema());
  }

  deleteOptions(groupVersions: readonly string[]): Schema {
    const reference = this.#reference(deleteOptionsShape());
    const definition = this.#found.get(definitionName("meta.v1.DeleteOptions"))!;
    definition["x-kubernetes-group-version-kind"] = groupVersions.map((each) => gvkOf(each, "DeleteOptions"));
    return reference;
  }

  /** The body of a PATCH: anything that its media type allows. */
  patch(): Schema {
    this.#add("meta.v1.Patch", () => ({ description: this.texts.of("meta.v1.Patch", ""), type: "object" }));
    return this.ref("meta.v1.Patch");
  }

  ref(short: string): Schema {
    return { $ref: this.dialect.prefix + definitionName(short) };
  }

  #reference(schema: ZodType): Schema {
    const short = fieldMeta.get(schema)!.definition!;
    this.#add(short, () => this.#definition(schema, short));
    return this.ref(short);
  }

  #add(short: string, build: () => Schema): void {
    const name = definitionName(short);
    if (this.#found.has(name)) return;
    // First its place: types may hold themselves.
    this.#found.set(name, {});
    Object.assign(this.#found.get(name)!, build());
  }

  #definition(schema: ZodType, short: string): Schema {
    const description = this.texts.of(short, "");
    const leaf = this.#leaf(short);
    if (leaf) return { description, ...leaf };
    if (!(schema instanceof z.ZodMiniObject)) return { description, type: "object" };
    const { gvk, mapType } = fieldMeta.get(schema)!;
    const properties: Record<string, Schema> = gvk ? this.#typeMeta() : {};
    const required: string[] = [];
    for (const [field, inner] of Object.entries(schema.shape as Record<string, ZodType>)) {
      if (isRequired(short, field, !(inner instanceof z.ZodMiniOptional), gvk !== undefined)) required.push(field);
      if (gvk && (field === "apiVersion" || field === "kind")) continue;
      properties[field] = this.#described(this.#inline(inner), this.#text(short, field, inner, gvk !== undefined));
    }
    return {
      description,
      type: "object",
      ...(required.length ? { required: required.sort() } : {}),
      properties: Object.fromEntries(Object.entries(properties).sort(([a], [b]) => a < b ? -1 : 1)),
      // granular is said where the type is used
      ...(mapType ? { "x-kubernetes-map-type": "atomic" } : {}),
      ...(gvk ? { "x-kubernetes-group-version-kind": [gvkOf(gvk.apiVersion, gvk.kind)] } : {}),
    };
  }

  #text(short: string, field: string, schema: ZodType, isKind: boolean): string {
    const text = this.texts.of(short, field);
    if (text) return text;
    if (isKind && field === "metadata") return this.texts.of("meta.v1.TypeMeta", field);
    return schema === unsupported ? "Not supported by islet: an object that has it is refused." : "";
  }

  /** Types that are one value, written by each version in its own way. */
  #leaf(short: string): Schema | undefined {
    const three = this.dialect.version === 3;
    switch (short) {
      case "resource.Quantity":
        return three ? { oneOf: [{ type: "string" }, { type: "number" }] } : { type: "string" };
      case "intstr.IntOrString":
        return three
          ? { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] }
          : { type: "string", format: "int-or-string" };
      case "meta.v1.Time":
      case "meta.v1.MicroTime":
        return { type: "string", format: "date-time" };
    }
  }

  #typeMeta(): Record<string, Schema> {
    return Object.fromEntries(
      ["apiVersion", "kind"].map((field) => [field, {
        description: this.texts.of("meta.v1.TypeMeta", field),
        type: "string",
      }]),
    );
  }

  /** The schema of a field where it stands. */
  #inline(given: ZodType): Schema {
    const schema = given instanceof z.ZodMiniOptional ? given.def.innerType : given;
    const meta = fieldMeta.get(schema) ?? {};
    if (meta.definition) {
      const reference = this.#reference(schema);
      return meta.mapType === "granular" ? { ...reference, "x-kubernetes-map-type": "granular" } : reference;
    }
    if (schema instanceof z.ZodMiniArray) {
      return { type: "array", items: this.#inline(schema.def.element), ...mergeRules(meta) };
    }
    if (schema instanceof z.ZodMiniRecord) {
      const free = schema.def.valueType instanceof z.ZodMiniUnknown;
      return {
        type: "object",
        ...(free ? {} : { additionalProperties: this.#inline(schema.def.valueType) }),
        ...(meta.mapType ? { "x-kubernetes-map-type": meta.mapType } : {}),
      };
    }
    if (schema instanceof z.ZodMiniEnum) {
      const words = Object.values(schema.def.entries) as string[];
      return { type: "string", ...(this.dialect.version === 3 ? { enum: words } : {}) };
    }
    if (schema instanceof z.ZodMiniBoolean) return { type: "boolean" };
    if (meta.format === "int32" || meta.format === "int64") return { type: "integer", format: meta.format };
    if (schema instanceof z.ZodMiniString) return { type: "string", ...(meta.format ? { format: meta.format } : {}) };
    return this.dialect.version === 3 ? {} : { type: "object" };
  }

  /** A description beside a reference: version 3.0 wants the reference in an `allOf` for that. */
  #described(schema: Schema, description: string): Schema {
    if (!description) return schema;
    if (schema.$ref && this.dialect.version === 3) {
      const { $ref, ...beside } = schema;
      return { description, allOf: [{ $ref }], ...beside };
    }
    return { description, ...schema };
  }
}

function mergeRules({ patchMergeKey, patchStrategy, listType = "atomic", listMapKeys }: FieldMeta): Schema {
  return {
    ...(listType === "map" && listMapKeys ? { "x-kubernetes-list-map-keys": listMapKeys } : {}),
    "x-kubernetes-list-type": listType,
    ...(patchMergeKey ? { "x-kubernetes-patch-merge-key": patchMergeKey } : {}),
    ...(patchStrategy ? { "x-kubernetes-patch-strategy": patchStrategy } : {}),
  };
}

/** `{ group, version, kind }` of an apiVersion and kind. */
export function gvkOf(apiVersion: string, kind: string): { group: string; kind: string; version: string } {
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  return { group, kind, version };
}
