/** Containers of every sort. */
import type { Container, EphemeralContainer } from "../container.ts";
import type { FieldErrors } from "../field_error.ts";
import type { FieldPath } from "../field_path.ts";
import { validateEnv } from "./env.ts";
import { dns1123Label, ipAddress, localDescendingPath, portName, portNumber } from "./names.ts";
import { type ProbeKind, validateLifecycle, validateProbe } from "./probe.ts";
import { validateRequirements } from "./resources.ts";
import { validateSecurityContext } from "./security.ts";

/** What a container's fields may refer to. */
export interface ContainerScope {
  volumes: ReadonlySet<string>;
  /** Names of the init and regular containers. */
  containers: ReadonlySet<string>;
  grace: number | undefined;
  restartPolicy: string | undefined;
  os: string | undefined;
  hostUsers: boolean;
  errors: FieldErrors;
}

const probes: ProbeKind[] = ["livenessProbe", "readinessProbe", "startupProbe"];

/** What holds for containers in all three lists. */
function validateCommon(container: Container, path: FieldPath, scope: ContainerScope): void {
  const { errors } = scope;
  if (!container.name) errors.required(path.child("name"));
  else errors.invalidAll(path.child("name"), container.name, dns1123Label(container.name));
  if (!container.image) errors.required(path.child("image"));
  else if (container.image.trim() !== container.image) {
    errors.invalid(path.child("image"), container.image, "must not have leading or trailing whitespace");
  }
  validatePorts(container, path.child("ports"), errors);
  validateEnv(container, scope.containers, path, errors);
  validateMounts(container, path.child("volumeMounts"), scope);
  validateRequirements(container.resources, path.child("resources"), errors);
  validateResizePolicy(container, path.child("resizePolicy"), scope);
  validateSecurityContext(container.securityContext, scope.hostUsers, path.child("securityContext"), errors);
}

function validatePorts(container: Container, path: FieldPath, errors: FieldErrors): void {
  const names = new Set<string>();
  for (const [index, port] of (container.ports ?? []).entries()) {
    const at = path.index(index);
    if (port.name) {
      const wrong = portName(port.name);
      errors.invalidAll(at.child("name"), port.name, wrong);
      if (!wrong.length && names.has(port.name)) errors.duplicate(at.child("name"), port.name);
      names.add(port.name);
    }
    if (!port.containerPort) errors.required(at.child("containerPort"));
    else errors.invalidAll(at.child("containerPort"), port.containerPort, portNumber(port.containerPort));
    if (port.hostPort) errors.invalidAll(at.child("hostPort"), port.hostPort, portNumber(port.hostPort));
    if (port.hostIP) errors.invalidAll(at.child("hostIP"), port.hostIP, ipAddress(port.hostIP));
  }
}

function validateMounts(container: Container, path: FieldPath, { volumes, errors }: ContainerScope): void {
  const places = new Set<string>();
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const at = path.index(index);
    if (!mount.name) errors.required(at.child("name"));
    else if (!volumes.has(mount.name)) errors.notFound(at.child("name"), mount.name);
    if (!mount.mountPath) errors.required(at.child("mountPath"));
    else if (places.has(mount.mountPath)) errors.invalid(at.child("mountPath"), mount.mountPath, "must be unique");
    places.add(mount.mountPath);
    if (mount.subPath) errors.invalidAll(at.child("subPath"), mount.subPath, localDescendingPath(mount.subPath));
    if (mount.subPathExpr) {
      if (mount.subPath) {
        errors.invalid(at.child("subPathExpr"), mount.subPathExpr, "subPathExpr and subPath are mutually exclusive");
      }
      errors.invalidAll(at.child("subPathExpr"), mount.subPathExpr, localDescendingPath(mount.subPathExpr));
    }
    if (mount.mountPropagation === "Bidirectional" && !container.securityContext?.privileged) {
      errors.forbidden(
        at.child("mountPropagation"),
        "Bidirectional mount propagation is available only to privileged containers",
      );
    }
    if (mount.recursiveReadOnly && mount.recursiveReadOnly !== "Disabled") {
      const recursive = at.child("recursiveReadOnly");
      if (!mount.readOnly) errors.forbidden(recursive, "may only be specified when readOnly is true");
      if (mount.mountPropagation && mount.mountPropagation !== "None") {
        errors.forbidden(recursive, "may only be specified when mountPropagation is None or not specified");
      }
    }
  }
}

function validateResizePolicy(container: Container, path: FieldPath, { restartPolicy, errors }: ContainerScope): void {
  const seen = new Set<string>();
  for (const [index, { resourceName, restartPolicy: policy }] of (container.resizePolicy ?? []).entries()) {
    const at = path.index(index);
    if (seen.has(resourceName)) errors.duplicate(at, resourceName);
    seen.add(resourceName);
    if (!resourceName) errors.required(at.child("resourceName"));
    else if (resourceName !== "cpu" && resourceName !== "memory") {
      errors.notSupported(at.child("resourceName"), resourceName, ["cpu", "memory"]);
    }
    if (restartPolicy === "Never" && policy !== "NotRequired") {
      errors.invalid(at.child("restartPolicy"), policy, "must be 'NotRequired' when `restartPolicy` is 'Never'");
    }
  }
}

/** A container's own restart policy and the exit codes that it makes exceptions for. */
function validateRestartRules(container: Container, path: FieldPath, errors: FieldErrors): void {
  const rules = container.restartPolicyRules ?? [];
  const at = path.child("restartPolicyRules");
  if (rules.length && !container.restartPolicy) {
    errors.required(path.child("restartPolicy"), "must specify restartPolicy when restart rules are used");
  }
  if (rules.length > 20) errors.tooMany(at, rules.length, 20);
  for (const [index, rule] of rules.entries()) {
    const rulePath = at.index(index);
    if (!rule.exitCodes) {
      errors.required(rulePath.child("exitCodes"), "must be specified");
      continue;
    }
    const values = rule.exitCodes.values ?? [];
    const valuesPath = rulePath.child("exitCodes", "values");
    if (!values.length) errors.required(valuesPath, "must specify at least one exit code");
    if (values.length > 255) errors.tooMany(valuesPath, values.length, 255);
    if (new Set(values).size !== values.length) errors.duplicate(valuesPath, values);
  }
}

function validateHooks(container: Container, path: FieldPath, scope: ContainerScope): void {
  validateLifecycle(container.lifecycle, scope.grace, scope.os, path.child("lifecycle"), scope.errors);
  for (const kind of probes) validateProbe(container[kind], kind, scope.grace, path.child(kind), scope.errors);
}

/** Host ports that two containers would both take; kept over the regular containers and sidecars of a pod. */
function validateHostPorts(container: Container, path: FieldPath, taken: Set<string>, errors: FieldErrors): void {
  for (const [index, port] of (container.ports ?? []).entries()) {
    if (!port.hostPort) continue;
    const key = `${port.protocol}/${port.hostIP ?? ""}/${port.hostPort}`;
    if (taken.has(key)) errors.duplicate(path.child("ports").index(index).child("hostPort"), key);
    taken.add(key);
  }
}

export function validateContainers(containers: Container[], path: FieldPath, scope: ContainerScope): void {
  const { errors } = scope;
  if (!containers.length) errors.required(path);
  const names = new Set<string>();
  const hostPorts = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const at = path.index(index);
    validateCommon(container, at, scope);
    if (container.name && names.has(container.name)) errors.duplicate(at.child("name"), container.name);
    names.add(container.name);
    validateHooks(container, at, scope);
    validateRestartRules(container, at, errors);
    validateHostPorts(container, at, hostPorts, errors);
  }
}

export function validateInitContainers(
  containers: Container[],
  regular: Container[],
  path: FieldPath,
  scope: ContainerScope,
): void {
  const { errors } = scope;
  const names = new Set(regular.map(({ name }) => name));
  for (const [index, container] of containers.entries()) {
    const at = path.index(index);
    validateCommon(container, at, scope);
    if (container.name && names.has(container.name)) errors.duplicate(at.child("name"), container.name);
    names.add(container.name);
    validateHostPorts(container, at, new Set(), errors);
    validateRestartRules(container, at, errors);
    if (container.restartPolicy === "Always") {
      validateHooks(container, at, scope);
      if (container.restartPolicyRules?.length) {
        errors.forbidden(at.child("restartPolicyRules"), "restartPolicyRules are not allowed for sidecar containers");
      }
    } else {
      for (const field of ["lifecycle", ...probes] as const) {
        if (!container[field]) continue;
        errors.forbidden(at.child(field), "may not be set for init containers without restartPolicy=Always");
      }
    }
  }
}

const ephemeralForbidden = [
  "ports",
  "resources",
  "resizePolicy",
  "restartPolicy",
  "restartPolicyRules",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
] as const;

export function validateEphemeralContainers(
  containers: EphemeralContainer[],
  path: FieldPath,
  scope: ContainerScope,
): void {
  const { errors } = scope;
  const names = new Set(scope.containers);
  for (const [index, container] of containers.entries()) {
    const at = path.index(index);
    validateCommon(container, at, scope);
    if (names.has(container.name)) errors.duplicate(at.child("name"), container.name);
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !scope.containers.has(target)) errors.notFound(at.child("targetContainerName"), target);
    for (const field of ephemeralForbidden) {
      const value = container[field];
      if (value && Object.keys(value).length) {
        errors.forbidden(at.child(field), "cannot be set for an Ephemeral Container");
      }
    }
    for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
      for (const field of ["subPath", "subPathExpr"] as const) {
        if (!mount[field]) continue;
        const mountPath = at.child("volumeMounts").index(i).child(field);
        errors.forbidden(mountPath, "cannot be set for an Ephemeral Container");
      }
    }
  }
}
