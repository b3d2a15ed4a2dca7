import assert from "node:assert/strict";
import { describeObject } from "./describe_object.ts";

Deno.test("describe of a Secret shows sizes, and not kubectl's copy of the manifest either", () => {
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "s",
      namespace: "default",
      annotations: {
        "kubectl.kubernetes.io/last-applied-configuration": '{"stringData":{"a":"topsecret"}}',
        note: "kept",
      },
    },
    data: { a: btoa("topsecret") },
  };
  const text = describeObject(secret, [], Date.UTC(2026, 0, 1));
  assert.match(text, /^Annotations: +note: kept$/m);
  assert.match(text, /^ +a: +9 bytes$/m);
  assert.equal(text.includes("topsecret") || text.includes(btoa("topsecret")), false);
});
