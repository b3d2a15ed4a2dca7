/** Events: those without eventTime are of the old sort and held to little. */
import type { Event, EventsEvent } from "../event.ts";
import { toCoreEvent } from "../event.ts";
import type { FieldErrors } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import { validateMeta } from "./meta.ts";
import { qualifiedName } from "./names.ts";

const limits = { action: 128, reason: 128, message: 1024, reportingInstance: 128 };

export function validateEvent(given: Event | EventsEvent, errors: FieldErrors): void {
  const modern = given.apiVersion === "events.k8s.io/v1";
  const event = given.apiVersion === "events.k8s.io/v1" ? toCoreEvent(given) : given;
  validateMeta(event.metadata, FieldPath.of("metadata"), errors, { namespaced: true });
  validateNamespace(event, errors);
  if (!modern && !event.eventTime) return;
  const needed = (field: "reportingComponent" | "reportingInstance" | "action" | "reason", name: string = field) => {
    const path = FieldPath.of(name);
    const value = event[field];
    if (!value) return errors.required(path);
    if (field === "reportingComponent") errors.invalidAll(path, value, qualifiedName(value));
    else if (value.length > limits[field]) {
      errors.invalid(path, "", `can have at most ${limits[field]} characters`);
    }
  };
  if (!event.eventTime) errors.required(FieldPath.of("eventTime"));
  needed("reportingComponent", "reportingController");
  needed("reportingInstance");
  needed("action");
  needed("reason");
  const message = event.message ?? "";
  if (message.length > limits.message) {
    errors.invalid(FieldPath.of(modern ? "note" : "message"), "", `can have at most ${limits.message} characters`);
  }
}

/** An event stands in the namespace of what it is about; what has none in `default`. */
function validateNamespace({ metadata, involvedObject }: Event, errors: FieldErrors): void {
  const about = involvedObject.namespace ?? "";
  const path = FieldPath.of("involvedObject", "namespace");
  if (about === "") {
    if (metadata.namespace !== "default" && metadata.namespace !== "kube-system") {
      errors.invalid(path, about, "does not match event.namespace");
    }
  } else if (about !== metadata.namespace) errors.invalid(path, about, "does not match event.namespace");
}
