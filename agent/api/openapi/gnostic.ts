/**
 * An OpenAPI 2 document in protobuf, as kubectl wants it: gnostic's messages by their published field numbers
 * (`openapiv2/OpenAPIv2.proto`), as much of them as our documents use.
 */
import type { Schema } from "./definitions.ts";

/**
 * Protobuf's wire format in one buffer. The length of a part is known only after it was written; then it is moved up by
 * the few bytes that its length takes.
 */
class Writer {
  #buffer = new Uint8Array(256 * 1024);
  #at = 0;

  text(field: number, value: unknown): this {
    return typeof value === "string" && value !== "" ? this.#text(field, value) : this;
  }

  texts(field: number, values: unknown): this {
    for (const value of (values ?? []) as string[]) this.#text(field, value);
    return this;
  }

  flag(field: number, value: unknown): this {
    if (value !== true) return this;
    this.#varint(field << 3);
    this.#varint(1);
    return this;
  }

  message(field: number, write: (writer: Writer) => void): this {
    this.#varint((field << 3) | 2);
    const start = this.#at;
    write(this);
    return this.#prefix(start);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#at);
  }

  #text(field: number, value: string): this {
    this.#varint((field << 3) | 2);
    const start = this.#at;
    this.#reserve(value.length * 3);
    this.#at += encoder.encodeInto(value, this.#buffer.subarray(start)).written;
    return this.#prefix(start);
  }

  /** Puts the length of what was written since `start` before it. */
  #prefix(start: number): this {
    const length = this.#at - start;
    let size = 1;
    for (let rest = length; rest > 0x7f; rest >>>= 7) size++;
    this.#reserve(size);
    this.#buffer.copyWithin(start + size, start, this.#at);
    this.#at = start;
    this.#varint(length);
    this.#at += length;
    return this;
  }

  #varint(value: number): void {
    this.#reserve(5);
    while (value > 0x7f) {
      this.#buffer[this.#at++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.#buffer[this.#at++] = value;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#at + bytes));
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
  }
}

const encoder = new TextEncoder();

type Part = (writer: Writer) => void;
const map = (value: unknown) => Object.entries((value ?? {}) as Record<string, Schema>);

/** `repeated Named… { string name = 1; … value = 2; }`. */
function named(writer: Writer, field: number, name: string, value: Part): void {
  writer.message(field, (w) => w.text(1, name).message(2, value));
}

/** Everything whose name begins with x-; values are YAML, which JSON is. */
function extensions(writer: Writer, field: number, from: Schema): void {
  for (const [name, value] of Object.entries(from)) {
    if (name.startsWith("x-")) named(writer, field, name, (w) => w.text(2, JSON.stringify(value) + "\n"));
  }
}

function schema(from: Schema): Part {
  return (w) => {
    w.text(1, from.$ref).text(2, from.format).text(4, from.description).texts(19, from.required);
    const { additionalProperties, type, items, properties } = from;
    if (additionalProperties) w.message(21, (m) => m.message(1, schema(additionalProperties as Schema)));
    if (type) w.message(22, (m) => m.texts(1, [type]));
    if (items) w.message(23, (m) => m.message(1, schema(items as Schema)));
    if (properties) {
      w.message(25, (m) => {
        for (const [name, value] of map(properties)) named(m, 1, name, schema(value));
      });
    }
    extensions(w, 31, from);
  };
}

/** ParametersItem{ Parameter{ BodyParameter | NonBodyParameter{ query | path } } }. */
function parameter(from: Schema): Part {
  return (item) =>
    item.message(1, (w) => {
      if (from.in === "body") {
        w.message(1, (m) => {
          m.text(1, from.description).text(2, from.name).text(3, from.in).flag(4, from.required);
          m.message(5, schema(from.schema as Schema));
        });
        return;
      }
      const query = from.in === "query";
      w.message(2, (m) =>
        m.message(query ? 3 : 4, (p) => {
          p.flag(1, from.required).text(2, from.in).text(3, from.description).text(4, from.name);
          p.text(query ? 6 : 5, from.type);
          if (from.items) p.message(query ? 8 : 7, (i) => i.text(1, (from.items as Schema).type));
          p.text(query ? 9 : 8, from.collectionFormat).flag(query ? 20 : 19, from.uniqueItems);
        }));
    });
}

function operation(from: Schema): Part {
  return (w) => {
    w.texts(1, from.tags).text(3, from.description).text(5, from.operationId);
    w.texts(6, from.produces).texts(7, from.consumes);
    for (const each of from.parameters as Schema[]) w.message(8, parameter(each));
    w.message(9, (responses) => {
      for (const [code, { description, schema: body }] of map(from.responses)) {
        named(responses, 1, code, (value) =>
          value.message(1, (response) => {
            response.text(1, description);
            if (body) response.message(2, (m) => m.message(1, schema(body as Schema)));
          }));
      }
    });
    w.texts(10, from.schemes);
    extensions(w, 13, from);
  };
}

const methods = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const;

function pathItem(from: Schema): Part {
  return (w) => {
    for (const [method, field] of Object.entries(methods)) {
      if (from[method]) w.message(field, operation(from[method] as Schema));
    }
    for (const each of from.parameters as Schema[]) w.message(9, parameter(each));
  };
}

/** The bytes of `application/com.github.proto-openapi.spec.v2@v1.0+protobuf`. */
export function encodeDocument(document: Schema): Uint8Array<ArrayBuffer> {
  const info = document.info as Schema;
  const writer = new Writer().text(1, document.swagger);
  writer.message(2, (w) => w.text(1, info.title).text(2, info.version));
  writer.message(8, (w) => {
    for (const [path, item] of map(document.paths)) named(w, 2, path, pathItem(item));
  });
  writer.message(9, (w) => {
    for (const [name, definition] of map(document.definitions)) named(w, 1, name, schema(definition));
  });
  return writer.finish();
}
