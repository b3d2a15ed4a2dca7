import assert from "node:assert/strict";
import { kinds } from "./kinds.ts";
import { podSpec } from "./pod.ts";
import { container } from "./container.ts";
import * as z from "zod/mini";
import { type FieldMeta, fieldMeta } from "./schema.ts";

/** The merge rules of an object's lists, by field. */
function mergeRules(schema: z.ZodMiniObject): Record<string, FieldMeta> {
  const rules: Record<string, FieldMeta> = {};
  for (const [name, field] of Object.entries(schema.shape)) {
    const inner = field instanceof z.ZodMiniOptional ? field.def.innerType : field;
    const meta = fieldMeta.get(inner as z.ZodMiniType);
    if (meta) rules[name] = meta;
  }
  return rules;
}

Deno.test("lists of a pod know how they merge", () => {
  const spec = mergeRules(podSpec());
  assert.deepEqual(spec.containers, {
    patchMergeKey: "name",
    patchStrategy: "merge",
    listType: "map",
    listMapKeys: ["name"],
  });
  assert.equal(spec.volumes.patchStrategy, "merge,retainKeys");
  assert.equal(spec.hostAliases.patchMergeKey, "ip");
  assert.equal(spec.tolerations, undefined);
  assert.deepEqual(spec.topologySpreadConstraints.listMapKeys, ["topologyKey", "whenUnsatisfiable"]);
  const rules = mergeRules(container());
  assert.deepEqual(rules.ports.listMapKeys, ["containerPort", "protocol"]);
  assert.equal(rules.volumeMounts.patchMergeKey, "mountPath");
});

Deno.test("every kind's schema is built once and carries its apiVersion and kind", () => {
  for (const { apiVersion, kind, schema } of kinds) {
    assert.equal(schema(), schema());
    assert.deepEqual(fieldMeta.get(schema() as z.ZodMiniType)?.gvk, { apiVersion, kind });
  }
});
