import assert from "node:assert/strict";
import { FieldPath } from "./field_path.ts";

Deno.test("FieldPath is written as Kubernetes writes it", () => {
  const path = FieldPath.of("spec", "containers").index(0).child("resources", "limits").key("cpu");
  assert.equal(path.toString(), "spec.containers[0].resources.limits[cpu]");
  assert.deepEqual(path.steps(), ["spec", "containers", 0, "resources", "limits", "cpu"]);
  assert.equal(FieldPath.root.toString(), "");
  assert.equal(FieldPath.from(["a", 1, "b"]).toString(), "a[1].b");
});

Deno.test("FieldPath can be moved below another and walked upwards", () => {
  const prefix = FieldPath.of("items").index(2);
  assert.equal(FieldPath.of("spec", "hostname").under(prefix).toString(), "items[2].spec.hostname");
  assert.equal(FieldPath.root.under(prefix).toString(), "items[2]");
  assert.deepEqual([...FieldPath.of("a", "b").index(0).upwards()], ["a.b[0]", "a.b", "a", ""]);
});
