import { deepEqual } from "node:assert/strict";
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../objects/mod.ts";
import { bindCompleted, planVolumes, type VolumeState } from "./plan.ts";

type Loose = Record<string, unknown>;

function volume(name: string, spec: Loose = {}, more: { status?: Loose; metadata?: Loose } = {}): PersistentVolume {
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name, uid: `uid-${name}`, ...more.metadata },
    spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/data" }, ...spec },
    status: { phase: "Available", ...more.status },
  } as PersistentVolume;
}

function claim(name: string, spec: Loose = {}, more: { status?: Loose; metadata?: Loose } = {}): PersistentVolumeClaim {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name,
      namespace: "default",
      uid: `uid-${name}`,
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...more.metadata,
    },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
    status: { phase: "Pending", ...more.status },
  } as PersistentVolumeClaim;
}

const ref = (name: string, uid?: string) => ({ claimRef: { namespace: "default", name, ...(uid ? { uid } : {}) } });
const bound = { annotations: { [bindCompleted]: "yes" } };
const isBound = { status: { phase: "Bound" } };

/** A claim and its volume, bound to each other. */
const pair = () =>
  [
    claim("a", { volumeName: "v" }, { metadata: bound, status: { phase: "Bound", capacity: { storage: "1Gi" } } }),
    volume("v", ref("a", "uid-a"), isBound),
  ] as const;

function told({ volumes = [], claims = [], pods = [], usable = () => true }: Partial<VolumeState>): string[] {
  return planVolumes({ volumes, claims, pods, usable }).map((action) => {
    switch (action.type) {
      case "bind":
        return `bind ${action.claim.metadata.name} to ${action.volume.metadata.name}`;
      case "claim":
        return `claim ${action.claim.metadata.name} is ${action.phase}`;
      case "volume":
        return `volume ${action.volume.metadata.name} is ${action.phase}`;
      case "unprotect":
        return `unprotect ${action.object.metadata.name}`;
      case "event":
        return `${action.warning ? "Warning" : "Normal"} ${action.reason}: ${action.message}`;
    }
  });
}

const none = "Normal FailedBinding: no persistent volumes available for this claim and no storage class is set";
const [boundClaim, boundVolume] = pair();
const user = (phase: string): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "user", namespace: "default" },
  spec: { nodeName: "edge-1", containers: [], volumes: [{ name: "d", persistentVolumeClaim: { claimName: "a" } }] },
  status: { phase },
} as Pod);
const ending = { deletionTimestamp: "2026-01-01T00:00:00Z" };

const cases: [name: string, state: Partial<VolumeState>, expected: string[]][] = [
  ["a claim is bound to a volume that fits", { claims: [claim("a")], volumes: [volume("v")] }, ["bind a to v"]],
  ["nothing is done about what is bound", { claims: [boundClaim], volumes: [boundVolume] }, []],
  ["a new volume without claim is available", { volumes: [volume("v", {}, { status: { phase: "Pending" } })] }, [
    "volume v is Available",
  ]],
  [
    "the smallest volume that is large enough is taken",
    {
      claims: [claim("a", { resources: { requests: { storage: "2Gi" } } })],
      volumes: [
        volume("huge", { capacity: { storage: "9Gi" } }),
        volume("small"),
        volume("fit", { capacity: { storage: "3Gi" } }),
      ],
    },
    ["bind a to fit"],
  ],
  ["a claim waits where every volume is too small", {
    claims: [claim("a", { resources: { requests: { storage: "2Gi" } } })],
    volumes: [volume("v")],
  }, [none]],
  ["a claim waits for its access mode", {
    claims: [claim("a", { accessModes: ["ReadWriteMany"] })],
    volumes: [volume("v")],
  }, [none]],
  ["a claim of a class waits for a volume of the class", {
    claims: [claim("a", { storageClassName: "fast" })],
    volumes: [volume("v")],
  }, ['Warning ProvisioningFailed: storageclass.storage.k8s.io "fast" not found']],
  ["a claim of a class takes a volume of the class", {
    claims: [claim("a", { storageClassName: "fast" })],
    volumes: [volume("slow"), volume("v", { storageClassName: "fast" })],
  }, ["bind a to v"]],
  ["a selector chooses", {
    claims: [claim("a", { selector: { matchLabels: { disk: "b" } } })],
    volumes: [volume("v"), volume("w", {}, { metadata: { labels: { disk: "b" } } })],
  }, ["bind a to w"]],
  ["a volume of another node is not taken", {
    claims: [claim("a")],
    volumes: [volume("v"), volume("w")],
    usable: ({ metadata }) => metadata.name !== "v",
  }, ["bind a to w"]],
  ["a volume that is being deleted is not taken", {
    claims: [claim("a")],
    volumes: [volume("v", {}, { metadata: ending })],
  }, [none, "unprotect v"]],
  ["a volume that names a claim is kept for it", {
    claims: [claim("b"), claim("a", {}, { metadata: { creationTimestamp: "2026-01-02T00:00:00Z" } })],
    volumes: [volume("v", ref("a"))],
  }, [none, "bind a to v"]],
  ["two claims do not get one volume, the older has it", {
    claims: [claim("young", {}, { metadata: { creationTimestamp: "2026-01-02T00:00:00Z" } }), claim("old")],
    volumes: [volume("v")],
  }, ["bind old to v", none]],
  ["a claim gets the volume that it names", {
    claims: [claim("a", { volumeName: "w" })],
    volumes: [volume("v"), volume("w", { capacity: { storage: "9Gi" } })],
  }, ["bind a to w"]],
  [
    "a claim waits for the volume that it names",
    { claims: [claim("a", { volumeName: "w" })], volumes: [volume("v")] },
    [],
  ],
  ["a claim does not get a volume by name that is too small", {
    claims: [claim("a", { volumeName: "v", resources: { requests: { storage: "2Gi" } } })],
    volumes: [volume("v")],
  }, ['Warning VolumeMismatch: Cannot bind to requested volume "v": requested PV is too small']],
  ["a claim does not get a volume by name that another one has", {
    claims: [claim("a", { volumeName: "v" })],
    volumes: [volume("v", ref("b"))],
  }, ['Normal FailedBinding: volume "v" already bound to a different claim.']],
  ["a binding that was cut in the middle is finished", {
    claims: [claim("a")],
    volumes: [volume("v", ref("a", "uid-a"), isBound), volume("w")],
  }, ["bind a to v"]],
  ["a bound claim whose volume's manifest was edited is bound anew", { claims: [boundClaim], volumes: [volume("v")] }, [
    "bind a to v",
  ]],
  ["a bound claim without its volume is lost", { claims: [boundClaim] }, [
    "Warning ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!",
    "claim a is Lost",
  ]],
  ["a bound claim whose volume is another's is lost", {
    claims: [boundClaim],
    volumes: [volume("v", ref("b", "uid-b"), isBound)],
  }, [
    "Warning ClaimMisbound: Two claims are bound to the same volume, this one is bound incorrectly",
    "claim a is Lost",
    "volume v is Released",
  ]],
  ["a volume whose claim is gone is released", { volumes: [boundVolume] }, ["volume v is Released"]],
  ["a released volume is not given to a new claim of the name", {
    claims: [claim("a", {}, { metadata: { uid: "uid-new" } })],
    volumes: [volume("v", ref("a", "uid-a"), { status: { phase: "Released" } })],
  }, [none]],
  ["what a volume holds is not deleted", {
    volumes: [volume("v", { ...ref("a", "uid-a"), persistentVolumeReclaimPolicy: "Delete" }, isBound)],
  }, [
    "Warning VolumeFailedDelete: islet deletes no files of volumes: remove them yourself, then remove the PersistentVolume",
    "volume v is Failed",
  ]],
  ["a claim that is being deleted is kept while a pod uses it", {
    claims: [claim("a", { volumeName: "v" }, { ...isBound, metadata: { ...bound, ...ending } })],
    volumes: [boundVolume],
    pods: [user("Running")],
  }, ["bind a to v"]],
  ["a claim that is being deleted goes when the pod is over", {
    claims: [claim("a", {}, { metadata: ending })],
    pods: [user("Succeeded")],
  }, ["unprotect a"]],
  ["a claim that is being deleted is not bound any more", {
    claims: [claim("a", {}, { metadata: ending })],
    volumes: [volume("v")],
  }, ["unprotect a"]],
];

for (const [name, state, expected] of cases) {
  Deno.test(`planVolumes(): ${name}`, () => deepEqual(told(state), expected));
}
