/** Volumes of pods and the sources that they may have. */
import {
  define,
  flag,
  int,
  lazily,
  list,
  long,
  neededText,
  opt,
  optionalQuantity,
  quantity,
  text,
  unsupported,
  word,
  type z,
} from "./schema.ts";
import { labelSelector } from "./meta.ts";

/** A key of a ConfigMap or Secret and the file that it becomes. */
export const keyToPath = lazily(() => define("core.v1.KeyToPath", { key: neededText, path: neededText, mode: int }));
export interface KeyToPath extends z.infer<ReturnType<typeof keyToPath>> {}

export const objectFieldSelector = lazily(() =>
  define("core.v1.ObjectFieldSelector", { apiVersion: text, fieldPath: neededText }, { mapType: "atomic" })
);
export interface ObjectFieldSelector extends z.infer<ReturnType<typeof objectFieldSelector>> {}

export const resourceFieldSelector = lazily(() =>
  define("core.v1.ResourceFieldSelector", {
    containerName: text,
    resource: neededText,
    divisor: optionalQuantity,
  }, { mapType: "atomic" })
);
export interface ResourceFieldSelector extends z.infer<ReturnType<typeof resourceFieldSelector>> {}

const downwardAPIVolumeFile = lazily(() =>
  define("core.v1.DownwardAPIVolumeFile", {
    path: neededText,
    fieldRef: opt(objectFieldSelector()),
    resourceFieldRef: opt(resourceFieldSelector()),
    mode: int,
  })
);
export interface DownwardAPIVolumeFile extends z.infer<ReturnType<typeof downwardAPIVolumeFile>> {}

export const hostPathVolumeSource = lazily(() =>
  define("core.v1.HostPathVolumeSource", {
    path: neededText,
    type: word(
      "",
      "BlockDevice",
      "CharDevice",
      "Directory",
      "DirectoryOrCreate",
      "File",
      "FileOrCreate",
      "Socket",
    ),
  })
);
export interface HostPathVolumeSource extends z.infer<ReturnType<typeof hostPathVolumeSource>> {}

const emptyDirVolumeSource = lazily(() =>
  define("core.v1.EmptyDirVolumeSource", { medium: text, sizeLimit: opt(quantity) })
);
export interface EmptyDirVolumeSource extends z.infer<ReturnType<typeof emptyDirVolumeSource>> {}

const secretVolumeSource = lazily(() =>
  define("core.v1.SecretVolumeSource", { secretName: text, items: list(keyToPath()), defaultMode: int, optional: flag })
);
export interface SecretVolumeSource extends z.infer<ReturnType<typeof secretVolumeSource>> {}

const configMapVolumeSource = lazily(() =>
  define("core.v1.ConfigMapVolumeSource", { name: text, items: list(keyToPath()), defaultMode: int, optional: flag })
);
export interface ConfigMapVolumeSource extends z.infer<ReturnType<typeof configMapVolumeSource>> {}

const downwardAPIVolumeSource = lazily(() =>
  define("core.v1.DownwardAPIVolumeSource", { items: list(downwardAPIVolumeFile()), defaultMode: int })
);
export interface DownwardAPIVolumeSource extends z.infer<ReturnType<typeof downwardAPIVolumeSource>> {}

const volumeProjection = lazily(() =>
  define("core.v1.VolumeProjection", {
    secret: opt(define("core.v1.SecretProjection", { name: text, items: list(keyToPath()), optional: flag })),
    downwardAPI: opt(define("core.v1.DownwardAPIProjection", { items: list(downwardAPIVolumeFile()) })),
    configMap: opt(define("core.v1.ConfigMapProjection", { name: text, items: list(keyToPath()), optional: flag })),
    serviceAccountToken: opt(
      define("core.v1.ServiceAccountTokenProjection", { audience: text, expirationSeconds: long, path: neededText }),
    ),
    clusterTrustBundle: opt(
      define("core.v1.ClusterTrustBundleProjection", {
        name: text,
        signerName: text,
        labelSelector: opt(labelSelector()),
        optional: flag,
        path: neededText,
      }),
    ),
    podCertificate: unsupported,
  })
);
export interface VolumeProjection extends z.infer<ReturnType<typeof volumeProjection>> {}

const projectedVolumeSource = lazily(() =>
  define("core.v1.ProjectedVolumeSource", { sources: list(volumeProjection()), defaultMode: int })
);
export interface ProjectedVolumeSource extends z.infer<ReturnType<typeof projectedVolumeSource>> {}

/** Sources that the node can mount. */
export const supportedVolumeSources = [
  "emptyDir",
  "hostPath",
  "configMap",
  "secret",
  "projected",
  "downwardAPI",
  "persistentVolumeClaim",
] as const;

/** Sources that Kubernetes knows and that are refused by name. */
export const refusedVolumeSources = [
  "awsElasticBlockStore",
  "azureDisk",
  "azureFile",
  "cephfs",
  "cinder",
  "csi",
  "ephemeral",
  "fc",
  "flexVolume",
  "flocker",
  "gcePersistentDisk",
  "gitRepo",
  "glusterfs",
  "image",
  "iscsi",
  "nfs",
  "photonPersistentDisk",
  "portworxVolume",
  "quobyte",
  "rbd",
  "scaleIO",
  "storageos",
  "vsphereVolume",
] as const;

/** The shape's part for sources that are refused. */
export const refusedSources = Object.fromEntries(refusedVolumeSources.map((name) => [name, unsupported])) as Record<
  typeof refusedVolumeSources[number],
  typeof unsupported
>;

export const volume = lazily(() =>
  define("core.v1.Volume", {
    name: neededText,
    emptyDir: opt(emptyDirVolumeSource()),
    hostPath: opt(hostPathVolumeSource()),
    configMap: opt(configMapVolumeSource()),
    secret: opt(secretVolumeSource()),
    projected: opt(projectedVolumeSource()),
    downwardAPI: opt(downwardAPIVolumeSource()),
    persistentVolumeClaim: opt(
      define("core.v1.PersistentVolumeClaimVolumeSource", { claimName: neededText, readOnly: flag }),
    ),
    ...refusedSources,
  })
);
export interface Volume extends z.infer<ReturnType<typeof volume>> {}

export const volumeMount = lazily(() =>
  define("core.v1.VolumeMount", {
    name: neededText,
    mountPath: neededText,
    readOnly: flag,
    recursiveReadOnly: word("Disabled", "Enabled", "IfPossible"),
    subPath: text,
    subPathExpr: text,
    mountPropagation: word("Bidirectional", "HostToContainer", "None"),
  })
);
export interface VolumeMount extends z.infer<ReturnType<typeof volumeMount>> {}

export const volumeDevice = lazily(() => define("core.v1.VolumeDevice", { name: neededText, devicePath: neededText }));
export interface VolumeDevice extends z.infer<ReturnType<typeof volumeDevice>> {}
