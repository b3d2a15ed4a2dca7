import assert from "node:assert/strict";
import { resolveClaim } from "./claim.ts";
import { type Loose, podWith } from "./testing.ts";

const claim = { metadata: { name: "data", namespace: "shop", uid: "c1" }, spec: { volumeName: "pv" } };
const volume = { metadata: { name: "pv" }, spec: { local: { path: "/srv/data" } } };

function resolve(change: { claim?: Loose; volume?: Loose; source?: Loose } = {}) {
  const found: Loose = "claim" in change ? change.claim : claim;
  const pv: Loose = "volume" in change ? change.volume : volume;
  return resolveClaim(podWith([]), { claimName: "data", ...change.source }, {
    claim: (namespace, name) => namespace === "shop" && name === "data" ? found : undefined,
    volume: (name) => name === "pv" ? pv : undefined,
    nodeLabels: { "kubernetes.io/hostname": "edge-1", size: "3" },
  });
}

Deno.test("resolveClaim() follows a bound claim to its local or hostPath volume", () => {
  assert.deepEqual(resolve({ source: { readOnly: true } }), {
    kind: "local",
    volumeName: "pv",
    path: "/srv/data",
    readOnly: true,
    mountOptions: [],
  });
  assert.deepEqual(resolve({ volume: { spec: { hostPath: { path: "/srv", type: "Directory" } } } }), {
    kind: "hostPath",
    volumeName: "pv",
    path: "/srv",
    type: "Directory",
    readOnly: false,
  });
});

Deno.test("resolveClaim() says what is in the way", () => {
  const cases: [Parameters<typeof resolve>[0], RegExp][] = [
    [{ source: { claimName: "none" } }, /^persistentvolumeclaim "none" not found$/],
    [
      { claim: { ...claim, metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } } },
      /PVC shop\/data is being deleted/,
    ],
    [{ claim: { ...claim, spec: {} } }, /PVC shop\/data has non-bound phase "Pending" or empty pvc.Spec.VolumeName ""/],
    [{ claim: { ...claim, status: { phase: "Lost" } } }, /non-bound phase "Lost"/],
    [{ volume: undefined }, /^persistentvolume "pv" not found$/],
    [
      { volume: { spec: { ...volume.spec, claimRef: { namespace: "shop", name: "other" } } } },
      /bound to another claim: shop\/other/,
    ],
    [
      { volume: { spec: { ...volume.spec, claimRef: { namespace: "shop", name: "data", uid: "c0" } } } },
      /an earlier claim/,
    ],
    [{ volume: { spec: { ...volume.spec, volumeMode: "Block" } } }, /volumeMode "Block"/],
    [{ volume: { spec: { nfs: { server: "x" } } } }, /neither a hostPath nor a local volume/],
    [
      {
        volume: {
          spec: {
            ...volume.spec,
            nodeAffinity: {
              required: {
                nodeSelectorTerms: [{
                  matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["edge-2"] }],
                }],
              },
            },
          },
        },
      },
      /node affinity does not match/,
    ],
  ];
  for (const [change, message] of cases) assert.throws(() => resolve(change), { name: "SetUpError", message });
});
