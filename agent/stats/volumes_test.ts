import assert from "node:assert/strict";
import type { PersistentVolumeClaim, Pod } from "../objects/mod.ts";
import { measurableVolumes } from "./volumes.ts";

function places(volumes: Record<string, unknown>[], claim?: unknown) {
  const pod = { metadata: { name: "web", namespace: "shop", uid: "u1" }, spec: { containers: [], volumes } };
  return measurableVolumes(pod as unknown as Pod, "/pods", (_, name) => {
    assert.equal(name, "claim-1");
    return claim as PersistentVolumeClaim | undefined;
  });
}

const own = (plugin: string, name: string) => `/pods/u1/volumes/kubernetes.io~${plugin}/${name}`;

Deno.test("volumes of the node's own disk are measured by du and count as ephemeral storage", () => {
  const found = places([
    { name: "a", emptyDir: {} },
    { name: "b", configMap: { name: "x" } },
    { name: "c", secret: { secretName: "x" } },
    { name: "d", projected: { sources: [] } },
    { name: "e", downwardAPI: { items: [] } },
  ]);
  assert.deepEqual(found.map(({ path }) => path), [
    own("empty-dir", "a"),
    own("configmap", "b"),
    own("secret", "c"),
    own("projected", "d"),
    own("downward-api", "e"),
  ]);
  assert.ok(found.every(({ by, ephemeral }) => by === "du" && ephemeral));
});

Deno.test("an emptyDir in memory is a file system of its own and no storage of the disk", () => {
  assert.deepEqual(places([{ name: "a", emptyDir: { medium: "Memory" } }]), [
    { name: "a", path: own("empty-dir", "a"), by: "statfs", ephemeral: false },
  ]);
});

Deno.test("a claim is measured where its volume is mounted; unbound or unknown it is not", () => {
  const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "claim-1" } }];
  assert.deepEqual(places(volumes, { spec: { volumeName: "pv-7" } }), [{
    name: "data",
    path: own("local-volume", "pv-7"),
    by: "statfs",
    ephemeral: false,
    claim: { namespace: "shop", name: "claim-1" },
  }]);
  assert.deepEqual(places(volumes, { spec: {} }), []);
  assert.deepEqual(places(volumes), []);
  assert.deepEqual(places(volumes, { spec: { volumeName: "../../etc" } }), []);
});

Deno.test("what is elsewhere on the host is not measured", () => {
  assert.deepEqual(places([{ name: "logs", hostPath: { path: "/var/log" } }]), []);
});
