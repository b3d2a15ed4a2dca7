/**
 * Kubernetes' protobuf: the form in which clients written in Go send objects. What comes out is what they would have
 * sent as JSON; types are those of the kinds' schemas, numbers those of `numbers.ts`.
 *
 *     "k8s\\0" ─► Unknown { apiVersion, kind, raw } ─► raw, by the kind's schema ─► plain value
 */
import { Buffer } from "node:buffer";
import { allKinds, findKind } from "../../../objects/mod.ts";
import { deleteOptionsShape } from "../../../objects/options.ts";
import { fieldMeta, type z } from "../../../objects/schema.ts";
import { numbers } from "./numbers.ts";
import { Reader, WireError, wireTypes } from "./reader.ts";

type Schema = z.core.$ZodType;
type Json = Record<string, unknown>;

/** How a value is read; `undefined` for one that says nothing. */
type Read = (reader: Reader, keepEmpty: boolean) => unknown;

interface Field {
  name: string;
  kind: "one" | "list" | "map" | "inline";
  keepEmpty: boolean;
  wire: number;
  read: Read;
}

const magic = [0x6b, 0x38, 0x73, 0x00];

/** Reads a body of `application/vnd.kubernetes.protobuf`. `expected` is for bodies that do not say what they are. */
export function decodeProtobuf(body: Uint8Array, expected: { apiVersion: string; kind: string }): Json {
  if (body.length < 4 || magic.some((byte, at) => body[at] !== byte)) {
    throw new WireError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  const unknown = { apiVersion: "", kind: "", raw: new Uint8Array() as Uint8Array, encoding: "" };
  const reader = new Reader(body.subarray(4));
  while (reader.more) {
    const { number, wire } = reader.tag();
    if (number === 1) {
      const type = reader.nested();
      while (type.more) {
        const inner = type.tag();
        if (inner.number === 1) unknown.apiVersion = type.text();
        else if (inner.number === 2) unknown.kind = type.text();
        else type.skip(inner.wire);
      }
    } else if (number === 2) unknown.raw = reader.bytes();
    else if (number === 3) unknown.encoding = reader.text();
    else reader.skip(wire);
  }
  if (unknown.encoding !== "") throw new WireError(`unable to decode content of encoding ${unknown.encoding}`);
  const apiVersion = unknown.apiVersion || expected.apiVersion;
  const kind = unknown.kind || expected.kind;
  const schema = kind === "DeleteOptions" ? deleteOptionsShape() : findKind(apiVersion, kind)?.schema();
  if (!schema) throw new WireError(`no kind "${kind}" is registered for version "${apiVersion}"`);
  return { apiVersion, kind, ...message(schema)(new Reader(unknown.raw)) };
}

/** Whether there are numbers for every message of every kind that is written: what a test asks. */
export function messagesWithoutNumbers(): string[] {
  const missing = new Set<string>();
  const seen = new Set<Schema>();
  const walk = (given: Schema) => {
    const schema = inner(given);
    if (seen.has(schema)) return;
    seen.add(schema);
    const { shape, element, valueType } = definitionOf(schema);
    if (shape) {
      const name = fieldMeta.get(schema)?.definition ?? "?";
      if (!numbers[name]) missing.add(name);
      Object.values(shape).forEach(walk);
    }
    if (element) walk(element);
    if (valueType) walk(valueType);
  };
  for (const { use, schema } of allKinds) if (use !== "computed") walk(schema());
  return [...missing];
}

interface Definition {
  type: string;
  innerType?: Schema;
  getter?: () => Schema;
  shape?: Readonly<Record<string, Schema>>;
  element?: Schema;
  valueType?: Schema;
}

const definitionOf = (schema: Schema) => schema._zod.def as unknown as Definition;

function inner(schema: Schema): Schema {
  const { type, innerType, getter } = definitionOf(schema);
  if (innerType) return inner(innerType);
  return type === "lazy" ? inner(getter!()) : schema;
}

type ReadMessage = (reader: Reader) => Json;

const messages = new Map<Schema, Map<string, ReadMessage>>();

/** Reads a message of a schema; `part` names one whose fields JSON has in its parent. */
function message(schema: Schema, part?: string): ReadMessage {
  const name = part ?? fieldMeta.get(schema)?.definition ?? "";
  let known = messages.get(schema);
  if (!known) messages.set(schema, known = new Map());
  const before = known.get(name);
  if (before) return before;
  let fields: Map<number, Field> | undefined;
  const read: ReadMessage = (reader) => {
    const into: Json = {};
    fields ??= fieldsOf(schema, name);
    while (reader.more) {
      const { number, wire } = reader.tag();
      const field = fields.get(number);
      if (!field) reader.skip(wire);
      else take(field, reader, wire, into);
    }
    return into;
  };
  known.set(name, read);
  return read;
}

function take({ name, kind, wire: expected, read, keepEmpty }: Field, reader: Reader, wire: number, into: Json): void {
  if (wire !== expected) {
    // Lists of numbers may come packed into one field.
    if (kind !== "list" || wire !== wireTypes.bytes) throw new WireError(`wrong wireType = ${wire} for field ${name}`);
    for (const packed = reader.nested(); packed.more;) append(into, name, read(packed, true));
    return;
  }
  switch (kind) {
    case "inline":
      Object.assign(into, read(reader, keepEmpty));
      return;
    case "list":
      append(into, name, read(reader, true));
      return;
    case "map": {
      const [key, value] = read(reader, true) as [string, unknown];
      const map = (Object.hasOwn(into, name) ? into[name] : into[name] = {}) as Json;
      Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
      return;
    }
    case "one": {
      const value = read(reader, keepEmpty);
      if (value !== undefined) into[name] = value;
      return;
    }
    default:
      kind satisfies never;
  }
}

function append(into: Json, name: string, value: unknown): void {
  const list = (Object.hasOwn(into, name) ? into[name] : into[name] = []) as unknown[];
  list.push(value);
}

function fieldsOf(schema: Schema, name: string): Map<number, Field> {
  const { shape = {} } = definitionOf(schema);
  const fields = new Map<number, Field>();
  let number = 0;
  for (const token of (numbers[name] ?? "").split(" ")) {
    const [, jump, plus, word, mark] = /^(?:(\d+):)?(\+)?([\w.]+)(\?)?$/.exec(token)!;
    number = jump ? Number(jump) : number + 1;
    if (plus) {
      const read = message(schema, word);
      fields.set(number, {
        name: word,
        kind: "inline",
        keepEmpty: true,
        wire: wireTypes.bytes,
        read: (reader) => read(reader.nested()),
      });
    } else if (shape[word]) fields.set(number, fieldOf(word, inner(shape[word]), mark !== undefined));
  }
  return fields;
}

function fieldOf(name: string, schema: Schema, keepEmpty: boolean): Field {
  const { type, element, valueType } = definitionOf(schema);
  const { definition } = fieldMeta.get(schema) ?? {};
  const wire = wireTypes.bytes;
  if (type === "array") {
    const item = inner(element!);
    return { name, kind: "list", keepEmpty, wire: wireOf(item), read: valueOf(item) };
  }
  if (type === "record" && !definition) {
    const value = inner(valueType!);
    // A field whose content is refused by name: that it is there is all that matters.
    if (definitionOf(value).type === "unknown") return { name, kind: "one", keepEmpty, wire, read: presence };
    return { name, kind: "map", keepEmpty, wire, read: entryOf(value) };
  }
  return { name, kind: "one", keepEmpty, wire: wireOf(schema), read: valueOf(schema) };
}

const presence: Read = (reader) => {
  reader.bytes();
  return {};
};

const isInteger = (schema: Schema) => ["int32", "int64"].includes(fieldMeta.get(schema)?.format ?? "");

function wireOf(schema: Schema): number {
  return isInteger(schema) || definitionOf(schema).type === "boolean" ? wireTypes.integer : wireTypes.bytes;
}

/** An entry of a map: key 1, value 2. */
function entryOf(value: Schema): Read {
  // Lists as values have a message of their own around them.
  const { type, element } = definitionOf(value);
  const read: Read = type === "array" ? listValue(valueOf(inner(element!))) : valueOf(value);
  return (reader) => {
    const entry = reader.nested();
    let key = "";
    let found: unknown = type === "array" ? [] : "";
    while (entry.more) {
      const { number, wire } = entry.tag();
      if (number === 1) key = entry.text();
      else if (number === 2) found = read(entry, true);
      else entry.skip(wire);
    }
    return [key, found];
  };
}

function listValue(read: Read): Read {
  return (reader) => {
    const list: unknown[] = [];
    const items = reader.nested();
    while (items.more) {
      const { number, wire } = items.tag();
      if (number === 1) list.push(read(items, true));
      else items.skip(wire);
    }
    return list;
  };
}

function valueOf(schema: Schema): Read {
  const meta = fieldMeta.get(schema);
  switch (meta?.definition) {
    case "meta.v1.Time":
    case "meta.v1.MicroTime":
      return (reader) => timeOf(reader, meta.definition === "meta.v1.MicroTime");
    case "resource.Quantity":
      return (reader) => fieldsIn(reader).get(1) ?? "0";
    case "intstr.IntOrString":
      return (reader) => {
        const found = fieldsIn(reader);
        return found.get(1) === 1 ? found.get(3) ?? "" : found.get(2) ?? 0;
      };
    case "meta.v1.FieldsV1":
      return (reader) => jsonOf(String(fieldsIn(reader).get(1) ?? "{}"));
  }
  const { type, shape } = definitionOf(schema);
  if (shape) {
    const read = message(schema);
    return (reader) => read(reader.nested());
  }
  if (type === "boolean") {
    return (reader, keepEmpty) => {
      const value = reader.integer() !== 0;
      return value || keepEmpty ? value : undefined;
    };
  }
  if (isInteger(schema)) {
    return (reader, keepEmpty) => {
      const value = reader.integer();
      return value !== 0 || keepEmpty ? value : undefined;
    };
  }
  if (type === "unknown") return presence;
  if (meta?.format === "byte") return (reader) => Buffer.from(reader.bytes()).toString("base64");
  return (reader, keepEmpty) => {
    const value = reader.text();
    return value !== "" || keepEmpty ? value : undefined;
  };
}

/** A small message whose fields are integers and texts. */
function fieldsIn(reader: Reader): Map<number, string | number> {
  const found = new Map<number, string | number>();
  const fields = reader.nested();
  while (fields.more) {
    const { number, wire } = fields.tag();
    if (wire === 0) found.set(number, fields.integer());
    else if (wire === 2) found.set(number, fields.text());
    else fields.skip(wire);
  }
  return found;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new WireError("a part that should be JSON is none");
  }
}

/** Go's zero time, before which nothing was. */
const zeroSeconds = -62_135_596_800;

function timeOf(reader: Reader, micro: boolean): string | undefined {
  const found = fieldsIn(reader);
  const seconds = Number(found.get(1) ?? 0), nanos = Number(found.get(2) ?? 0);
  if (found.size === 0 || seconds === zeroSeconds || !(Math.abs(seconds) < 253_402_300_800)) return undefined;
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return micro ? `${text}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z` : `${text}Z`;
}
