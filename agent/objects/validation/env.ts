/** Environment variables and where their values come from. */
import type { Container, EnvVar } from "../container.ts";
import type { FieldErrors } from "../field_error.ts";
import type { FieldPath } from "../field_path.ts";
import { canonicalQuantity, isQuantity, parseQuantity } from "../quantity.ts";
import type { ObjectFieldSelector, ResourceFieldSelector } from "../volume.ts";
import { configMapKey, dns1123Subdomain, envVarName, qualifiedName } from "./names.ts";
import { quantityWords } from "./resources.ts";

/** Pod fields that a variable may show. */
export const envFieldPaths = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
] as const;

/** Pod fields that a file of a downwardAPI volume may show. */
export const volumeFieldPaths = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
] as const;

const resourceFields = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
];

/** Fields that exist but that the place at hand does not take. */
const knownPaths = new Set<string>([...envFieldPaths, ...volumeFieldPaths, "spec.restartPolicy", "status.phase"]);

export function validateFieldRef(
  ref: ObjectFieldSelector,
  allowed: readonly string[],
  path: FieldPath,
  errors: FieldErrors,
): void {
  const at = path.child("fieldPath");
  if (ref.apiVersion !== "v1") {
    errors.invalid(path.child("apiVersion"), ref.apiVersion ?? "", "unsupported pod version: must be v1");
  } else if (!ref.fieldPath) errors.required(at);
  else {
    const subscript = /^(.+)\['([^']*)'\]$/.exec(ref.fieldPath);
    if (subscript) {
      const [, field, key] = subscript;
      if (field === "metadata.annotations") errors.invalidAll(path, key, qualifiedName(key.toLowerCase()));
      else if (field === "metadata.labels") errors.invalidAll(path, key, qualifiedName(key));
      else if (knownPaths.has(field)) errors.invalid(path, field, "does not support subscript");
      else errors.invalid(at, ref.fieldPath, `error converting fieldPath: field label not supported: ${field}`);
    } else if (!knownPaths.has(ref.fieldPath)) {
      errors.invalid(at, ref.fieldPath, `error converting fieldPath: field label not supported: ${ref.fieldPath}`);
    } else if (!allowed.includes(ref.fieldPath)) errors.notSupported(at, ref.fieldPath, allowed);
  }
}

const sizes = ["1", ..."kMGTPE"].flatMap((unit) => unit === "1" ? ["1"] : [`1${unit}`]);
const binarySizes = [..."KMGTPE"].map((unit) => `1${unit}i`);
const byteDivisors = [...sizes, ...binarySizes];

export function validateResourceFieldRef(
  ref: ResourceFieldSelector,
  inVolume: boolean,
  containers: ReadonlySet<string> | undefined,
  path: FieldPath,
  errors: FieldErrors,
): void {
  const name = ref.resource;
  const huge = /^(limits|requests)\.hugepages-/.test(name);
  if (inVolume && !ref.containerName) errors.required(path.child("containerName"));
  else if (!name) errors.required(path.child("resource"));
  else if (!huge && !resourceFields.includes(name)) errors.notSupported(path.child("resource"), name, resourceFields);
  if (ref.containerName && containers && !containers.has(ref.containerName)) {
    errors.notFound(path.child("containerName"), ref.containerName);
  }
  if (ref.divisor === undefined) return;
  const at = path.child("divisor");
  if (!isQuantity(ref.divisor)) {
    errors.invalid(at, ref.divisor, quantityWords);
    return;
  }
  if (parseQuantity(ref.divisor) === 0n) return;
  const divisor = canonicalQuantity(ref.divisor);
  if (name.endsWith(".cpu")) {
    if (!["1m", "1"].includes(divisor)) {
      errors.invalid(at, name, "only divisor's values 1m and 1 are supported with the cpu resource");
    }
  } else if (!byteDivisors.includes(divisor)) {
    const what = name.endsWith(".memory") ? "memory" : huge ? "hugepages" : "local ephemeral storage";
    errors.invalid(
      at,
      name,
      `only divisor's values ${byteDivisors.join(", ")} are supported with the ${what} resource`,
    );
  }
}

const sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"] as const;

function validateValueFrom(
  variable: EnvVar,
  containers: ReadonlySet<string>,
  path: FieldPath,
  errors: FieldErrors,
): void {
  const from = variable.valueFrom;
  if (!from) return;
  const present = sources.filter((source) => from[source]).length;
  if (from.fieldRef) validateFieldRef(from.fieldRef, envFieldPaths, path.child("fieldRef"), errors);
  if (from.resourceFieldRef) {
    validateResourceFieldRef(from.resourceFieldRef, false, containers, path.child("resourceFieldRef"), errors);
  }
  for (const source of ["configMapKeyRef", "secretKeyRef"] as const) {
    const ref = from[source];
    if (!ref) continue;
    const at = path.child(source);
    errors.invalidAll(at.child("name"), ref.name ?? "", dns1123Subdomain(ref.name ?? ""));
    if (!ref.key) errors.required(at.child("key"));
    else errors.invalidAll(at.child("key"), ref.key, configMapKey(ref.key));
  }
  if (!present) {
    errors.invalid(
      path,
      "",
      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
    );
  } else if (variable.value) errors.invalid(path, "", "may not be specified when `value` is not empty");
  else if (present > 1) errors.invalid(path, "", "may not have more than one field specified at a time");
}

export function validateEnv(
  container: Container,
  containers: ReadonlySet<string>,
  path: FieldPath,
  errors: FieldErrors,
): void {
  for (const [index, variable] of (container.env ?? []).entries()) {
    const at = path.child("env").index(index);
    if (!variable.name) errors.required(at.child("name"));
    else errors.invalidAll(at.child("name"), variable.name, envVarName(variable.name));
    validateValueFrom(variable, containers, at.child("valueFrom"), errors);
  }
  for (const [index, source] of (container.envFrom ?? []).entries()) {
    const at = path.child("envFrom").index(index);
    if (source.prefix) errors.invalidAll(at.child("prefix"), source.prefix, envVarName(source.prefix));
    for (const field of ["configMapRef", "secretRef"] as const) {
      const ref = source[field];
      if (!ref) continue;
      if (!ref.name) errors.required(at.child(field, "name"));
      else errors.invalidAll(at.child(field, "name"), ref.name, dns1123Subdomain(ref.name));
    }
    if (!source.configMapRef && !source.secretRef) {
      errors.invalid(at, "", "must specify one of: `configMapRef` or `secretRef`");
    } else if (source.configMapRef && source.secretRef) {
      errors.invalid(at, "", "may not have more than one field specified at a time");
    }
  }
}
