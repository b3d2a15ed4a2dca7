/** Which PersistentVolume a claim can have. Pure. */
import { compareQuantities, type PersistentVolume, type PersistentVolumeClaim } from "../../objects/mod.ts";
import { selectsLabels } from "../label_selector.ts";

/** Whether the volume names this claim, and not an earlier one of its name. */
export function isFor({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  return claimRef?.name === metadata.name && claimRef?.namespace === metadata.namespace &&
    (!claimRef?.uid || claimRef.uid === metadata.uid);
}

/** Why a volume that the claim asks for by name will not do; undefined: it does. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (compareQuantities(storage(volume.spec.capacity), storage(claim.spec.resources?.requests)) < 0) {
    return "requested PV is too small";
  }
  if (className(volume) !== className(claim)) return "storageClassName does not match";
  if (mode(volume) !== mode(claim)) return "incompatible volumeMode";
  return modesFit(volume, claim) ? undefined : "incompatible accessMode";
}

/**
 * The volume for a claim that names none: one that names the claim, else the smallest that is free and fits. `usable`
 * says whether this node has the volume.
 */
export function bestVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  usable: (volume: PersistentVolume) => boolean,
): PersistentVolume | undefined {
  const fitting = volumes.filter((volume) =>
    !volume.metadata.deletionTimestamp && mode(volume) === mode(claim) &&
    compareQuantities(storage(volume.spec.capacity), storage(claim.spec.resources?.requests)) >= 0
  );
  const own = fitting.find((volume) => isFor(volume, claim));
  if (own) return own;
  const { selector } = claim.spec;
  return fitting
    .filter((volume) =>
      !volume.spec.claimRef && className(volume) === className(claim) && modesFit(volume, claim) &&
      (!selector || selectsLabels(selector, volume.metadata.labels)) && usable(volume)
    )
    .sort((a, b) =>
      compareQuantities(storage(a.spec.capacity), storage(b.spec.capacity)) ||
      (a.metadata.name < b.metadata.name ? -1 : 1)
    )[0];
}

const classAnnotation = "volume.beta.kubernetes.io/storage-class";

export function className({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata.annotations?.[classAnnotation] ?? spec.storageClassName ?? "";
}

function mode({ spec }: PersistentVolume | PersistentVolumeClaim): string {
  return spec.volumeMode ?? "Filesystem";
}

function modesFit(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (claim.spec.accessModes ?? []).every((each) => volume.spec.accessModes?.includes(each));
}

function storage(amounts: Record<string, string> = {}): string {
  return amounts.storage ?? "0";
}
