import { deepEqual, ok } from "node:assert/strict";
import { fieldsAt } from "./fields_at.ts";
import { findKind } from "./kinds.ts";

const pod = findKind("v1", "Pod")!.schema();

Deno.test("fieldsAt() knows the fields of mappings, through lists", () => {
  for (
    const [steps, name] of [
      [[], "spec"],
      [["spec"], "hostNetwork"],
      [["spec", "containers", 0], "livenessProbe"],
      [["spec", "containers", 7, "ports", 1], "hostPort"],
      [["spec", "volumes", 0, "configMap", "items", 0], "path"],
    ] as const
  ) ok(fieldsAt(pod, steps).includes(name), name);
});

Deno.test("fieldsAt() knows none where any key may be, or none at all", () => {
  for (const steps of [["metadata", "labels"], ["metadata", "name"], ["nonsense", 3]]) {
    deepEqual(fieldsAt(pod, steps), []);
  }
});
