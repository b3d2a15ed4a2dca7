/** Security contexts of pods and containers. */
import type { FieldErrors } from "../field_error.ts";
import type { FieldPath } from "../field_path.ts";
import type { PodSpec } from "../pod.ts";
import type { AppArmorProfile, SeccompProfile, SecurityContext } from "../security.ts";
import { localDescendingPath } from "./names.ts";

const largestId = 2 ** 31 - 1;

function validateId(id: number | undefined, path: FieldPath, errors: FieldErrors): void {
  if (id !== undefined && (id < 0 || id > largestId)) {
    errors.invalid(path, id, `must be between 0 and ${largestId}, inclusive`);
  }
}

function validateSeccomp(profile: SeccompProfile | undefined, path: FieldPath, errors: FieldErrors): void {
  if (!profile) return;
  const at = path.child("localhostProfile");
  if (profile.type === "Localhost") {
    if (profile.localhostProfile === undefined) {
      errors.required(at, "must be set when seccomp type is Localhost");
    } else errors.invalidAll(at, profile.localhostProfile, localDescendingPath(profile.localhostProfile));
  } else if (profile.localhostProfile !== undefined) {
    errors.invalid(
      path.child("localhostProfile"),
      profile.localhostProfile,
      "can only be set when seccomp type is Localhost",
    );
  }
}

function validateAppArmor(profile: AppArmorProfile | undefined, path: FieldPath, errors: FieldErrors): void {
  if (!profile) return;
  const at = path.child("localhostProfile");
  if (profile.type === "Localhost") {
    if (!profile.localhostProfile) errors.required(at, "must be set when AppArmor type is Localhost");
    else if (profile.localhostProfile.trim() !== profile.localhostProfile) {
      errors.invalid(at, profile.localhostProfile, "must not be padded with whitespace");
    } else if (profile.localhostProfile.length > 4095) errors.tooLong(at, 4095);
  } else if (profile.localhostProfile !== undefined) {
    errors.invalid(at, profile.localhostProfile, "can only be set when AppArmor type is Localhost");
  }
}

/** In either of sysctl's spellings: with dots or with slashes. */
const sysctlPattern = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const sysctlWords =
  "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

/** `net/ipv4/ip_forward` → `net.ipv4.ip_forward`; what the first separator is, decides. */
export function normalSysctl(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  return first === "/" ? name.replace(/[./]/g, (char) => char === "/" ? "." : "/") : name;
}

export function validatePodSecurity(spec: PodSpec, path: FieldPath, errors: FieldErrors): void {
  const context = spec.securityContext;
  const at = path.child("securityContext");
  if (spec.shareProcessNamespace && spec.hostPID) {
    errors.invalid(
      path.child("shareProcessNamespace"),
      true,
      "ShareProcessNamespace and HostPID cannot both be enabled",
    );
  }
  if (spec.hostUsers === false) {
    for (const field of ["hostNetwork", "hostPID", "hostIPC"] as const) {
      if (spec[field]) errors.forbidden(path.child(field), "when `pod.Spec.HostUsers` is false");
    }
  }
  if (!context) return;
  validateId(context.runAsUser, at.child("runAsUser"), errors);
  validateId(context.runAsGroup, at.child("runAsGroup"), errors);
  validateId(context.fsGroup, at.child("fsGroup"), errors);
  for (const [index, group] of (context.supplementalGroups ?? []).entries()) {
    validateId(group, at.child("supplementalGroups").index(index), errors);
  }
  validateSeccomp(context.seccompProfile, at.child("seccompProfile"), errors);
  validateAppArmor(context.appArmorProfile, at.child("appArmorProfile"), errors);
  const seen = new Set<string>();
  for (const [index, { name }] of (context.sysctls ?? []).entries()) {
    const sysctl = at.child("sysctls").index(index).child("name");
    const normal = normalSysctl(name);
    if (!name) errors.required(sysctl);
    else if (name.length > 253 || !sysctlPattern.test(name)) errors.invalid(sysctl, name, sysctlWords);
    else if (seen.has(normal)) errors.duplicate(sysctl, name);
    else if (spec.hostNetwork && normal.startsWith("net.")) {
      errors.invalid(sysctl, name, "may not be specified when 'hostNetwork' is true");
    } else if (spec.hostIPC && (/^kernel\.(sem|shm|msg)/.test(normal) || normal.startsWith("fs.mqueue."))) {
      errors.invalid(sysctl, name, "may not be specified when 'hostIPC' is true");
    }
    seen.add(normal);
  }
}

export function validateSecurityContext(
  context: SecurityContext | undefined,
  hostUsers: boolean,
  path: FieldPath,
  errors: FieldErrors,
): void {
  if (!context) return;
  validateId(context.runAsUser, path.child("runAsUser"), errors);
  validateId(context.runAsGroup, path.child("runAsGroup"), errors);
  if (context.procMount === "Unmasked" && hostUsers) {
    errors.invalid(path.child("procMount"), context.procMount, "`hostUsers` must be false to use `Unmasked`");
  }
  validateSeccomp(context.seccompProfile, path.child("seccompProfile"), errors);
  validateAppArmor(context.appArmorProfile, path.child("appArmorProfile"), errors);
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged) {
      errors.invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
    }
    if (context.capabilities?.add?.some((name) => name === "CAP_SYS_ADMIN" || name === "SYS_ADMIN")) {
      errors.invalid(
        path,
        context,
        "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
      );
    }
  }
}
