import assert from "node:assert/strict";
import type { Schema } from "./definitions.ts";
import { Documents } from "./documents.ts";
import { encodeDocument } from "./gnostic.ts";
import { testVersions } from "./testing.ts";

/** A protobuf message as its fields: bytes of each, and numbers. */
class Message {
  readonly fields = new Map<number, (Uint8Array | number)[]>();

  constructor(bytes: Uint8Array) {
    let at = 0;
    const varint = () => {
      let value = 0;
      for (let shift = 0;; shift += 7) {
        const byte = bytes[at++];
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) return value >>> 0;
      }
    };
    while (at < bytes.length) {
      const tag = varint();
      let value: Uint8Array | number;
      if ((tag & 7) === 0) value = varint();
      else {
        assert.equal(tag & 7, 2, `wire type of field ${tag >>> 3}`);
        const length = varint();
        assert.ok(at + length <= bytes.length, "a field goes beyond its message");
        value = bytes.subarray(at, at += length);
      }
      const known = this.fields.get(tag >>> 3) ?? [];
      known.push(value);
      this.fields.set(tag >>> 3, known);
    }
  }

  texts(field: number): string[] {
    return (this.fields.get(field) ?? []).map((value) => new TextDecoder().decode(value as Uint8Array));
  }

  text(field: number): string | undefined {
    return this.texts(field)[0];
  }

  messages(field: number): Message[] {
    return (this.fields.get(field) ?? []).map((value) => new Message(value as Uint8Array));
  }

  /** The message along a path of fields. */
  in(...path: number[]): Message {
    return path.reduce<Message>((message, field) => message.messages(field)[0], this);
  }

  /** An entry of a map that is a list of names and values. */
  named(field: number, name: string): Message {
    const found = this.messages(field).find((entry) => entry.text(1) === name);
    assert.ok(found, name);
    return found.in(2);
  }
}

/** What is in a schema, back in JSON; every field that is not known is an error. */
function schemaOf(message: Message): Schema {
  const known = [1, 2, 4, 19, 21, 22, 23, 25, 31];
  assert.deepEqual([...message.fields.keys()].filter((field) => !known.includes(field)), []);
  const [ref, format, description] = [1, 2, 4].map((field) => message.text(field));
  const [additional] = message.messages(21);
  const [items] = message.messages(23);
  const [properties] = message.messages(25);
  return {
    ...(ref ? { $ref: ref } : {}),
    ...(format ? { format } : {}),
    ...(description ? { description } : {}),
    ...(message.fields.has(19) ? { required: message.texts(19) } : {}),
    ...(additional ? { additionalProperties: schemaOf(additional.in(1)) } : {}),
    ...(message.fields.has(22) ? { type: message.in(22).text(1) } : {}),
    ...(items ? { items: schemaOf(items.in(1)) } : {}),
    ...(properties
      ? { properties: Object.fromEntries(properties.messages(1).map((each) => [each.text(1), schemaOf(each.in(2))])) }
      : {}),
    ...Object.fromEntries(message.messages(31).map((each) => [each.text(1), JSON.parse(each.in(2).text(2)!)])),
  };
}

async function both(): Promise<{ json: Schema; message: Message }> {
  const documents = await Documents.load(testVersions(), "1.2.3");
  const json = JSON.parse(new TextDecoder().decode(documents.version2("json")));
  return { json, message: new Message(documents.version2("protobuf")) };
}

Deno.test("every definition is the same in protobuf as in JSON", async () => {
  const { json, message } = await both();
  const definitions = json.definitions as Record<string, Schema>;
  const entries = message.in(9).messages(1);
  assert.deepEqual(entries.map((entry) => entry.text(1)), Object.keys(definitions));
  assert.ok(entries.length > 150);
  for (const entry of entries) assert.deepEqual(schemaOf(entry.in(2)), definitions[entry.text(1)!], entry.text(1)!);
});

Deno.test("paths and their operations are the same in protobuf as in JSON", async () => {
  const { json, message } = await both();
  assert.equal(message.text(1), "2.0");
  assert.deepEqual([message.in(2).text(1), message.in(2).text(2)], ["islet", "1.2.3"]);
  const paths = json.paths as Record<string, Record<string, Schema>>;
  assert.deepEqual(message.in(8).messages(2).map((entry) => entry.text(1)), Object.keys(paths));
  const path = "/api/v1/namespaces/{namespace}/pods/{name}";
  const item = message.in(8).named(2, path);
  const fields = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const;
  for (const [method, field] of Object.entries(fields)) {
    assert.equal(item.fields.has(field), method in paths[path], method);
  }
  const patch = item.in(8);
  assert.equal(patch.text(5), "patchCoreV1NamespacedPod");
  assert.deepEqual(patch.texts(7), paths[path].patch.consumes);
  const parameters = patch.messages(8);
  assert.equal(parameters.length, (paths[path].patch.parameters as unknown[]).length);
  const body = parameters[0].in(1, 1);
  assert.deepEqual([body.text(2), body.text(3), body.fields.get(4)], ["body", "body", [1]]);
  assert.equal(body.in(5).text(1), "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Patch");
  // where kubectl looks whether dry runs are supported
  const queries = parameters.slice(1).map((parameter) => parameter.in(1, 2, 3));
  assert.deepEqual(queries.map((query) => [query.text(2), query.text(4), query.text(6)]), [
    ["query", "dryRun", "string"],
    ["query", "fieldManager", "string"],
    ["query", "fieldValidation", "string"],
    ["query", "force", "boolean"],
  ]);
  const kind = patch.messages(13).find((entry) => entry.text(1) === "x-kubernetes-group-version-kind")!;
  assert.deepEqual(JSON.parse(kind.in(2).text(2)!), { group: "", kind: "Pod", version: "v1" });
  const ok = patch.in(9).named(1, "200");
  assert.equal(ok.in(1, 2, 1).text(1), "#/definitions/io.k8s.api.core.v1.Pod");
  const names = item.messages(9).map((parameter) => parameter.in(1, 2));
  assert.deepEqual(names[0].in(4).text(4), "name");
  assert.deepEqual(names[0].in(4).fields.get(1), [1]);
});

Deno.test("texts longer than 127 bytes and beyond ASCII keep their length", () => {
  const description = "ä".repeat(9000);
  const message = new Message(
    encodeDocument({
      swagger: "2.0",
      info: { title: "t", version: "v" },
      paths: {},
      definitions: { d: { description, type: "string" } },
    }),
  );
  assert.deepEqual(schemaOf(message.in(9).named(1, "d")), { description, type: "string" });
});
