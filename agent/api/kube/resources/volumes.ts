/** PersistentVolumes and PersistentVolumeClaims. */
import type { PersistentVolume, PersistentVolumeClaim } from "../../../objects/mod.ts";
import type { Backend, Resource } from "../types.ts";
import { ageColumn, ageOf, nameColumn, text } from "./columns.ts";
import { allVerbs } from "./verbs.ts";

const short: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

/** `RWO,ROX`, in kubectl's order. */
function modesText(modes: readonly string[] = []): string {
  return Object.entries(short).filter(([mode]) => modes.includes(mode)).map(([, word]) => word).join(",");
}

const classAnnotation = "volume.beta.kubernetes.io/storage-class";

function classOf({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata.annotations?.[classAnnotation] ?? spec.storageClassName ?? "";
}

function phaseOf({ metadata, status }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata.deletionTimestamp ? "Terminating" : status?.phase ?? "";
}

const unset = "<unset>";

/** What protects it while it is used: the volume controller takes the finalizer away. */
function withFinalizer<T extends PersistentVolume | PersistentVolumeClaim>(object: T, finalizer: string): T {
  const { finalizers = [] } = object.metadata;
  if (finalizers.includes(finalizer)) return object;
  return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } };
}

/** What both kinds have alike. */
function storage<T extends PersistentVolume | PersistentVolumeClaim>(backend: Backend<T>, finalizer: string) {
  return {
    group: "",
    version: "v1",
    verbs: allVerbs,
    backend,
    hasStatus: true,
    fields: { name: ({ metadata }: T) => metadata.name },
    strategy: {
      prepareForCreate: (object: T): T => ({ ...withFinalizer(object, finalizer), status: { phase: "Pending" } }),
      returnsDeleted: true,
    },
  };
}

export function persistentVolumes(backend: Backend<PersistentVolume>): Resource<PersistentVolume> {
  return {
    ...storage(backend, "kubernetes.io/pv-protection"),
    kind: "PersistentVolume",
    plural: "persistentvolumes",
    singular: "persistentvolume",
    shortNames: ["pv"],
    namespaced: false,
    printer: {
      columns: [
        nameColumn,
        text("Capacity", "What the volume holds."),
        text("Access Modes", "How it can be mounted."),
        text("Reclaim Policy", "What becomes of it when its claim is gone."),
        text("Status", "Whether it is bound, available or released."),
        text("Claim", "The claim that it is bound to."),
        text("StorageClass", "The class that it belongs to."),
        text("VolumeAttributesClass", "The class of its attributes."),
        text("Reason", "Why it is in this state."),
        ageColumn,
        text("VolumeMode", "Whether it is a filesystem or a raw device.", { wide: true }),
      ],
      cells: (object, now) => {
        const { metadata, spec, status } = object;
        const { claimRef } = spec;
        return [
          metadata.name,
          spec.capacity?.storage ?? "",
          modesText(spec.accessModes),
          spec.persistentVolumeReclaimPolicy ?? "",
          phaseOf(object),
          claimRef ? `${claimRef.namespace ?? ""}/${claimRef.name ?? ""}` : "",
          classOf(object),
          spec.volumeAttributesClassName ?? unset,
          status?.reason ?? "",
          ageOf(object, now),
          spec.volumeMode ?? unset,
        ];
      },
    },
  };
}

export function persistentVolumeClaims(backend: Backend<PersistentVolumeClaim>): Resource<PersistentVolumeClaim> {
  return {
    ...storage(backend, "kubernetes.io/pvc-protection"),
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    singular: "persistentvolumeclaim",
    shortNames: ["pvc"],
    namespaced: true,
    printer: {
      columns: [
        nameColumn,
        text("Status", "Whether the claim is bound."),
        text("Volume", "The volume that it is bound to."),
        text("Capacity", "What that volume holds."),
        text("Access Modes", "How it can be mounted."),
        text("StorageClass", "The class that it asks for."),
        text("VolumeAttributesClass", "The class of attributes that it asks for."),
        ageColumn,
        text("VolumeMode", "Whether it is a filesystem or a raw device.", { wide: true }),
      ],
      cells: (object, now) => {
        const { metadata, spec, status } = object;
        const bound = Boolean(spec.volumeName);
        return [
          metadata.name,
          phaseOf(object),
          spec.volumeName ?? "",
          bound ? status?.capacity?.storage ?? "" : "",
          bound ? modesText(status?.accessModes) : "",
          classOf(object),
          spec.volumeAttributesClassName ?? unset,
          ageOf(object, now),
          spec.volumeMode ?? unset,
        ];
      },
    },
  };
}
