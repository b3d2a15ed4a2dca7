/** What is posted to have it answered or done. */
import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from "../access_review.ts";
import type { FieldErrors } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import type { Binding } from "../pod_actions.ts";
import type { TokenRequest, TokenReview } from "../token_review.ts";

const spec = FieldPath.of("spec");

type AccessReview = SelfSubjectAccessReview | SubjectAccessReview | LocalSubjectAccessReview;

export function validateAccessReview(review: AccessReview, errors: FieldErrors): void {
  const { resourceAttributes: resource, nonResourceAttributes: other } = review.spec;
  if (resource && other) {
    const detail = "cannot be specified in combination with resourceAttributes";
    errors.invalid(spec.child("nonResourceAttributes"), other, detail);
  }
  if (!resource && !other) {
    const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    errors.invalid(spec.child("resourceAttributes"), resource, detail);
  }
  if (review.kind === "SelfSubjectAccessReview") return;
  if (!review.spec.user && !review.spec.groups?.length) {
    errors.invalid(spec.child("user"), review.spec.user ?? "", "at least one of user or group must be specified");
  }
  if (review.kind !== "LocalSubjectAccessReview") return;
  if (resource && resource.namespace !== review.metadata.namespace) {
    const detail = "must match metadata.namespace";
    errors.invalid(spec.child("resourceAttributes", "namespace"), resource.namespace ?? "", detail);
  }
  if (other) errors.invalid(spec.child("nonResourceAttributes"), other, "disallowed on this kind of request");
}

export function validateRulesReview(review: SelfSubjectRulesReview, errors: FieldErrors): void {
  if (!review.spec.namespace) errors.required(spec.child("namespace"));
}

export function validateTokenReview({ spec: { token } }: TokenReview, errors: FieldErrors): void {
  if (!token) errors.required(spec.child("token"));
}

export function validateTokenRequest(
  { spec: { expirationSeconds: seconds } }: TokenRequest,
  errors: FieldErrors,
): void {
  const path = spec.child("expirationSeconds");
  if (seconds === undefined) return;
  if (seconds < 600) errors.invalid(path, seconds, "may not specify a duration less than 10 minutes");
  if (seconds > 2 ** 32) errors.invalid(path, seconds, "may not specify a duration larger than 2^32 seconds");
}

export function validateBinding({ target }: Binding, errors: FieldErrors): void {
  if (target.kind && target.kind !== "Node") {
    errors.notSupported(FieldPath.of("target", "kind"), target.kind, ["Node", "<empty>"]);
  }
  if (!target.name) errors.required(FieldPath.of("target", "name"));
}
