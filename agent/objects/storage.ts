/** PersistentVolume and PersistentVolumeClaim. */
import {
  anything,
  define,
  defineKind,
  lazily,
  list,
  mapList,
  neededText,
  neededWord,
  opt,
  resourceList,
  text,
  textMap,
  texts,
  time,
  unsupported,
  word,
  type z,
} from "./schema.ts";
import { conditionStatus, granularReference, labelSelector, nodeSelector, objectMeta } from "./meta.ts";
import { hostPathVolumeSource, refusedSources } from "./volume.ts";

const accessModes = lazily(() =>
  list(neededWord("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"))
);

export const persistentVolumeSchema = lazily(() =>
  defineKind("v1", "PersistentVolume", {
    metadata: objectMeta(),
    spec: define("core.v1.PersistentVolumeSpec", {
      ...refusedSources,
      capacity: resourceList,
      hostPath: opt(hostPathVolumeSource()),
      local: opt(define("core.v1.LocalVolumeSource", { path: neededText, fsType: text })),
      accessModes: accessModes(),
      claimRef: opt(granularReference()),
      persistentVolumeReclaimPolicy: word("Delete", "Recycle", "Retain"),
      storageClassName: text,
      mountOptions: texts,
      volumeMode: word("Block", "Filesystem"),
      nodeAffinity: opt(define("core.v1.VolumeNodeAffinity", { required: nodeSelector().selector })),
      volumeAttributesClassName: text,
    }),
    status: opt(
      define("core.v1.PersistentVolumeStatus", {
        phase: word("Available", "Bound", "Failed", "Pending", "Released"),
        message: text,
        reason: text,
        lastPhaseTransitionTime: time,
      }),
    ),
  })
);
export interface PersistentVolume extends z.infer<ReturnType<typeof persistentVolumeSchema>> {}

export const persistentVolumeClaimSchema = lazily(() =>
  defineKind("v1", "PersistentVolumeClaim", {
    metadata: objectMeta(),
    spec: define("core.v1.PersistentVolumeClaimSpec", {
      accessModes: accessModes(),
      selector: opt(labelSelector()),
      resources: opt(
        define("core.v1.VolumeResourceRequirements", { limits: resourceList, requests: resourceList }),
      ),
      volumeName: text,
      storageClassName: text,
      volumeMode: word("Block", "Filesystem"),
      dataSource: unsupported,
      dataSourceRef: unsupported,
      volumeAttributesClassName: text,
    }),
    status: opt(
      define("core.v1.PersistentVolumeClaimStatus", {
        phase: word("Bound", "Lost", "Pending"),
        accessModes: accessModes(),
        capacity: resourceList,
        conditions: mapList(
          define("core.v1.PersistentVolumeClaimCondition", {
            type: neededText,
            status: conditionStatus,
            lastProbeTime: time,
            lastTransitionTime: time,
            reason: text,
            message: text,
          }),
          "type",
        ),
        allocatedResources: resourceList,
        allocatedResourceStatuses: textMap,
        currentVolumeAttributesClassName: text,
        modifyVolumeStatus: anything,
      }),
    ),
  })
);
export interface PersistentVolumeClaim extends z.infer<ReturnType<typeof persistentVolumeClaimSchema>> {}
