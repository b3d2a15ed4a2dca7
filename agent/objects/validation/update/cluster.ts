/** Kinds of which one or two fields stay as they are: bindings, classes, nodes, namespaces, slices, events. */
import type { PriorityClass, RuntimeClass } from "../../classes.ts";
import type { EventsEvent } from "../../event.ts";
import type { FieldErrors } from "../../field_error.ts";
import { FieldPath } from "../../field_path.ts";
import type { Namespace } from "../../namespace.ts";
import type { Node } from "../../node.ts";
import type { ClusterRoleBinding, RoleBinding } from "../../rbac.ts";
import type { EndpointSlice } from "../../service.ts";
import { checkImmutable } from "./meta.ts";
import { sameValue } from "./same.ts";

type Binding = RoleBinding | ClusterRoleBinding;

export function validateRoleBindingUpdate(now: Binding, old: Binding, errors: FieldErrors): void {
  if (!sameValue(now.roleRef, old.roleRef)) {
    errors.invalid(FieldPath.of("roleRef"), now.roleRef, "cannot change roleRef");
  }
}

export function validatePriorityClassUpdate(now: PriorityClass, old: PriorityClass, errors: FieldErrors): void {
  if (now.value !== old.value) errors.forbidden(FieldPath.of("value"), "may not be changed in an update.");
  checkImmutable(now.preemptionPolicy, old.preemptionPolicy, FieldPath.of("preemptionPolicy"), errors);
}

export function validateRuntimeClassUpdate(now: RuntimeClass, old: RuntimeClass, errors: FieldErrors): void {
  checkImmutable(now.handler, old.handler, FieldPath.of("handler"), errors);
}

export function validateEndpointSliceUpdate(now: EndpointSlice, old: EndpointSlice, errors: FieldErrors): void {
  checkImmutable(now.addressType, old.addressType, FieldPath.of("addressType"), errors);
}

export function validateNodeUpdate(now: Node, old: Node, errors: FieldErrors): void {
  const spec = FieldPath.of("spec");
  validateNodeAddresses(now, errors);
  if (old.spec.podCIDRs?.length && !sameValue(now.spec.podCIDRs, old.spec.podCIDRs)) {
    errors.forbidden(spec.child("podCIDRs"), 'node updates may not change podCIDR except from "" to valid');
  }
  if (old.spec.providerID && now.spec.providerID !== old.spec.providerID) {
    errors.forbidden(spec.child("providerID"), 'node updates may not change providerID except from "" to valid');
  }
  if ((now.spec.externalID ?? "") !== (old.spec.externalID ?? "")) {
    errors.forbidden(spec.child("externalID"), "may not be updated");
  }
}

export function validateNodeAddresses({ status }: Node, errors: FieldErrors): void {
  const seen = new Set<string>();
  for (const [index, { type, address }] of (status?.addresses ?? []).entries()) {
    const key = `${type} ${address}`;
    if (seen.has(key)) errors.duplicate(FieldPath.of("status", "addresses").index(index), { type, address });
    seen.add(key);
  }
}

export function validateNamespaceStatusUpdate(now: Namespace, errors: FieldErrors): void {
  const path = FieldPath.of("status", "Phase");
  const phase = now.status?.phase;
  if (!now.metadata.deletionTimestamp) {
    if (phase !== "Active") errors.invalid(path, phase ?? "", "may only be 'Active' if `deletionTimestamp` is empty");
  } else if (phase !== "Terminating") {
    errors.invalid(path, phase ?? "", "may only be 'Terminating' if `deletionTimestamp` is not empty");
  }
}

const eventFields = [
  "regarding",
  "reason",
  "note",
  "deprecatedSource",
  "deprecatedFirstTimestamp",
  "deprecatedLastTimestamp",
  "deprecatedCount",
  "eventTime",
  "action",
  "related",
  "reportingController",
  "reportingInstance",
  "type",
] as const;

/** Of an event in the newer form only its series goes on. */
export function validateEventUpdate(now: EventsEvent, old: EventsEvent, errors: FieldErrors): void {
  for (const field of eventFields) checkImmutable(now[field], old[field], FieldPath.of(field), errors);
}
