import assert from "node:assert/strict";
import * as z from "zod/mini";
import { allKinds } from "../../objects/kinds.ts";
import { fieldMeta } from "../../objects/schema.ts";
import { Definitions, openapi3, type Schema, swagger } from "./definitions.ts";
import { loadDescriptions } from "./descriptions/mod.ts";
import { definitionName } from "./names.ts";
import { overrides } from "./required.ts";

type Node = Schema & { properties?: Record<string, Schema>; required?: string[]; description?: string };

async function definitions(dialect = openapi3): Promise<Record<string, Node>> {
  const all = new Definitions(dialect, await loadDescriptions());
  for (const kind of allKinds) all.kind(kind);
  all.status();
  all.deleteOptions(["v1", "policy/v1"]);
  all.patch();
  return all.all() as Record<string, Node>;
}

const core = (kind: string) => `io.k8s.api.core.v1.${kind}`;

Deno.test("every type and every field has a description", async () => {
  const missing: string[] = [];
  let fields = 0;
  for (const [name, { description, properties = {} }] of Object.entries(await definitions())) {
    if (!description) missing.push(name);
    for (const [field, schema] of Object.entries(properties)) {
      fields++;
      if (!schema.description) missing.push(`${name}.${field}`);
    }
  }
  assert.deepEqual(missing, []);
  assert.ok(fields > 900, String(fields));
});

Deno.test("every description and every exception is about something that exists", async () => {
  const all = await definitions();
  const isThere = (type: string, field: string) => {
    if (type === "meta.v1.TypeMeta") return true;
    const definition = all[definitionName(type)];
    return definition !== undefined && (field === "" || field in (definition.properties ?? {}));
  };
  const texts = [...(await loadDescriptions()).all()];
  assert.ok(texts.length > 700);
  const tables = [overrides.optional, overrides.required].flatMap((table) =>
    Object.entries(table).flatMap(([type, fields]) => fields.map((field): [string, string] => [type, field]))
  );
  assert.deepEqual([...texts, ...tables].filter(([type, field]) => !isThere(type, field)), []);
});

Deno.test("descriptions are sentences without markup", async () => {
  const texts = await loadDescriptions();
  for (const [type, field] of texts.all()) {
    const text = texts.of(type, field);
    assert.match(text, /^[A-Za-z].*[.\])]$/s, `${type} ${field}: ${text}`);
    assert.doesNotMatch(text, /`|\n| {2}/, `${type} ${field}`);
  }
});

Deno.test("every reference leads to a definition", async () => {
  for (const dialect of [openapi3, swagger]) {
    const all = await definitions(dialect);
    let references = 0;
    const walk = (value: unknown) => {
      if (Array.isArray(value)) value.forEach(walk);
      else if (typeof value === "object" && value !== null) {
        const { $ref } = value as Schema;
        if (typeof $ref === "string") {
          references++;
          assert.ok(all[$ref.slice(dialect.prefix.length)], $ref);
        }
        Object.values(value).forEach(walk);
      }
    };
    walk(all);
    assert.ok(references > 300);
  }
});

Deno.test("two schemas under one name have the same fields", () => {
  const seen = new Map<string, string>();
  const walk = (given: z.core.$ZodType, path: string) => {
    const schema = given instanceof z.ZodMiniOptional ? given.def.innerType : given;
    if (schema instanceof z.ZodMiniArray) return walk(schema.def.element, `${path}[]`);
    if (schema instanceof z.ZodMiniRecord) return walk(schema.def.valueType, `${path}{}`);
    if (!(schema instanceof z.ZodMiniObject)) return;
    const definition = fieldMeta.get(schema)?.definition;
    assert.ok(definition, `${path} has no name`);
    const fields = Object.keys(schema.shape).sort().join();
    assert.equal(seen.get(definition) ?? fields, fields, definition);
    seen.set(definition, fields);
    for (const [field, inner] of Object.entries(schema.shape)) walk(inner as z.core.$ZodType, `${path}.${field}`);
  };
  for (const { kind, schema } of allKinds) walk(schema(), kind);
  assert.ok(seen.size > 150, String(seen.size));
});

Deno.test("types are written as Kubernetes writes them", async () => {
  const all = await definitions();
  const container = all[core("Container")];
  assert.deepEqual(container.required, ["name"]);
  const { ports, env, command, imagePullPolicy, resources, stdin } = container.properties!;
  assert.deepEqual({ ...ports, description: "" }, {
    description: "",
    type: "array",
    items: { $ref: "#/components/schemas/io.k8s.api.core.v1.ContainerPort" },
    "x-kubernetes-list-map-keys": ["containerPort", "protocol"],
    "x-kubernetes-list-type": "map",
    "x-kubernetes-patch-merge-key": "containerPort",
    "x-kubernetes-patch-strategy": "merge",
  });
  assert.equal(env["x-kubernetes-patch-merge-key"], "name");
  assert.deepEqual({ ...command, description: "" }, {
    description: "",
    type: "array",
    items: { type: "string" },
    "x-kubernetes-list-type": "atomic",
  });
  assert.deepEqual(imagePullPolicy.enum, ["Always", "IfNotPresent", "Never"]);
  assert.deepEqual(resources.allOf, [{ $ref: "#/components/schemas/io.k8s.api.core.v1.ResourceRequirements" }]);
  assert.equal(stdin.type, "boolean");
  const pod = all[core("Pod")];
  assert.deepEqual(pod["x-kubernetes-group-version-kind"], [{ group: "", kind: "Pod", version: "v1" }]);
  assert.equal(pod.required, undefined);
  assert.equal(all[core("PodList")].required?.join(), "items");
  assert.deepEqual(all[core("PodList")]["x-kubernetes-group-version-kind"], [
    { group: "", kind: "PodList", version: "v1" },
  ]);
  assert.deepEqual(all[core("PodSpec")].required, ["containers"]);
  assert.equal(all[core("PodSpec")].properties!.terminationGracePeriodSeconds.format, "int64");
  assert.equal(all[core("PodSpec")].properties!.priority.format, "int32");
  assert.equal(all[core("PodSpec")].properties!.volumes["x-kubernetes-patch-strategy"], "merge,retainKeys");
  assert.equal(all[core("Secret")].properties!.data.additionalProperties instanceof Object, true);
  assert.deepEqual(all[core("Secret")].properties!.data.additionalProperties, { type: "string", format: "byte" });
  assert.equal(all[core("LocalObjectReference")]["x-kubernetes-map-type"], "atomic");
  assert.equal(all[core("ObjectReference")]["x-kubernetes-map-type"], "atomic");
  assert.equal(all[core("PersistentVolumeSpec")].properties!.claimRef["x-kubernetes-map-type"], "granular");
  assert.equal(all[core("ServiceSpec")].properties!.selector["x-kubernetes-map-type"], "atomic");
  assert.deepEqual(all["io.k8s.apimachinery.pkg.api.resource.Quantity"].oneOf, [{ type: "string" }, {
    type: "number",
  }]);
  assert.equal(all["io.k8s.apimachinery.pkg.apis.meta.v1.Time"].format, "date-time");
  assert.deepEqual(
    (all["io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"]["x-kubernetes-group-version-kind"] as Schema[]).map((
      { group },
    ) => group),
    ["", "policy"],
  );
});

Deno.test("version 2 has neither enumerations nor alternatives, and descriptions beside references", async () => {
  const all = await definitions(swagger);
  assert.doesNotMatch(JSON.stringify(all), /"enum"|"oneOf"|"allOf"/);
  const { resources, imagePullPolicy } = all[core("Container")].properties!;
  assert.equal(resources.$ref, "#/definitions/io.k8s.api.core.v1.ResourceRequirements");
  assert.ok(resources.description);
  assert.equal(imagePullPolicy.type, "string");
  assert.equal(all["io.k8s.apimachinery.pkg.util.intstr.IntOrString"].format, "int-or-string");
});
