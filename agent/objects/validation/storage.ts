/** PersistentVolume and PersistentVolumeClaim. */
import type { FieldErrors } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../storage.ts";
import { refusedVolumeSources } from "../volume.ts";
import { validateLabelSelector, validateMeta } from "./meta.ts";
import { dns1123Subdomain, noBacksteps } from "./names.ts";
import { isQuantity, parseQuantity } from "../quantity.ts";
import { quantityWords } from "./resources.ts";
import { validateNodeSelector } from "./scheduling.ts";

function validateStorage(amount: string | undefined, path: FieldPath, errors: FieldErrors): void {
  if (amount === undefined) errors.required(path);
  else if (!isQuantity(amount)) errors.invalid(path, amount, quantityWords);
  else if (parseQuantity(amount) <= 0n) errors.invalid(path, amount, "must be greater than zero");
}

function validateAccessModes(modes: string[] | undefined, path: FieldPath, errors: FieldErrors): void {
  if (!modes?.length) errors.required(path, "at least 1 access mode is required");
  else if (modes.includes("ReadWriteOncePod") && modes.length > 1) {
    errors.forbidden(path, "may not use ReadWriteOncePod with other access modes");
  }
}

export function validatePersistentVolume(volume: PersistentVolume, errors: FieldErrors): void {
  validateMeta(volume.metadata, FieldPath.of("metadata"), errors, { namespaced: false });
  const path = FieldPath.of("spec");
  const { spec } = volume;
  validateAccessModes(spec.accessModes, path.child("accessModes"), errors);
  validateStorage(spec.capacity?.storage, path.child("capacity").key("storage"), errors);
  const present = (["hostPath", "local", ...refusedVolumeSources] as const).filter((source) => spec[source]);
  if (!present.length) errors.required(path, "must specify a volume type");
  for (const extra of present.slice(1)) errors.forbidden(path.child(extra), "may not specify more than 1 volume type");
  for (const source of ["hostPath", "local"] as const) {
    const at = path.child(source, "path");
    const place = spec[source];
    if (!place) continue;
    if (!place.path) errors.required(at);
    else errors.invalidAll(at, place.path, noBacksteps(place.path));
  }
  if (spec.local && !spec.nodeAffinity?.required) {
    errors.required(path.child("nodeAffinity"), "Local volume requires node affinity");
  }
  if (spec.nodeAffinity) {
    const at = path.child("nodeAffinity", "required");
    if (!spec.nodeAffinity.required) errors.required(at, "must specify required node constraints");
    else validateNodeSelector(spec.nodeAffinity.required, at, errors);
  }
  if (spec.hostPath?.path === "/" && spec.persistentVolumeReclaimPolicy === "Recycle") {
    errors.forbidden(path.child("persistentVolumeReclaimPolicy"), "may not be 'recycle' for a hostPath mount of '/'");
  }
  if (spec.storageClassName) {
    errors.invalidAll(path.child("storageClassName"), spec.storageClassName, dns1123Subdomain(spec.storageClassName));
  }
}

export function validatePersistentVolumeClaim(claim: PersistentVolumeClaim, errors: FieldErrors): void {
  validateMeta(claim.metadata, FieldPath.of("metadata"), errors, { namespaced: true });
  const path = FieldPath.of("spec");
  const { spec } = claim;
  validateAccessModes(spec.accessModes, path.child("accessModes"), errors);
  validateLabelSelector(spec.selector, path.child("selector"), errors);
  validateStorage(spec.resources?.requests?.storage, path.child("resources").key("storage"), errors);
  if (spec.storageClassName) {
    errors.invalidAll(path.child("storageClassName"), spec.storageClassName, dns1123Subdomain(spec.storageClassName));
  }
  for (const field of ["dataSource", "dataSourceRef"] as const) {
    if (spec[field]) errors.forbidden(path.child(field), "populated volumes are not supported by islet");
  }
}
