import assert from "node:assert/strict";
import { errorsOf, podValue, warningsOf } from "../testing.ts";

Deno.test("a pod's fields that have no effect on this node are warned of by name", () => {
  const term = { topologyKey: "zone", labelSelector: {} };
  const pod = podValue({
    volumes: [
      { name: "disk", emptyDir: { sizeLimit: "1Gi" } },
      { name: "ram", emptyDir: { medium: "Memory", sizeLimit: "1Gi" } },
    ],
    schedulerName: "mine",
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }],
    serviceAccountName: "robot",
  }, {
    resources: { limits: { "ephemeral-storage": "1Gi", "example.com/gpu": "1" } },
    resizePolicy: [{ resourceName: "cpu", restartPolicy: "NotRequired" }],
  });
  assert.deepEqual(errorsOf(pod), []);
  const nobody = "has no effect: no scheduler is asked about pods of manifests";
  assert.deepEqual(warningsOf(pod), [
    `spec.schedulerName: ${nobody}`,
    `spec.affinity.podAntiAffinity: ${nobody}`,
    `spec.topologySpreadConstraints: ${nobody}`,
    "spec.containers[0].resizePolicy: has no effect: an edit of resources makes a new pod in this version",
    "spec.volumes[0].emptyDir.sizeLimit: is not enforced on disk in this version: the volume may grow beyond it",
    "spec.containers[0].resources.limits[ephemeral-storage]: is not enforced in this version: " +
    "the container may use more disk",
    "spec.containers[0].resources.limits[example.com/gpu]: has no effect: this node has no device plugins, " +
    "the container runs without it",
  ]);
});

Deno.test("an ordinary pod, as kubectl writes it out too, has no warnings", () => {
  assert.deepEqual(warningsOf(podValue()), []);
  const written = podValue({
    schedulerName: "default-scheduler",
    enableServiceLinks: true,
    serviceAccountName: "default",
    automountServiceAccountToken: false,
    preemptionPolicy: "PreemptLowerPriority",
    priority: 0,
  }, { resources: { requests: { "ephemeral-storage": "1Gi", cpu: "1" } } });
  assert.deepEqual(warningsOf(written), []);
});

Deno.test("objects that nothing acts on say so", () => {
  const object = (kind: string, rest: object, metadata: object = {}) => ({
    apiVersion: "v1",
    kind,
    metadata: { name: "a", ...metadata },
    ...rest,
  });
  const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  const volume = { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" }, hostPath: { path: "/data" } };
  const cases: [object, string[]][] = [
    [object("Service", { spec: { ports: [{ port: 80 }] } }), []],
    [object("Service", { spec: { ports: [{ port: 80 }], trafficDistribution: "PreferClose" } }), [
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ]],
    [object("Service", { spec: { ports: [{ port: 80 }], trafficDistribution: "PreferSameNode" } }), []],
    [object("ServiceAccount", { imagePullSecrets: [{ name: "s" }] }), []],
    [object("ServiceAccount", { automountServiceAccountToken: false }), []],
    [object("PersistentVolumeClaim", { spec: claim }), []],
    [object("PersistentVolume", { spec: { ...volume, persistentVolumeReclaimPolicy: "Delete" } }), [
      "spec.persistentVolumeReclaimPolicy: Delete has no effect: the files stay",
    ]],
    [object("PersistentVolume", { spec: volume }), []],
    [object("ConfigMap", {}, { finalizers: ["example.com/keep"] }), [
      "metadata.finalizers: has no effect: the object goes with its manifest",
    ]],
    [object("ConfigMap", {}), []],
  ];
  for (const [value, expected] of cases) assert.deepEqual(warningsOf(value), expected);
  const block = object("PersistentVolume", { spec: { ...volume, volumeMode: "Block" } });
  assert.deepEqual(errorsOf(block), [
    `spec.volumeMode: Unsupported value: "Block": supported values: "Filesystem"`,
  ]);
});
