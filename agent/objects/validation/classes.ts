/** PriorityClass and RuntimeClass. */
import type { PriorityClass, RuntimeClass } from "../classes.ts";
import { systemPriorities } from "../defaults/pod.ts";
import type { FieldErrors } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import { validateLabels, validateMeta } from "./meta.ts";
import { dns1123Label } from "./names.ts";
import { validateQuantity } from "./resources.ts";
import { validateTolerations } from "./scheduling.ts";

/** What users may give; above are the system's own. */
const highestPriority = 1_000_000_000;
const systemPrefix = "system-";

export function validatePriorityClass(object: PriorityClass, errors: FieldErrors): void {
  validateMeta(object.metadata, FieldPath.of("metadata"), errors, { namespaced: false });
  const { name } = object.metadata;
  if (Object.hasOwn(systemPriorities, name)) {
    if (object.value !== systemPriorities[name]) {
      errors.forbidden(
        FieldPath.of("metadata", "name"),
        `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: value of ${name} PriorityClass must be ${
          systemPriorities[name]
        }`,
      );
    }
  } else if (name.startsWith(systemPrefix)) {
    errors.forbidden(
      FieldPath.of("metadata", "name"),
      `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: ${name} is not a known system priority class`,
    );
  } else if (object.value > highestPriority) {
    errors.forbidden(FieldPath.of("value"), `maximum allowed value of a user defined priority is ${highestPriority}`);
  }
}

export function validateRuntimeClass(object: RuntimeClass, errors: FieldErrors): void {
  validateMeta(object.metadata, FieldPath.of("metadata"), errors, { namespaced: false });
  errors.invalidAll(FieldPath.of("handler"), object.handler, dns1123Label(object.handler));
  for (const [name, amount] of Object.entries(object.overhead?.podFixed ?? {})) {
    validateQuantity(amount, FieldPath.of("overhead", "podFixed").key(name), errors);
  }
  const path = FieldPath.of("scheduling");
  validateLabels(object.scheduling?.nodeSelector, path.child("nodeSelector"), errors);
  validateTolerations(object.scheduling?.tolerations, path.child("tolerations"), errors);
}
