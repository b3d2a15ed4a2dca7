/** ObjectMeta, labels and selectors. */
import type { FieldErrors } from "../field_error.ts";
import type { FieldPath } from "../field_path.ts";
import type { LabelSelector, ObjectMeta } from "../meta.ts";
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from "./names.ts";

const annotationsLimit = 256 * 1024;

export type NameCheck = (name: string) => string[];

export function validateMeta(
  meta: ObjectMeta,
  path: FieldPath,
  errors: FieldErrors,
  { namespaced, checkName = dns1123Subdomain }: { namespaced: boolean; checkName?: NameCheck },
): void {
  if (meta.generateName) {
    errors.invalidAll(path.child("generateName"), meta.generateName, checkName(asWholeName(meta.generateName)));
  }
  if (meta.name) errors.invalidAll(path.child("name"), meta.name, checkName(meta.name));
  else if (!meta.generateName) errors.required(path.child("name"), "name or generateName is required");
  if (namespaced) {
    if (!meta.namespace) errors.required(path.child("namespace"));
    else errors.invalidAll(path.child("namespace"), meta.namespace, dns1123Label(meta.namespace));
  } else if (meta.namespace) errors.forbidden(path.child("namespace"), "not allowed on this type");
  if ((meta.generation ?? 0) < 0) {
    errors.invalid(path.child("generation"), meta.generation, "must be greater than or equal to 0");
  }
  validateLabels(meta.labels, path.child("labels"), errors);
  validateAnnotations(meta.annotations, path.child("annotations"), errors);
  for (const [index, finalizer] of (meta.finalizers ?? []).entries()) {
    errors.invalidAll(path.child("finalizers").index(index), finalizer, qualifiedName(finalizer));
  }
  for (const [index, owner] of (meta.ownerReferences ?? []).entries()) {
    const ownerPath = path.child("ownerReferences").index(index);
    if (!owner.apiVersion) errors.invalid(ownerPath.child("apiVersion"), owner.apiVersion, "version must not be empty");
    if (!owner.kind) errors.invalid(ownerPath.child("kind"), owner.kind, "must not be empty");
    if (!owner.name) errors.invalid(ownerPath.child("name"), owner.name, "must not be empty");
    if (!owner.uid) errors.invalid(ownerPath.child("uid"), owner.uid, "must not be empty");
  }
}

/** A prefix may end in a dash: what comes after it makes it whole. */
function asWholeName(prefix: string): string {
  return prefix.length > 1 && prefix.endsWith("-") ? prefix.slice(0, -1) + "a" : prefix;
}

export function validateLabels(labels: Record<string, string> | undefined, path: FieldPath, errors: FieldErrors): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    errors.invalidAll(path, key, qualifiedName(key));
    errors.invalidAll(path.key(key), value, labelValue(value));
  }
}

function validateAnnotations(annotations: Record<string, string> | undefined, path: FieldPath, errors: FieldErrors) {
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    // Unlike labels, annotation keys may have upper case in their prefix.
    errors.invalidAll(path, key, qualifiedName(key.toLowerCase()));
    size += key.length + value.length;
  }
  if (size > annotationsLimit) errors.tooLong(path, annotationsLimit);
}

export function validateLabelSelector(
  selector: LabelSelector | undefined,
  path: FieldPath,
  errors: FieldErrors,
): void {
  validateLabels(selector?.matchLabels, path.child("matchLabels"), errors);
  for (const [index, expression] of (selector?.matchExpressions ?? []).entries()) {
    const at = path.child("matchExpressions").index(index);
    const values = expression.values ?? [];
    switch (expression.operator) {
      case "In":
      case "NotIn":
        if (!values.length) {
          errors.required(at.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
        }
        break;
      case "Exists":
      case "DoesNotExist":
        if (values.length) {
          errors.forbidden(at.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        break;
      default:
        errors.invalid(at.child("operator"), expression.operator, "not a valid selector operator");
    }
    errors.invalidAll(at.child("key"), expression.key, qualifiedName(expression.key));
    for (const [j, value] of values.entries()) {
      errors.invalidAll(at.child("values").index(j), value, labelValue(value));
    }
  }
}
