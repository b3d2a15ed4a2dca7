/** persistentVolumeClaim volumes: from the claim to the PersistentVolume that it is bound to. Pure. */
import { type PersistentVolume, type PersistentVolumeClaim, type Pod, selectsNode } from "../objects/mod.ts";
import { SetUpError } from "./errors.ts";

export interface ClaimLookup {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  /** The labels that a volume's node affinity is held against. */
  nodeLabels: { readonly [label: string]: string };
}

/** What a claim comes to. */
export type Backing =
  | { kind: "hostPath"; volumeName: string; path: string; type: string; readOnly: boolean }
  | { kind: "local"; volumeName: string; path: string; readOnly: boolean; mountOptions: readonly string[] };

/** The storage behind a pod's claim. @throws {SetUpError} saying what is in the way. */
export function resolveClaim(
  pod: Pod,
  source: { claimName: string; readOnly?: boolean },
  lookup: ClaimLookup,
): Backing {
  const namespace = pod.metadata.namespace ?? "default";
  const { claimName } = source;
  const claim = lookup.claim(namespace, claimName);
  if (!claim) throw new SetUpError(`persistentvolumeclaim "${claimName}" not found`);
  const name = `${namespace}/${claimName}`;
  if (claim.metadata.deletionTimestamp) throw new SetUpError(`PVC ${name} is being deleted`);
  const { volumeName } = claim.spec;
  const phase = claim.status?.phase;
  // Without a control plane nobody writes the phase: then the volume's name is the binding.
  if (!volumeName || (phase && phase !== "Bound")) {
    throw new SetUpError(
      `PVC ${name} has non-bound phase "${phase ?? "Pending"}" or empty pvc.Spec.VolumeName "${volumeName ?? ""}"`,
    );
  }
  const volume = lookup.volume(volumeName);
  if (!volume) throw new SetUpError(`persistentvolume "${volumeName}" not found`);
  const { spec } = volume;
  const { claimRef } = spec;
  if (claimRef && (claimRef.name !== claimName || (claimRef.namespace ?? "default") !== namespace)) {
    throw new SetUpError(
      `PV ${volumeName} is bound to another claim: ${claimRef.namespace ?? "default"}/${claimRef.name}`,
    );
  }
  if (claimRef?.uid && claim.metadata.uid && claimRef.uid !== claim.metadata.uid) {
    throw new SetUpError(`PV ${volumeName} is bound to an earlier claim of the name ${name}`);
  }
  if (spec.volumeMode === "Block") {
    throw new SetUpError(`PV ${volumeName} has volumeMode "Block", which this node does not support`);
  }
  const required = spec.nodeAffinity?.required;
  const node = { name: lookup.nodeLabels["kubernetes.io/hostname"] ?? "", labels: lookup.nodeLabels };
  if (required && !selectsNode(required.nodeSelectorTerms ?? [], node)) {
    throw new SetUpError(`PV ${volumeName} cannot be used on this node: its node affinity does not match`);
  }
  const readOnly = source.readOnly ?? false;
  if (spec.hostPath) {
    return { kind: "hostPath", volumeName, path: spec.hostPath.path, type: spec.hostPath.type ?? "", readOnly };
  }
  if (spec.local) {
    return { kind: "local", volumeName, path: spec.local.path, readOnly, mountOptions: spec.mountOptions ?? [] };
  }
  throw new SetUpError(`PV ${volumeName} is neither a hostPath nor a local volume; others are not supported`);
}
