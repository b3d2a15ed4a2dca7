/**
 * A container's environment. Later beats earlier: `envFrom` in order, then `env` in order, and what the node offers of
 * services only where the container sets nothing of that name.
 */
import type { ConfigMap, Container, EnvFromSource, EnvVar, EnvVarSource, Pod, Secret } from "../objects/mod.ts";
import { type DownwardContext, fieldValue, resourceValue } from "./downward.ts";
import { type ConfigWarning, ContainerConfigError } from "./errors.ts";
import { expand, type Lookup } from "./expand.ts";
import { namespaceOf } from "./labels.ts";

export interface EnvironmentContext extends DownwardContext {
  /** KUBERNETES_SERVICE_HOST and its like. */
  serviceEnv?: Readonly<Record<string, string>>;
  /** The ConfigMap of that name in the pod's namespace and realm. */
  configMap(name: string): ConfigMap | undefined;
  /** The Secret of that name in the pod's namespace and realm. */
  secret(name: string): Secret | undefined;
}

export interface Environment {
  /** In the order in which they came to be; each name once. */
  values: ReadonlyMap<string, string>;
  warnings: ConfigWarning[];
}

/** Throws ContainerConfigError where a source that is not optional is missing. */
export function resolveEnvironment(
  pod: Pod,
  container: Pick<Container, "name" | "env" | "envFrom">,
  context: EnvironmentContext,
): Environment {
  const values = new Map<string, string>();
  const warnings: ConfigWarning[] = [];
  for (const source of container.envFrom ?? []) addAll(values, warnings, pod, source, context);

  const services = context.serviceEnv ?? {};
  const lookup: Lookup = (name) => values.get(name) ?? (Object.hasOwn(services, name) ? services[name] : undefined);
  for (const variable of container.env ?? []) {
    const value = valueOf(pod, container.name, variable, lookup, context);
    if (value !== undefined) values.set(variable.name, value);
  }
  for (const [name, value] of Object.entries(services)) if (!values.has(name)) values.set(name, value);
  return { values, warnings };
}

/** Undefined where an optional source is missing: the variable is then left out. */
function valueOf(
  pod: Pod,
  containerName: string,
  variable: EnvVar,
  lookup: Lookup,
  context: EnvironmentContext,
): string | undefined {
  if (variable.value) return expand(variable.value, lookup);
  return variable.valueFrom ? fromSource(pod, containerName, variable.valueFrom, context) : "";
}

function fromSource(
  pod: Pod,
  containerName: string,
  source: EnvVarSource,
  context: EnvironmentContext,
): string | undefined {
  if (source.fieldRef) return fieldValue(pod, source.fieldRef.fieldPath, context);
  if (source.resourceFieldRef) return resourceValue(pod, source.resourceFieldRef, containerName, context);
  if (source.configMapKeyRef) {
    const { name = "", key, optional = false } = source.configMapKeyRef;
    const map = context.configMap(name);
    if (!map && !optional) throw notFound("configmap", name);
    const value = entry(map?.data, key);
    if (value === undefined && !optional) throw noKey("ConfigMap", pod, name, key);
    return value;
  }
  if (source.secretKeyRef) {
    const { name = "", key, optional = false } = source.secretKeyRef;
    const secret = context.secret(name);
    if (!secret && !optional) throw notFound("secret", name);
    const value = entry(secret?.data, key);
    if (value === undefined && !optional) throw noKey("Secret", pod, name, key);
    return value === undefined ? undefined : secretText(pod, name, key, value);
  }
  if (source.fileKeyRef) {
    throw new ContainerConfigError("Cannot set the environment from fileKeyRef: this node does not support it");
  }
  return "";
}

function addAll(
  values: Map<string, string>,
  warnings: ConfigWarning[],
  pod: Pod,
  { prefix = "", configMapRef, secretRef }: EnvFromSource,
  context: EnvironmentContext,
): void {
  const skipped: string[] = [];
  const set = (key: string, value: () => string) => {
    const name = prefix + key;
    if (isEnvVarName(name)) values.set(name, value());
    else skipped.push(name);
  };
  if (configMapRef) {
    const { name = "", optional } = configMapRef;
    const map = context.configMap(name);
    if (!map && !optional) throw notFound("configmap", name);
    for (const [key, value] of Object.entries(map?.data ?? {})) set(key, () => value);
    warnSkipped(warnings, pod, "configMap", name, skipped);
  } else if (secretRef) {
    const { name = "", optional } = secretRef;
    const secret = context.secret(name);
    if (!secret && !optional) throw notFound("secret", name);
    for (const [key, value] of Object.entries(secret?.data ?? {})) set(key, () => secretText(pod, name, key, value));
    warnSkipped(warnings, pod, "secret", name, skipped);
  }
}

/** Kubernetes takes any printable ASCII but `=` for a name since 1.34. */
function isEnvVarName(name: string): boolean {
  return /^[\x20-\x3c\x3e-\x7e]+$/.test(name);
}

function warnSkipped(warnings: ConfigWarning[], pod: Pod, kind: string, name: string, skipped: string[]): void {
  if (skipped.length === 0) return;
  warnings.push({
    reason: "InvalidEnvironmentVariableNames",
    message: `Keys [${skipped.sort().join(", ")}] from the EnvFrom ${kind} ${namespaceOf(pod)}/${name} were skipped ` +
      "since they are considered invalid environment variable names.",
  });
}

function notFound(kind: string, name: string): ContainerConfigError {
  return new ContainerConfigError(`${kind} "${name}" not found`);
}

function noKey(kind: string, pod: Pod, name: string, key: string): ContainerConfigError {
  return new ContainerConfigError(`couldn't find key ${key} in ${kind} ${namespaceOf(pod)}/${name}`);
}

function entry(data: Record<string, string> | undefined, key: string): string | undefined {
  return data && Object.hasOwn(data, key) ? data[key] : undefined;
}

/** A Secret's bytes as the text that an environment needs. The error says which key, never what is in it. */
function secretText(pod: Pod, name: string, key: string, base64: string): string {
  try {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ContainerConfigError(
      `Cannot set the environment from key ${key} in Secret ${namespaceOf(pod)}/${name}: its value is not text`,
    );
  }
}
