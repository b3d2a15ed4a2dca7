/**
 * What becomes of claims and volumes, as Kubernetes' volume controller decides it for volumes that somebody made. Pure.
 *
 *     claim   Pending ─► Bound ─► Lost             volume   Available ─► Bound ─► Released ─► Failed
 *
 * There is no provisioner: a claim waits until a volume is there that fits. What a volume holds is never deleted.
 */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../objects/mod.ts";
import { bestVolume, className, isFor, mismatch } from "./match.ts";

export interface VolumeState {
  volumes: readonly PersistentVolume[];
  claims: readonly PersistentVolumeClaim[];
  pods: readonly Pod[];
  /** Whether this node has the volume, by its node affinity. */
  usable(volume: PersistentVolume): boolean;
}

export type ClaimPhase = "Pending" | "Bound" | "Lost";
export type VolumePhase = "Available" | "Bound" | "Released" | "Failed";

export type VolumeAction =
  | { type: "bind"; claim: PersistentVolumeClaim; volume: PersistentVolume }
  | { type: "claim"; claim: PersistentVolumeClaim; phase: ClaimPhase }
  | { type: "volume"; volume: PersistentVolume; phase: VolumePhase; reason?: string; message?: string }
  /** Nobody uses it any more: the finalizer that protects it goes. */
  | { type: "unprotect"; object: PersistentVolume | PersistentVolumeClaim; finalizer: string }
  | {
    type: "event";
    about: PersistentVolume | PersistentVolumeClaim;
    warning: boolean;
    reason: string;
    message: string;
  };

export const bindCompleted = "pv.kubernetes.io/bind-completed";
export const boundByController = "pv.kubernetes.io/bound-by-controller";
export const claimProtection = "kubernetes.io/pvc-protection";
export const volumeProtection = "kubernetes.io/pv-protection";

export function planVolumes({ volumes, claims, pods, usable }: VolumeState): VolumeAction[] {
  const actions: VolumeAction[] = [];
  const taken = new Set<PersistentVolume>();
  const byName = new Map(volumes.map((volume) => [volume.metadata.name, volume]));
  for (const claim of [...claims].sort(older)) planClaim(claim);
  for (const volume of volumes) if (!taken.has(volume)) planVolume(volume);
  return actions;

  function planClaim(claim: PersistentVolumeClaim): void {
    const { volumeName } = claim.spec;
    const phase = claim.status?.phase;
    if (claim.metadata.deletionTimestamp) unprotectClaim(claim);
    const say = (warning: boolean, reason: string, message: string) =>
      actions.push({ type: "event", about: claim, warning, reason, message });
    const become = (wanted: ClaimPhase) => {
      if (phase !== wanted) actions.push({ type: "claim", claim, phase: wanted });
    };
    const bind = (volume: PersistentVolume) => {
      taken.add(volume);
      if (!isBound(volume, claim)) actions.push({ type: "bind", claim, volume });
    };
    const lose = (message: string, reason = "ClaimLost") => {
      if (phase !== "Lost") say(true, reason, message);
      become("Lost");
    };

    if (claim.metadata.annotations?.[bindCompleted]) {
      const volume = volumeName ? byName.get(volumeName) : undefined;
      if (!volumeName) return lose("Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
      if (!volume) return lose("Bound claim has lost its PersistentVolume. Data on the volume is lost!");
      const { claimRef } = volume.spec;
      if (!claimRef || isFor(volume, claim)) return bind(volume);
      return lose("Two claims are bound to the same volume, this one is bound incorrectly", "ClaimMisbound");
    }
    if (claim.metadata.deletionTimestamp) return;
    if (volumeName) {
      const volume = byName.get(volumeName);
      if (!volume || taken.has(volume)) return become("Pending");
      if (volume.spec.claimRef && !isFor(volume, claim)) {
        say(false, "FailedBinding", `volume ${JSON.stringify(volumeName)} already bound to a different claim.`);
        return become("Pending");
      }
      const problem = mismatch(volume, claim);
      if (!problem) return bind(volume);
      say(true, "VolumeMismatch", `Cannot bind to requested volume ${JSON.stringify(volumeName)}: ${problem}`);
      return become("Pending");
    }
    const found = bestVolume(claim, volumes.filter((volume) => !taken.has(volume)), usable);
    if (found) return bind(found);
    const wanted = className(claim);
    if (wanted) say(true, "ProvisioningFailed", `storageclass.storage.k8s.io ${JSON.stringify(wanted)} not found`);
    else say(false, "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
    become("Pending");
  }

  function planVolume(volume: PersistentVolume): void {
    const { claimRef, persistentVolumeReclaimPolicy: policy } = volume.spec;
    const become = (phase: VolumePhase, reason?: string, message?: string) => {
      const { status } = volume;
      if (status?.phase === phase && status.message === message && status.reason === reason) return;
      actions.push({ type: "volume", volume, phase, reason, message });
    };
    if (volume.metadata.deletionTimestamp) {
      const inUse = claims.some((claim) => claim.spec.volumeName === volume.metadata.name && isFor(volume, claim));
      if (!inUse) actions.push({ type: "unprotect", object: volume, finalizer: volumeProtection });
    }
    // a claim that a user has named, and that is not there or not ready yet
    if (!claimRef?.uid) return become("Available");
    if (claims.some((claim) => claim.metadata.uid === claimRef.uid)) return;
    if (policy !== "Delete" && policy !== "Recycle") return become("Released");
    const why = policy === "Recycle"
      ? "islet recycles no volumes: empty it yourself, then remove the PersistentVolume"
      : "islet deletes no files of volumes: remove them yourself, then remove the PersistentVolume";
    if (volume.status?.phase !== "Failed") {
      const reason = policy === "Recycle" ? "VolumeFailedRecycle" : "VolumeFailedDelete";
      actions.push({ type: "event", about: volume, warning: true, reason, message: why });
    }
    become("Failed", policy === "Recycle" ? "VolumeFailedRecycle" : "VolumeFailedDelete", why);
  }

  function unprotectClaim(claim: PersistentVolumeClaim): void {
    const { name, namespace } = claim.metadata;
    const used = pods.some(({ metadata, spec, status }) =>
      metadata.namespace === namespace && spec.nodeName && status?.phase !== "Succeeded" &&
      status?.phase !== "Failed" &&
      spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === name)
    );
    if (!used) actions.push({ type: "unprotect", object: claim, finalizer: claimProtection });
  }
}

/** Whether everything about the binding is written on both sides. */
function isBound(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return volume.spec.claimRef?.uid === claim.metadata.uid && claim.spec.volumeName === volume.metadata.name &&
    Boolean(claim.metadata.annotations?.[bindCompleted]) && claim.status?.phase === "Bound" &&
    volume.status?.phase === "Bound" && claim.status.capacity?.storage === volume.spec.capacity?.storage;
}

function older(a: PersistentVolumeClaim, b: PersistentVolumeClaim): number {
  // claims that are bound keep what they have
  const bound = (claim: PersistentVolumeClaim) => claim.metadata.annotations?.[bindCompleted] ? 0 : 1;
  return bound(a) - bound(b) ||
    (Date.parse(a.metadata.creationTimestamp ?? "") || 0) - (Date.parse(b.metadata.creationTimestamp ?? "") || 0);
}
