/** What a Service takes over from the one that it replaces. Changes `wanted` in place. */
import type { Service } from "../../objects/mod.ts";

type Spec = Service["spec"];

export const exposes = (type: Spec["type"]) => type === "NodePort" || type === "LoadBalancer";

/** Whether a port answers to those who ask if there are local endpoints. */
export const needsHealthCheck = ({ type, externalTrafficPolicy }: Spec) =>
  type === "LoadBalancer" && externalTrafficPolicy === "Local";

/** What an update leaves out of what was assigned before stays. */
export function keepAssigned(wanted: Spec, current: Spec): void {
  if (wanted.type === "ExternalName" || current.type === "ExternalName") return;
  if (!wanted.clusterIP && !wanted.clusterIPs?.length) {
    wanted.clusterIP = current.clusterIP;
    wanted.clusterIPs = current.clusterIPs;
  } else if (wanted.clusterIP && wanted.clusterIP === current.clusterIP && !wanted.clusterIPs?.length) {
    wanted.clusterIPs = current.clusterIPs;
  } else if (wanted.clusterIP !== current.clusterIP && wanted.clusterIPs?.[0] === current.clusterIP) {
    // Clients that know one address only change that one.
    if (wanted.clusterIP) wanted.clusterIPs = [wanted.clusterIP];
  }
  wanted.ipFamilies ??= current.ipFamilies;
  wanted.ipFamilyPolicy ??= current.ipFamilyPolicy;
  if (needsHealthCheck(wanted) && needsHealthCheck(current)) wanted.healthCheckNodePort ||= current.healthCheckNodePort;
  if (!exposes(wanted.type)) return;
  const used = new Set((wanted.ports ?? []).map(({ nodePort }) => nodePort));
  wanted.ports = (wanted.ports ?? []).map((port) => {
    if (port.nodePort) return port;
    const before = current.ports?.find((other) =>
      other.port === port.port && (other.protocol ?? "TCP") === (port.protocol ?? "TCP")
    );
    return before?.nodePort && !used.has(before.nodePort) ? { ...port, nodePort: before.nodePort } : port;
  });
}

/**
 * A client that changes the type and leaves what belonged to the old one does not mean that: it goes, as in
 * kube-apiserver. What the client changed besides is left for validation to refuse.
 */
export function dropOfOtherType(wanted: Spec, current: Spec): void {
  const same = (field: keyof Spec) => JSON.stringify(wanted[field]) === JSON.stringify(current[field]);
  const external = ({ type, externalIPs }: Spec) => exposes(type) || Boolean(externalIPs?.length);
  if (wanted.type === "ExternalName" && current.type !== "ExternalName") {
    for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] as const) {
      if (same(field)) delete wanted[field];
    }
  }
  if (exposes(current.type) && !exposes(wanted.type)) {
    const before = new Set((current.ports ?? []).map(({ nodePort }) => nodePort));
    wanted.ports = wanted.ports?.map((port) => {
      const { nodePort, ...rest } = port;
      return before.has(nodePort) ? rest : port;
    });
  }
  if (external(current) && !external(wanted) && same("externalTrafficPolicy")) delete wanted.externalTrafficPolicy;
  if (needsHealthCheck(current) && !needsHealthCheck(wanted) && same("healthCheckNodePort")) {
    delete wanted.healthCheckNodePort;
  }
  if (current.type === "LoadBalancer" && wanted.type !== "LoadBalancer") {
    for (const field of ["allocateLoadBalancerNodePorts", "loadBalancerClass"] as const) {
      if (same(field)) delete wanted[field];
    }
  }
}
