/** ConfigMap and Secret. No message shows what is in a Secret. */
import type { ConfigMap, Secret } from "../config_map.ts";
import type { FieldErrors } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import { validateMeta } from "./meta.ts";
import { configMapKey } from "./names.ts";

const sizeLimit = 1024 * 1024;

export function isBase64(value: string): boolean {
  const packed = value.replace(/[\r\n]/g, "");
  return packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed);
}

/** Bytes that base64 text stands for. */
function decodedSize(value: string): number {
  const packed = value.replace(/[\r\n]/g, "");
  return packed.length / 4 * 3 - (packed.endsWith("==") ? 2 : packed.endsWith("=") ? 1 : 0);
}

function validateBase64(data: Record<string, string> | undefined, path: FieldPath, errors: FieldErrors): number {
  let size = 0;
  for (const [key, value] of Object.entries(data ?? {})) {
    errors.invalidAll(path.key(key), key, configMapKey(key));
    if (!isBase64(value)) errors.invalid(path.key(key), "<value>", "must be base64 with padding");
    else size += decodedSize(value);
  }
  return size;
}

export function validateConfigMap(object: ConfigMap, errors: FieldErrors): void {
  validateMeta(object.metadata, FieldPath.of("metadata"), errors, { namespaced: true });
  const data = FieldPath.of("data");
  const binary = FieldPath.of("binaryData");
  let size = validateBase64(object.binaryData, binary, errors);
  for (const [key, value] of Object.entries(object.data ?? {})) {
    errors.invalidAll(data.key(key), key, configMapKey(key));
    if (Object.hasOwn(object.binaryData ?? {}, key)) {
      errors.invalid(data.key(key), key, "duplicate of key present in binaryData");
    }
    size += value.length;
  }
  if (size > sizeLimit) errors.tooLong(FieldPath.root, sizeLimit);
}

/** Keys that a Secret of a certain type has to have. */
const secretKeys: Record<string, string[]> = {
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};

/** After `stringData` went into `data`. */
export function validateSecret(object: Secret, errors: FieldErrors): void {
  validateMeta(object.metadata, FieldPath.of("metadata"), errors, { namespaced: true });
  const data = FieldPath.of("data");
  const size = validateBase64(object.data, data, errors);
  if (size > sizeLimit) errors.tooLong(data, sizeLimit);
  const type = object.type ?? "Opaque";
  const has = (key: string) => Object.hasOwn(object.data ?? {}, key);
  for (const key of secretKeys[type] ?? []) if (!has(key)) errors.required(data.key(key));
  if (type.startsWith("kubernetes.io/docker")) {
    const key = secretKeys[type]?.[0] ?? "";
    const value = object.data?.[key];
    if (value !== undefined && isBase64(value) && !isJson(value)) {
      errors.invalid(data.key(key), "<secret contents redacted>", "must be a valid JSON document");
    }
  }
  if (type === "kubernetes.io/basic-auth" && !has("username") && !has("password")) {
    errors.required(data.key("username"));
    errors.required(data.key("password"));
  }
  const accountName = "kubernetes.io/service-account.name";
  if (type === "kubernetes.io/service-account-token" && !object.metadata.annotations?.[accountName]) {
    errors.required(FieldPath.of("metadata", "annotations").key(accountName));
  }
}

function isJson(base64: string): boolean {
  try {
    JSON.parse(atob(base64.replace(/[\r\n]/g, "")));
    return true;
  } catch {
    return false;
  }
}
