/** What nobody may change of an object once it is there. */
import type { FieldErrors } from "../../field_error.ts";
import { FieldPath } from "../../field_path.ts";
import type { ObjectMeta } from "../../meta.ts";
import { sameValue } from "./same.ts";

export const immutable = "field is immutable";

/** `Invalid value: …: field is immutable`, if the field has changed. */
export function checkImmutable(now: unknown, old: unknown, path: FieldPath, errors: FieldErrors): void {
  if (!sameValue(now, old)) errors.invalid(path, now, immutable);
}

const fixed = [
  "name",
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const;

export function validateMetaUpdate(now: ObjectMeta, old: ObjectMeta, errors: FieldErrors): void {
  const path = FieldPath.of("metadata");
  if ((now.generation ?? 0) < (old.generation ?? 0)) {
    errors.invalid(path.child("generation"), now.generation ?? 0, "must not be decremented");
  }
  for (const field of fixed) {
    checkImmutable(now[field] ?? undefined, old[field] ?? undefined, path.child(field), errors);
  }
}
