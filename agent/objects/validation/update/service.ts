/** Services: an address stays once it is given. */
import type { FieldErrors } from "../../field_error.ts";
import { FieldPath } from "../../field_path.ts";
import type { Service, ServiceSpec } from "../../service.ts";
import { immutable } from "./meta.ts";

const spec = FieldPath.of("spec");
const once = "may not change once set";

const isHeadless = ({ clusterIPs, clusterIP }: ServiceSpec) => (clusterIPs?.[0] ?? clusterIP) === "None";
const needsHealthCheck = ({ type, externalTrafficPolicy }: ServiceSpec) =>
  type === "LoadBalancer" && externalTrafficPolicy === "Local";

export function validateServiceUpdate({ spec: now }: Service, { spec: old }: Service, errors: FieldErrors): void {
  if (now.type !== "ExternalName" && old.type !== "ExternalName") {
    if (!(isHeadless(now) && isHeadless(old))) {
      validateReleases(now, old, "clusterIPs", "clusterIP", errors);
    }
    if (!isHeadless(now) && !isHeadless(old)) validateReleases(now, old, "ipFamilies", "ipFamily", errors);
  }
  const path = spec.child("loadBalancerClass");
  if (now.type === "LoadBalancer" && old.type === "LoadBalancer" && now.loadBalancerClass !== old.loadBalancerClass) {
    errors.invalid(path, now.loadBalancerClass, once);
  }
  if (needsHealthCheck(now) && needsHealthCheck(old) && now.healthCheckNodePort !== old.healthCheckNodePort) {
    errors.forbidden(spec.child("healthCheckNodePort"), immutable);
  }
}

/** The first address (family) stays, the second may come and go. */
function validateReleases(
  now: ServiceSpec,
  old: ServiceSpec,
  field: "clusterIPs" | "ipFamilies",
  one: string,
  errors: FieldErrors,
): void {
  const path = spec.child(field);
  const [is, was]: [string[], string[]] = [now[field] ?? [], old[field] ?? []];
  if (is.length === was.length) {
    for (const [index, value] of was.entries()) {
      if (is[index] !== value) errors.invalid(path.index(field === "ipFamilies" ? 0 : index), is, once);
    }
    return;
  }
  if (was.length && !is.length) errors.invalid(path.index(0), is, `primary ${one} can not be unset`);
  if (was.length && is.length && was[0] !== is[0]) errors.invalid(path.index(0), is, once);
  if (was.length > is.length && is.length === 1 && now.ipFamilyPolicy !== "SingleStack") {
    const detail = `must be set to 'SingleStack' when releasing the secondary ${one}`;
    errors.invalid(spec.child("ipFamilyPolicy"), now.ipFamilyPolicy, detail);
  }
}

export function validateServiceStatusUpdate(now: Service, errors: FieldErrors): void {
  if (now.spec.type !== "LoadBalancer" && now.status?.loadBalancer?.ingress?.length) {
    const path = FieldPath.of("status", "loadBalancer", "ingress");
    errors.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'");
  }
}
