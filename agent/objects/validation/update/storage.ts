/** PersistentVolume and PersistentVolumeClaim. */
import type { FieldErrors } from "../../field_error.ts";
import { FieldPath } from "../../field_path.ts";
import { compareQuantities, isQuantity } from "../../quantity.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../../storage.ts";
import { refusedVolumeSources } from "../../volume.ts";
import { checkImmutable } from "./meta.ts";
import { valueDiff } from "./diff.ts";
import { sameValue } from "./same.ts";

const sources = ["hostPath", "local", ...refusedVolumeSources] as const;

function sourceOf({ spec }: PersistentVolume): Record<string, unknown> {
  return Object.fromEntries(sources.filter((name) => spec[name]).map((name) => [name, spec[name]]));
}

export function validatePersistentVolumeUpdate(
  now: PersistentVolume,
  old: PersistentVolume,
  errors: FieldErrors,
): void {
  const [is, was] = [sourceOf(now), sourceOf(old)];
  if (!sameValue(is, was)) {
    const what = "spec.persistentvolumesource is immutable after creation";
    const diff = valueDiff("core.PersistentVolumeSource", was, is);
    errors.forbidden(FieldPath.of("spec", "persistentvolumesource"), `${what}\n${diff}`);
  }
  checkImmutable(now.spec.volumeMode, old.spec.volumeMode, FieldPath.of("volumeMode"), errors);
  if (old.spec.nodeAffinity) {
    checkImmutable(now.spec.nodeAffinity, old.spec.nodeAffinity, FieldPath.of("nodeAffinity"), errors);
  }
}

export function validatePersistentVolumeClaimUpdate(
  claim: PersistentVolumeClaim,
  current: PersistentVolumeClaim,
  errors: FieldErrors,
): void {
  const [now, old] = [{ ...claim.spec }, { ...current.spec }];
  if (!old.volumeName) old.volumeName = now.volumeName;
  // Who left the class to the cluster may name one later.
  if (old.storageClassName === undefined) old.storageClassName = now.storageClassName;
  const sizes = { now: now.resources?.requests?.storage, old: old.resources?.requests?.storage };
  if (current.status?.phase === "Bound" && now.resources?.requests && sizes.old !== undefined) {
    now.resources = { ...now.resources, requests: { ...now.resources.requests, storage: sizes.old } };
    now.volumeAttributesClassName = old.volumeAttributesClassName;
  }
  if (!sameValue(now, old)) {
    const what =
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
    const diff = valueDiff("core.PersistentVolumeClaimSpec", old, now);
    errors.forbidden(FieldPath.of("spec"), `${what}\n${diff}`);
  }
  const readable = [sizes.now, sizes.old].every((size) => size !== undefined && isQuantity(size));
  if (readable && compareQuantities(sizes.now!, sizes.old!) < 0) {
    const path = FieldPath.of("spec", "resources", "requests", "storage");
    errors.forbidden(path, "field can not be less than previous value");
  }
  checkImmutable(claim.spec.volumeMode, current.spec.volumeMode, FieldPath.of("volumeMode"), errors);
}
