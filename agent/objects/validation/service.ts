/** Service and EndpointSlice. */
import type { FieldErrors } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import type { EndpointSlice, Service } from "../service.ts";
import { validateLabels, validateMeta } from "./meta.ts";
import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  ipAddress,
  isCIDR,
  isIPv4,
  isIPv6,
  labelValue,
  portNumber,
  qualifiedName,
} from "./names.ts";
import { validatePort } from "./probe.ts";

const trafficDistributions = ["PreferClose", "PreferSameNode", "PreferSameZone"];

export function validateService(service: Service, errors: FieldErrors): void {
  validateMeta(service.metadata, FieldPath.of("metadata"), errors, { namespaced: true, checkName: dns1035Label });
  const { spec } = service;
  const path = FieldPath.of("spec");
  const headless = spec.clusterIP === "None";
  const ports = spec.ports ?? [];
  if (!ports.length && !headless && spec.type !== "ExternalName") errors.required(path.child("ports"));
  validatePorts(service, path.child("ports"), errors);
  validateLabels(spec.selector, path.child("selector"), errors);
  if (spec.type === "ExternalName") {
    const name = spec.externalName?.replace(/\.$/, "") ?? "";
    if (!name) errors.required(path.child("externalName"));
    else errors.invalidAll(path.child("externalName"), name, dns1123Subdomain(name));
    if (spec.clusterIP) errors.forbidden(path.child("clusterIP"), "may not be set when `type` is 'ExternalName'");
  } else {
    if (headless && (spec.type === "NodePort" || spec.type === "LoadBalancer")) {
      const detail = `may not be set to 'None' for ${spec.type} services`;
      errors.invalid(path.child("clusterIPs").index(0), spec.clusterIP, detail);
    } else if (spec.clusterIP && !headless) {
      errors.invalidAll(path.child("clusterIP"), spec.clusterIP, ipAddress(spec.clusterIP));
    }
    const first = spec.clusterIPs?.[0];
    if (spec.clusterIP && first !== undefined && first !== spec.clusterIP) {
      errors.invalid(path.child("clusterIPs"), spec.clusterIPs, "first value must match `clusterIP`");
    }
  }
  for (const [index, address] of (spec.externalIPs ?? []).entries()) {
    errors.invalidAll(path.child("externalIPs").index(index), address, ipAddress(address));
  }
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries()) {
    const at = path.child("loadBalancerSourceRanges").index(index);
    if (spec.type !== "LoadBalancer") errors.forbidden(at, "may only be used when `type` is 'LoadBalancer'");
    if (!isCIDR(range.trim())) {
      errors.invalid(at, range, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    }
  }
  validateAffinity(service, path, errors);
  const { trafficDistribution } = spec;
  if (trafficDistribution !== undefined && !trafficDistributions.includes(trafficDistribution)) {
    errors.notSupported(path.child("trafficDistribution"), trafficDistribution, trafficDistributions);
  }
  if (spec.healthCheckNodePort && !(spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local")) {
    errors.invalid(
      path.child("healthCheckNodePort"),
      spec.healthCheckNodePort,
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    );
  }
  const external = spec.type === "NodePort" || spec.type === "LoadBalancer" || spec.externalIPs?.length;
  if (spec.externalTrafficPolicy && !external) {
    errors.invalid(
      path.child("externalTrafficPolicy"),
      spec.externalTrafficPolicy,
      "may only be set for externally-accessible services",
    );
  }
}

function validatePorts({ spec }: Service, path: FieldPath, errors: FieldErrors): void {
  const ports = spec.ports ?? [];
  const names = new Set<string>();
  const used = new Set<string>();
  const nodePorts = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = path.index(index);
    if (!port.name) {
      if (ports.length > 1) errors.required(at.child("name"));
    } else {
      errors.invalidAll(at.child("name"), port.name, dns1123Label(port.name));
      if (names.has(port.name)) errors.duplicate(at.child("name"), port.name);
      names.add(port.name);
    }
    errors.invalidAll(at.child("port"), port.port, portNumber(port.port));
    if (port.targetPort !== undefined) validatePort(port.targetPort, at.child("targetPort"), errors);
    if (port.appProtocol) errors.invalidAll(at.child("appProtocol"), port.appProtocol, qualifiedName(port.appProtocol));
    const key = `${port.protocol}/${port.port}`;
    if (used.has(key)) errors.duplicate(at, { protocol: port.protocol, port: port.port });
    used.add(key);
    if (!port.nodePort) continue;
    if (spec.type !== "NodePort" && spec.type !== "LoadBalancer") {
      errors.forbidden(at.child("nodePort"), "may not be used when `type` is 'ClusterIP'");
    }
    errors.invalidAll(at.child("nodePort"), port.nodePort, portNumber(port.nodePort));
    const nodeKey = `${port.protocol}/${port.nodePort}`;
    if (nodePorts.has(nodeKey)) errors.duplicate(at.child("nodePort"), port.nodePort);
    nodePorts.add(nodeKey);
  }
}

const longestAffinity = 86400;

function validateAffinity({ spec }: Service, path: FieldPath, errors: FieldErrors): void {
  const at = path.child("sessionAffinityConfig");
  if (spec.sessionAffinity !== "ClientIP") {
    if (spec.sessionAffinityConfig) {
      errors.forbidden(at, `must not be set when session affinity is ${spec.sessionAffinity}`);
    }
    return;
  }
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds !== undefined && (seconds <= 0 || seconds > longestAffinity)) {
    errors.invalid(
      at.child("clientIP", "timeoutSeconds"),
      seconds,
      `must be greater than 0 and less than ${longestAffinity}`,
    );
  }
}

const limits = { endpoints: 1000, addresses: 100, ports: 20_000, hints: 8 };

export function validateEndpointSlice(slice: EndpointSlice, errors: FieldErrors): void {
  validateMeta(slice.metadata, FieldPath.of("metadata"), errors, { namespaced: true });
  const endpoints = FieldPath.of("endpoints");
  const list = slice.endpoints ?? [];
  if (list.length > limits.endpoints) errors.tooMany(endpoints, list.length, limits.endpoints);
  for (const [index, endpoint] of list.entries()) {
    const at = endpoints.index(index);
    const addresses = endpoint.addresses ?? [];
    if (!addresses.length) errors.required(at.child("addresses"), "must contain at least 1 address");
    if (addresses.length > limits.addresses) errors.tooMany(at.child("addresses"), addresses.length, limits.addresses);
    for (const [i, address] of addresses.entries()) {
      const addressPath = at.child("addresses").index(i);
      if (slice.addressType === "FQDN") errors.invalidAll(addressPath, address, dns1123Subdomain(address));
      else if (slice.addressType === "IPv4" && !isIPv4(address)) {
        errors.invalid(addressPath, address, "must be an IPv4 address");
      } else if (slice.addressType === "IPv6" && !isIPv6(address)) {
        errors.invalid(addressPath, address, "must be an IPv6 address");
      }
    }
    if (endpoint.hostname) errors.invalidAll(at.child("hostname"), endpoint.hostname, dns1123Label(endpoint.hostname));
    if (endpoint.nodeName) {
      errors.invalidAll(at.child("nodeName"), endpoint.nodeName, dns1123Subdomain(endpoint.nodeName));
    }
    validateHints(endpoint.hints?.forZones, at.child("hints", "forZones"), labelValue, errors);
    validateHints(endpoint.hints?.forNodes, at.child("hints", "forNodes"), dns1123Subdomain, errors);
  }
  const ports = FieldPath.of("ports");
  const names = new Set<string>();
  if ((slice.ports ?? []).length > limits.ports) errors.tooMany(ports, slice.ports!.length, limits.ports);
  for (const [index, port] of (slice.ports ?? []).entries()) {
    const at = ports.index(index);
    const name = port.name ?? "";
    if (name) errors.invalidAll(at.child("name"), name, dns1123Label(name));
    if (names.has(name)) errors.duplicate(at.child("name"), name);
    names.add(name);
    if (port.port !== undefined) errors.invalidAll(at.child("port"), port.port, portNumber(port.port));
  }
}

function validateHints(
  hints: readonly { name: string }[] = [],
  path: FieldPath,
  check: (name: string) => string[],
  errors: FieldErrors,
): void {
  if (hints.length > limits.hints) return errors.tooMany(path, hints.length, limits.hints);
  for (const [index, { name }] of hints.entries()) {
    const at = path.index(index).child("name");
    if (hints.findIndex((each) => each.name === name) < index) errors.duplicate(at, name);
    else errors.invalidAll(at, name, check(name));
  }
}
