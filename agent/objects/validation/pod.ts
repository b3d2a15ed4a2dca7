/** Pods, after defaulting. */
import { FieldPath } from "../field_path.ts";
import type { FieldErrors } from "../field_error.ts";
import type { Pod, PodSpec } from "../pod.ts";
import { containerRequests } from "../defaults/pod_resources.ts";
import {
  type ContainerScope,
  validateContainers,
  validateEphemeralContainers,
  validateInitContainers,
} from "./container.ts";
import { validateLabels, validateMeta } from "./meta.ts";
import { dns1123Label, dns1123Subdomain, ipAddress, qualifiedName, searchDomain } from "./names.ts";
import { validatePodResources, validateQuantity } from "./resources.ts";
import { validateAffinity, validateSpread, validateTolerations } from "./scheduling.ts";
import { validatePodSecurity } from "./security.ts";
import { validateVolumes } from "./volume.ts";

export function validatePod(pod: Pod, errors: FieldErrors): void {
  validateMeta(pod.metadata, FieldPath.of("metadata"), errors, { namespaced: true });
  validatePodSpec(pod.spec, FieldPath.of("spec"), errors);
}

function validatePodSpec(spec: PodSpec, path: FieldPath, errors: FieldErrors): void {
  const { containers, initContainers = [], ephemeralContainers = [] } = spec;
  const names = new Set([...initContainers, ...containers].map(({ name }) => name));
  const grace = spec.terminationGracePeriodSeconds;
  if (grace !== undefined && grace < 0) {
    errors.invalid(path.child("terminationGracePeriodSeconds"), grace, "must be greater than or equal to 0");
  }
  const scope: ContainerScope = {
    volumes: validateVolumes(spec.volumes, names, path.child("volumes"), errors),
    containers: names,
    grace,
    restartPolicy: spec.restartPolicy,
    os: spec.os?.name,
    hostUsers: spec.hostUsers !== false,
    errors,
  };
  validateContainers(containers, path.child("containers"), scope);
  validateInitContainers(initContainers, containers, path.child("initContainers"), scope);
  validateEphemeralContainers(ephemeralContainers, path.child("ephemeralContainers"), scope);
  validatePodResources(spec.resources, containerRequests(spec), containers, path, errors);
  if (spec.hostNetwork) validateHostNetworkPorts(spec, path, errors);
  validateLabels(spec.nodeSelector, path.child("nodeSelector"), errors);
  validatePodSecurity(spec, path, errors);
  validateAffinity(spec.affinity, path.child("affinity"), errors);
  validateDNS(spec, path.child("dnsConfig"), errors);
  validateTolerations(spec.tolerations, path.child("tolerations"), errors);
  validateSpread(spec.topologySpreadConstraints, path.child("topologySpreadConstraints"), errors);
  validateNames(spec, path, errors);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > 2147483647)) {
    errors.invalid(path.child("activeDeadlineSeconds"), deadline, "must be between 1 and 2147483647, inclusive");
  }
  for (const [name, amount] of Object.entries(spec.overhead ?? {})) {
    validateQuantity(amount, path.child("overhead").key(name), errors);
  }
}

function validateHostNetworkPorts(spec: PodSpec, path: FieldPath, errors: FieldErrors): void {
  for (const [index, container] of spec.containers.entries()) {
    for (const [at, port] of (container.ports ?? []).entries()) {
      if (port.hostPort === port.containerPort) continue;
      errors.invalid(
        path.child("containers").index(index).child("ports").index(at).child("hostPort"),
        port.hostPort ?? 0,
        "must match `containerPort` when `hostNetwork` is true",
      );
    }
  }
}

/** Limits of the C library's resolver. */
const dnsLimits = { nameservers: 3, searches: 32, searchCharacters: 2048 };

function validateDNS(spec: PodSpec, path: FieldPath, errors: FieldErrors): void {
  const config = spec.dnsConfig;
  const nameservers = config?.nameservers ?? [];
  if (spec.dnsPolicy === "None") {
    if (!config) return errors.required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
    if (!nameservers.length) {
      const detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
      return errors.required(path.child("nameservers"), detail);
    }
  }
  if (!config) return;
  if (nameservers.length > dnsLimits.nameservers) {
    errors.invalid(
      path.child("nameservers"),
      nameservers,
      `must not have more than ${dnsLimits.nameservers} nameservers`,
    );
  }
  for (const [index, server] of nameservers.entries()) {
    errors.invalidAll(path.child("nameservers").index(index), server, ipAddress(server));
  }
  const searches = config.searches ?? [];
  const at = path.child("searches");
  if (searches.length > dnsLimits.searches) {
    errors.invalid(at, searches, `must not have more than ${dnsLimits.searches} search paths`);
  }
  if (searches.join(" ").length > dnsLimits.searchCharacters) {
    errors.invalid(
      at,
      searches,
      `must not have more than ${dnsLimits.searchCharacters} characters (including spaces) in the search list`,
    );
  }
  for (const [index, search] of searches.entries()) {
    if (search === ".") continue;
    const name = search.replace(/\.$/, "");
    errors.invalidAll(at.index(index), name, searchDomain(name));
  }
  for (const [index, option] of (config.options ?? []).entries()) {
    if (!option.name) errors.required(path.child("options").index(index), "must not be empty");
  }
}

/** Fields that are names of something. */
function validateNames(spec: PodSpec, path: FieldPath, errors: FieldErrors): void {
  for (const field of ["hostname", "subdomain"] as const) {
    const value = spec[field];
    if (value) errors.invalidAll(path.child(field), value, dns1123Label(value));
  }
  for (const field of ["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"] as const) {
    const value = spec[field];
    if (value) errors.invalidAll(path.child(field), value, dns1123Subdomain(value));
  }
  if (spec.hostnameOverride !== undefined) {
    const at = path.child("hostnameOverride");
    if (spec.setHostnameAsFQDN) {
      errors.forbidden(at, "may not be specified when `setHostnameAsFQDN` is true");
    }
    if (spec.hostNetwork) errors.forbidden(at, "may not be specified when `hostNetwork` is true");
    if (spec.hostnameOverride.length > 64) errors.tooLong(at, 64);
    errors.invalidAll(at, spec.hostnameOverride, dns1123Subdomain(spec.hostnameOverride));
  }
  for (const [index, gate] of (spec.readinessGates ?? []).entries()) {
    const at = path.child("readinessGates").index(index).child("conditionType");
    errors.invalidAll(at, gate.conditionType, qualifiedName(gate.conditionType));
  }
  for (const [index, alias] of (spec.hostAliases ?? []).entries()) {
    const at = path.child("hostAliases").index(index);
    errors.invalidAll(at.child("ip"), alias.ip, ipAddress(alias.ip));
    for (const [i, hostname] of (alias.hostnames ?? []).entries()) {
      errors.invalidAll(at.child("hostnames").index(i), hostname, dns1123Subdomain(hostname));
    }
  }
}
