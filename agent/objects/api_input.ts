/**
 * From a request's body to an object of the expected kind, as kube-apiserver reads one: what cannot be read at all is a
 * `BadInput` (a 400) in the words of Go's decoder, unknown and repeated fields go by `fieldValidation`, and everything
 * else is left to `validate`, after defaults and admission.
 *
 *     JSON.parse ─► readApiObject(value) ─► defaultObject ─► … ─► input.validate(object) ─► FieldErrors (a 422)
 */
import * as z from "zod/mini";
import { FieldErrors } from "./field_error.ts";
import type { FieldPath, PathStep } from "./field_path.ts";
import { type AnyObject, findKind } from "./kinds.ts";
import { fieldMeta } from "./schema.ts";
import { dropNulls, isMap, type Json, ShapeCheck, type ShapeFindings, type WrongType } from "./shape.ts";
import { checkSupported } from "./unsupported.ts";
import { isBase64 } from "./validation/config.ts";
import { validateObject } from "./validation/mod.ts";
import { quantityWords } from "./validation/resources.ts";
import { warnAbout } from "./validation/warnings.ts";

/** What a request's `fieldValidation` says of unknown and repeated fields. */
export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** A body that is no object of the expected kind. The message is kube-apiserver's, for a 400 BadRequest. */
export class BadInput extends Error {
  override readonly name = "BadInput";
}

export interface ApiInputOptions {
  /** Of the endpoint: what the object is taken for when it does not say, and what it must be when it does. */
  apiVersion: string;
  kind: string;
  /** Default: Warn. */
  fieldValidation?: FieldValidation;
  /** Paths of repeated fields, as `duplicateFields` finds them in the text. */
  duplicates?: readonly string[];
}

export interface ApiInput {
  /** Fits its schema: unknown fields are gone, missing ones that every object has are empty. Not defaulted. */
  object: AnyObject;
  /** For `Warning:` headers. */
  warnings: string[];
  /**
   * Everything that is wrong with the object, as it has become since: what could not be understood of the body, what
   * this node does not support, what kube-apiserver's validation refuses.
   */
  validate(object?: AnyObject): FieldErrors;
}

/** Reads one object. `value` is used up: parts of it become the object. @throws {BadInput} */
export function readApiObject(value: unknown, options: ApiInputOptions): ApiInput {
  const { fieldValidation = "Warn", duplicates = [] } = options;
  if (!isMap(value)) throw new BadInput(`the object provided is unrecognized (must be of type ${options.kind})`);
  const schema = expectedSchema(value, options);
  const fail = (message: string) => {
    const version = options.apiVersion.split("/").at(-1);
    return new BadInput(`${options.kind} in version "${version}" cannot be handled as a ${options.kind}: ${message}`);
  };
  // Schemas pass this key over, and what lies behind it would be taken unseen.
  if (hasKey(value, "__proto__")) throw fail('the key "__proto__" is not supported');
  dropNulls(value);
  const order = fieldValidation === "Ignore" ? undefined : fieldOrder(value);
  const problems = new FieldErrors();
  const findings = new GoFindings(schema);
  const shape = new ShapeCheck(schema, findings, problems);
  shape.run(value);
  const broken = findings.error ?? brokenBase64(value);
  if (broken) throw fail(broken);
  const strict = [
    ...duplicates.map((path) => `duplicate field "${path}"`),
    ...findings.unknown(order).map((path) => `unknown field "${path}"`),
  ];
  if (strict.length > 0 && fieldValidation === "Strict") throw fail(`strict decoding error: ${strict.join(", ")}`);
  const object = value as unknown as AnyObject;
  return {
    object,
    warnings: fieldValidation === "Ignore" ? [] : strict,
    validate(now = object) {
      const checks = new FieldErrors();
      checkSupported(now, checks, { manifest: false });
      validateObject(now, checks);
      const found = new FieldErrors();
      found.errors.push(...problems.errors);
      shape.merge(checks, isZeroInGo, found);
      return found;
    },
  };
}

/** Whether a key is anywhere in a value. */
function hasKey(value: unknown, key: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some((item) => hasKey(item, key));
  return Object.hasOwn(value, key) || Object.values(value).some((item) => hasKey(item, key));
}

/** Bytes that cannot be read are no shape of ours: to Go they are. */
function brokenBase64({ kind, data, binaryData }: Json): string | undefined {
  const bytes = kind === "Secret" ? data : kind === "ConfigMap" ? binaryData : undefined;
  for (const value of Object.values(bytes ?? {}) as string[]) {
    if (!isBase64(value)) return `illegal base64 data at input byte ${illegalByte(value)}`;
  }
}

/** The place that Go's decoder names: the first byte that cannot stand there, or the beginning of what is cut off. */
function illegalByte(value: string): number {
  const good = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?/.exec(value)![0].length;
  const rest = /^[A-Za-z0-9+/]{0,3}/.exec(value.slice(good))![0].length;
  return good + rest === value.length ? good : good + rest;
}

/** What kube-apiserver warns of in an object that it accepts; and what has no effect on this node. */
export function apiWarnings(object: AnyObject): string[] {
  const problems = new FieldErrors();
  warnAbout(object, problems, { manifest: false });
  return problems.warnings.map(({ path, message }) => `${path}: ${message}`);
}

/** Gaps that Go fills with zero values and nobody looks at. */
function isZeroInGo(path: FieldPath): boolean {
  const [first, second] = path.steps();
  return first === "status" || (first === "metadata" && (second === undefined || second === "name"));
}

function expectedSchema(value: Json, { apiVersion, kind }: ApiInputOptions): z.core.$ZodType {
  const info = findKind(apiVersion, kind);
  if (!info) throw new TypeError(`Cannot read a ${kind} of ${apiVersion}: there is no such kind`);
  for (const [field, expected] of [["apiVersion", apiVersion], ["kind", kind]] as const) {
    const found = value[field];
    if (found === undefined || found === null || found === "") value[field] = expected;
    else if (typeof found !== "string") {
      const what = `json: cannot unmarshal ${goValue(found)} into Go struct field .${field} of type string`;
      throw new BadInput(`couldn't get version/kind; json parse error: ${what}`);
    }
  }
  const given = { apiVersion: value.apiVersion as string, kind: value.kind as string };
  const version = given.apiVersion.split("/").at(-1)!;
  if (given.kind !== kind || !findKind(given.apiVersion, kind)) {
    const why = findKind(given.apiVersion, given.kind)
      ? `converting (${version}.${given.kind}) to (${apiVersion.split("/").at(-1)}.${kind}): unknown conversion`
      : `no kind "${given.kind}" is registered for version "${given.apiVersion}"`;
    throw new BadInput(`${given.kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
  }
  if (given.apiVersion !== apiVersion) {
    throw new BadInput(
      `the API version in the data (${given.apiVersion}) does not match the expected API version (${apiVersion})`,
    );
  }
  return info.schema();
}

/** The first thing that Go's decoder would stumble over, and the fields that it would not know. */
class GoFindings implements ShapeFindings {
  error: string | undefined;
  #unknown: string[] = [];

  constructor(private readonly schema: z.core.$ZodType) {}

  unknownField(path: FieldPath): void {
    this.#unknown.push(path.toString());
  }

  wrongType({ steps, found, expected }: WrongType): void {
    this.error ??= goError(this.schema, steps, found, expected);
  }

  unknown(order: Map<string, number> | undefined): string[] {
    if (!order) return this.#unknown;
    return this.#unknown.sort((a, b) => (order.get(a) ?? Infinity) - (order.get(b) ?? Infinity));
  }
}

/** The place of every field, in the order in which a decoder comes by. */
function fieldOrder(value: Json): Map<string, number> {
  const order = new Map<string, number>();
  const walk = (part: unknown, path: string) => {
    if (Array.isArray(part)) part.forEach((item, index) => walk(item, `${path}[${index}]`));
    else if (isMap(part)) {
      for (const [key, below] of Object.entries(part)) {
        const here = path ? `${path}.${key}` : key;
        order.set(here, order.size);
        walk(below, here);
      }
    }
  };
  walk(value, "");
  return order;
}

function goValue(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

const goNames: Record<string, string> = { boolean: "bool", number: "int64" };

function goError(schema: z.core.$ZodType, steps: readonly PathStep[], found: unknown, expected: string): string {
  if (expected === "quantity") return quantityWords;
  const value = goValue(found);
  if (expected === "time") {
    if (typeof found !== "string") return `json: cannot unmarshal ${value} into Go value of type string`;
    return `parsing time ${JSON.stringify(JSON.stringify(found))} as "2006-01-02T15:04:05Z07:00": cannot parse it`;
  }
  if (expected === "int or string") return `json: cannot unmarshal ${value} into Go value of type int32`;
  const { struct, path, at } = fieldAt(schema, steps);
  const shown = typeof found === "number" && /^int/.test(expected) ? `number ${found}` : value;
  return `json: cannot unmarshal ${shown} into Go struct field ${struct}.${path} of type ${
    at ? goType(at) : goNames[expected] ?? expected
  }`;
}

function inner(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodMiniOptional ? inner(schema.def.innerType) : schema;
}

/** The struct that a field belongs to, and the field's path without indexes and keys of maps, as Go counts them. */
function fieldAt(root: z.core.$ZodType, steps: readonly PathStep[]) {
  let at: z.core.$ZodType | undefined = root;
  let struct = "";
  const names: PathStep[] = [];
  for (const step of steps) {
    const schema = at && inner(at);
    if (schema instanceof z.ZodMiniObject) {
      struct = typeOf(schema);
      names.push(step);
      at = schema.shape[step] as z.core.$ZodType | undefined;
    } else if (schema instanceof z.ZodMiniArray) at = schema.def.element;
    else if (schema instanceof z.ZodMiniRecord) at = schema.def.valueType;
    else at = undefined;
  }
  return { struct, path: names.join("."), at: at && inner(at) };
}

const typeOf = (schema: z.core.$ZodType) => fieldMeta.get(schema)?.definition?.split(".").at(-1) ?? "";

function goType(given: z.core.$ZodType): string {
  const schema = inner(given);
  const meta = fieldMeta.get(schema);
  if (meta?.definition) return meta.definition.split(".").slice(-2).join(".");
  if (meta?.format === "int32" || meta?.format === "int64") return meta.format;
  if (schema instanceof z.ZodMiniArray) return `[]${goType(schema.def.element)}`;
  if (schema instanceof z.ZodMiniRecord) {
    return meta?.format === "byte" ? "[]uint8" : `map[string]${goType(schema.def.valueType)}`;
  }
  if (schema instanceof z.ZodMiniBoolean) return "bool";
  return "string";
}
