/** Lease. */
import type { FieldErrors } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import type { Lease } from "../lease.ts";
import { validateMeta } from "./meta.ts";

export function validateLease({ metadata, spec }: Lease, errors: FieldErrors): void {
  validateMeta(metadata, FieldPath.of("metadata"), errors, { namespaced: true });
  const path = FieldPath.of("spec");
  const { leaseDurationSeconds: seconds, leaseTransitions: transitions } = spec ?? {};
  if (seconds !== undefined && seconds <= 0) {
    errors.invalid(path.child("leaseDurationSeconds"), seconds, "must be greater than 0");
  }
  if (transitions !== undefined && transitions < 0) {
    errors.invalid(path.child("leaseTransitions"), transitions, "must be greater than or equal to 0");
  }
  if (spec?.preferredHolder && !spec.strategy) {
    errors.forbidden(path.child("preferredHolder"), "may only be specified if `strategy` is defined");
  }
}
