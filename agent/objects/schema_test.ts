import assert from "node:assert/strict";
import { kinds } from "./kinds.ts";
import { podSpec } from "./pod.ts";
import { container } from "./container.ts";
import * as z from "zod/mini";
import { type FieldMeta, fieldMeta, isTime } from "./schema.ts";

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

Deno.test("isTime() takes what Go's time package takes", () => {
  const good = [
    "2026-01-31T23:59:59Z",
    "2024-02-29T00:00:00.123456789+05:30",
    "2000-02-29T00:00:00Z",
    "0001-01-01T00:00:00-23:59",
  ];
  const bad = [
    "2026-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:60Z",
    "2026-01-01T00:00:00",
    "2026-01-01 00:00:00Z",
    "2026-01-01t00:00:00z",
    "2026-01-01T00:00Z",
    "2026-01-01T00:00:00+24:00",
    "2026-1-1T00:00:00Z",
    "",
    5,
    null,
  ];
  assert.deepEqual(good.filter((value) => !isTime(value)), []);
  assert.deepEqual(bad.filter(isTime), []);
});
