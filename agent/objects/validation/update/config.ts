/** ConfigMap and Secret. */
import type { ConfigMap, Secret } from "../../config_map.ts";
import type { FieldErrors } from "../../field_error.ts";
import { FieldPath } from "../../field_path.ts";
import { checkImmutable } from "./meta.ts";
import { sameValue } from "./same.ts";

const sealed = "field is immutable when `immutable` is set";

export function validateConfigMapUpdate(now: ConfigMap, old: ConfigMap, errors: FieldErrors): void {
  if (!old.immutable) return;
  if (!now.immutable) errors.forbidden(FieldPath.of("immutable"), sealed);
  for (const field of ["data", "binaryData"] as const) {
    if (!sameValue(now[field] ?? {}, old[field] ?? {})) errors.forbidden(FieldPath.of(field), sealed);
  }
}

export function validateSecretUpdate(now: Secret, old: Secret, errors: FieldErrors): void {
  checkImmutable(now.type, old.type, FieldPath.of("type"), errors);
  if (!old.immutable) return;
  if (!now.immutable) errors.forbidden(FieldPath.of("immutable"), sealed);
  if (!sameValue(now.data ?? {}, old.data ?? {})) errors.forbidden(FieldPath.of("data"), sealed);
}
