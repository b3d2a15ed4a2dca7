/** PersistentVolume and PersistentVolumeClaim. */
import {
  anything,
  fieldMeta,
  lazily,
  list,
  mapList,
  neededText,
  neededWord,
  object,
  opt,
  resourceList,
  text,
  textMap,
  texts,
  unsupported,
  word,
  type z,
} from "./schema.ts";
import { conditionStatus, labelSelector, nodeSelector, objectMeta, objectReference } from "./meta.ts";
import { hostPathVolumeSource, refusedSources } from "./volume.ts";

const accessModes = lazily(() =>
  list(neededWord("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"))
);

export const persistentVolumeSchema = lazily(() => {
  const schema = object({
    apiVersion: neededWord("v1"),
    kind: neededWord("PersistentVolume"),
    metadata: objectMeta(),
    spec: object({
      ...refusedSources,
      capacity: resourceList,
      hostPath: opt(hostPathVolumeSource()),
      local: opt(object({ path: neededText, fsType: text })),
      accessModes: accessModes(),
      claimRef: opt(objectReference()),
      persistentVolumeReclaimPolicy: word("Delete", "Recycle", "Retain"),
      storageClassName: text,
      mountOptions: texts,
      volumeMode: word("Block", "Filesystem"),
      nodeAffinity: opt(object({ required: nodeSelector().selector })),
      volumeAttributesClassName: text,
    }),
    status: opt(
      object({
        phase: word("Available", "Bound", "Failed", "Pending", "Released"),
        message: text,
        reason: text,
        lastPhaseTransitionTime: text,
      }),
    ),
  });
  fieldMeta.add(schema, { gvk: { apiVersion: "v1", kind: "PersistentVolume" } });
  return schema;
});
export interface PersistentVolume extends z.infer<ReturnType<typeof persistentVolumeSchema>> {}

export const persistentVolumeClaimSchema = lazily(() => {
  const schema = object({
    apiVersion: neededWord("v1"),
    kind: neededWord("PersistentVolumeClaim"),
    metadata: objectMeta(),
    spec: object({
      accessModes: accessModes(),
      selector: opt(labelSelector()),
      resources: opt(object({ limits: resourceList, requests: resourceList })),
      volumeName: text,
      storageClassName: text,
      volumeMode: word("Block", "Filesystem"),
      dataSource: unsupported,
      dataSourceRef: unsupported,
      volumeAttributesClassName: text,
    }),
    status: opt(
      object({
        phase: word("Bound", "Lost", "Pending"),
        accessModes: accessModes(),
        capacity: resourceList,
        conditions: mapList(
          object({
            type: neededText,
            status: conditionStatus,
            lastProbeTime: text,
            lastTransitionTime: text,
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
  });
  fieldMeta.add(schema, { gvk: { apiVersion: "v1", kind: "PersistentVolumeClaim" } });
  return schema;
});
export interface PersistentVolumeClaim extends z.infer<ReturnType<typeof persistentVolumeClaimSchema>> {}
