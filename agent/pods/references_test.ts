import assert from "node:assert/strict";
import { references } from "./references.ts";
import { container, pod } from "./testing.ts";

const of = pod({
  imagePullSecrets: [{ name: "pull" }],
  volumes: [
    { name: "a", configMap: { name: "config" } },
    { name: "b", secret: { secretName: "secret" } },
    { name: "c", projected: { sources: [{ configMap: { name: "part" } }, { secret: { name: "piece" } }] } },
    { name: "d", persistentVolumeClaim: { claimName: "claim" } },
  ],
  initContainers: [
    container("one", { envFrom: [{ configMapRef: { name: "all" } }, { secretRef: { name: "hidden" } }] }),
  ],
  containers: [container("web", {
    env: [
      { name: "A", valueFrom: { configMapKeyRef: { name: "key", key: "a" } } },
      { name: "B", valueFrom: { secretKeyRef: { name: "word", key: "b" } } },
    ],
  })],
});
const object = (kind: string, name: string, namespace = "default") =>
  ({ kind, metadata: { name, namespace } }) as Parameters<typeof references>[1];

Deno.test("references() finds every ConfigMap, Secret and claim that a pod names", () => {
  for (const name of ["config", "part", "all", "key"]) assert.ok(references(of, object("ConfigMap", name)), name);
  for (const name of ["pull", "secret", "piece", "hidden", "word"]) {
    assert.ok(references(of, object("Secret", name)), name);
  }
  assert.ok(references(of, object("PersistentVolumeClaim", "claim")));
  assert.ok(references(of, object("PersistentVolume", "any", "")));
});

Deno.test("references() does not mix up kinds, namespaces and names", () => {
  assert.ok(!references(of, object("ConfigMap", "secret")));
  assert.ok(!references(of, object("ConfigMap", "config", "other")));
  assert.ok(!references(of, object("Secret", "none")));
  assert.ok(!references(pod(), object("PersistentVolume", "any", "")));
});
