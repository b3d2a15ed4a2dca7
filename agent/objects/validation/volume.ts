/** Volumes: exactly one source, and what it says makes sense. */
import type { FieldErrors } from "../field_error.ts";
import type { FieldPath } from "../field_path.ts";
import { isQuantity, parseQuantity } from "../quantity.ts";
import {
  type DownwardAPIVolumeFile,
  type KeyToPath,
  type ProjectedVolumeSource,
  refusedVolumeSources,
  supportedVolumeSources,
  type Volume,
} from "../volume.ts";
import { validateFieldRef, validateResourceFieldRef, volumeFieldPaths } from "./env.ts";
import { dns1123Label, dns1123Subdomain, localNonReservedPath, noBacksteps } from "./names.ts";
import { quantityWords } from "./resources.ts";

const modeWords = "must be a number between 0 and 0777 (octal), both inclusive";

function validateMode(mode: number | undefined, path: FieldPath, errors: FieldErrors): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) errors.invalid(path, mode, modeWords);
}

function validateItems(items: KeyToPath[] | undefined, path: FieldPath, errors: FieldErrors): void {
  for (const [index, item] of (items ?? []).entries()) {
    const at = path.index(index);
    if (!item.key) errors.required(at.child("key"));
    if (!item.path) errors.required(at.child("path"));
    else errors.invalidAll(at.child("path"), item.path, localNonReservedPath(item.path));
    validateMode(item.mode, at.child("mode"), errors);
  }
}

function validateDownwardFile(
  file: DownwardAPIVolumeFile,
  containers: ReadonlySet<string>,
  path: FieldPath,
  errors: FieldErrors,
): void {
  if (!file.path) errors.required(path.child("path"));
  else errors.invalidAll(path.child("path"), file.path, localNonReservedPath(file.path));
  if (file.fieldRef) {
    validateFieldRef(file.fieldRef, volumeFieldPaths, path.child("fieldRef"), errors);
    if (file.resourceFieldRef) {
      errors.invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
    }
  } else if (file.resourceFieldRef) {
    validateResourceFieldRef(file.resourceFieldRef, true, containers, path.child("resourceFieldRef"), errors);
  } else errors.required(path, "one of fieldRef and resourceFieldRef is required");
  validateMode(file.mode, path.child("mode"), errors);
}

const projections = ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle"] as const;

function validateProjected(
  source: ProjectedVolumeSource,
  containers: ReadonlySet<string>,
  path: FieldPath,
  errors: FieldErrors,
): void {
  validateMode(source.defaultMode, path.child("defaultMode"), errors);
  const paths = new Set<string>();
  const claim = (file: string, at: FieldPath) => {
    if (!file) return;
    if (paths.has(file)) errors.invalid(at, file, "conflicting duplicate paths");
    paths.add(file);
  };
  for (const [index, projection] of (source.sources ?? []).entries()) {
    const at = path.child("sources").index(index);
    const present = projections.filter((kind) => projection[kind]);
    if (!present.length && !projection.podCertificate) errors.forbidden(at, "must specify at least one source");
    for (const extra of present.slice(1)) {
      errors.forbidden(at.child(extra), "may not specify more than 1 volume type per source");
    }
    for (const kind of ["secret", "configMap"] as const) {
      const part = projection[kind];
      if (!part) continue;
      if (!part.name) errors.required(at.child(kind, "name"));
      validateItems(part.items, at.child(kind, "items"), errors);
      for (const [i, item] of (part.items ?? []).entries()) {
        claim(item.path, at.child(kind, "items").index(i).child("path"));
      }
    }
    for (const [i, file] of (projection.downwardAPI?.items ?? []).entries()) {
      const fileAt = at.child("downwardAPI", "items").index(i);
      validateDownwardFile(file, containers, fileAt, errors);
      claim(file.path, fileAt.child("path"));
    }
    const token = projection.serviceAccountToken;
    if (token) {
      const tokenAt = at.child("serviceAccountToken");
      const seconds = token.expirationSeconds ?? 3600;
      if (seconds < 600) {
        errors.invalid(tokenAt.child("expirationSeconds"), seconds, "may not specify a duration less than 10 minutes");
      } else if (seconds > 2 ** 32) {
        errors.invalid(
          tokenAt.child("expirationSeconds"),
          seconds,
          "may not specify a duration larger than 2^32 seconds",
        );
      }
      if (!token.path) errors.required(tokenAt.child("path"));
      else {
        errors.invalidAll(tokenAt.child("path"), token.path, localNonReservedPath(token.path));
        claim(token.path, tokenAt.child("path"));
      }
    }
  }
}

function validateSource(
  volume: Volume,
  containers: ReadonlySet<string>,
  path: FieldPath,
  errors: FieldErrors,
): void {
  const present = [...supportedVolumeSources, ...refusedVolumeSources].filter((source) => volume[source]);
  if (!present.length) errors.required(path, "must specify a volume type");
  for (const extra of present.slice(1)) errors.forbidden(path.child(extra), "may not specify more than 1 volume type");
  const { emptyDir, hostPath, configMap, secret, downwardAPI, projected, persistentVolumeClaim } = volume;
  if (emptyDir) {
    const at = path.child("emptyDir");
    if (emptyDir.sizeLimit !== undefined) {
      if (!isQuantity(emptyDir.sizeLimit)) errors.invalid(at.child("sizeLimit"), emptyDir.sizeLimit, quantityWords);
      else if (parseQuantity(emptyDir.sizeLimit) < 0n) {
        errors.forbidden(at.child("sizeLimit"), "SizeLimit field must be a valid resource quantity");
      }
    }
    const { medium } = emptyDir;
    if (medium && medium !== "Memory") {
      if (/^HugePages(-|$)/.test(medium)) {
        errors.forbidden(at.child("medium"), "huge page volumes are not supported by islet");
      } else errors.notSupported(at.child("medium"), medium, ["", "Memory"]);
    }
  }
  if (hostPath) {
    const at = path.child("hostPath", "path");
    if (!hostPath.path) errors.required(at);
    else errors.invalidAll(at, hostPath.path, noBacksteps(hostPath.path));
  }
  if (configMap) {
    const at = path.child("configMap");
    if (!configMap.name) errors.required(at.child("name"));
    validateMode(configMap.defaultMode, at.child("defaultMode"), errors);
    validateItems(configMap.items, at.child("items"), errors);
  }
  if (secret) {
    const at = path.child("secret");
    if (!secret.secretName) errors.required(at.child("secretName"));
    validateMode(secret.defaultMode, at.child("defaultMode"), errors);
    validateItems(secret.items, at.child("items"), errors);
  }
  if (downwardAPI) {
    const at = path.child("downwardAPI");
    validateMode(downwardAPI.defaultMode, at.child("defaultMode"), errors);
    for (const [index, file] of (downwardAPI.items ?? []).entries()) {
      validateDownwardFile(file, containers, at.child("items").index(index), errors);
    }
  }
  if (projected) validateProjected(projected, containers, path.child("projected"), errors);
  if (persistentVolumeClaim) {
    const at = path.child("persistentVolumeClaim", "claimName");
    if (!persistentVolumeClaim.claimName) errors.required(at);
    else errors.invalidAll(at, persistentVolumeClaim.claimName, dns1123Subdomain(persistentVolumeClaim.claimName));
  }
}

/** Checks all volumes. @returns their names */
export function validateVolumes(
  volumes: Volume[] | undefined,
  containers: ReadonlySet<string>,
  path: FieldPath,
  errors: FieldErrors,
): Set<string> {
  const names = new Set<string>();
  for (const [index, volume] of (volumes ?? []).entries()) {
    const at = path.index(index);
    if (!volume.name) errors.required(at.child("name"));
    else {
      const wrong = dns1123Label(volume.name);
      errors.invalidAll(at.child("name"), volume.name, wrong);
      if (names.has(volume.name)) errors.duplicate(at.child("name"), volume.name);
      names.add(volume.name);
    }
    validateSource(volume, containers, at, errors);
  }
  return names;
}
