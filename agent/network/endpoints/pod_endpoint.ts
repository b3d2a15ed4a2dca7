/** What one pod is to one Service: an address, ports, and whether it is ready. Pure. */
import { type Endpoint, type EndpointSlice, type Pod, podContainers, type Service } from "../../objects/mod.ts";
import { familyOf } from "../addresses/mod.ts";
import { hintsOf } from "./hints.ts";

export type Family = "IPv4" | "IPv6";
export type SlicePort = NonNullable<EndpointSlice["ports"]>[number];
type ServicePort = NonNullable<Service["spec"]["ports"]>[number];

export function isPodReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** Whether the pod has an address and has not come to its end. */
export function hasEndpoint({ status }: Pod): boolean {
  return status?.phase !== "Succeeded" && status?.phase !== "Failed" &&
    Boolean(status?.podIP || status?.podIPs?.length);
}

/** The pod's addresses of one family. */
export function podAddresses({ status }: Pod, family: Family): string[] {
  const all = status?.podIPs?.length ? status.podIPs.map(({ ip }) => ip) : [status?.podIP ?? ""];
  return all.filter((ip): ip is string => Boolean(ip) && familyOf(ip!) === family);
}

/** The families that a Service has addresses of; of a headless one, the families that it asks for. */
export function familiesOf({ spec }: Service): Family[] {
  if (spec.ipFamilies?.length) return spec.ipFamilies;
  const addresses = (spec.clusterIPs ?? [spec.clusterIP ?? ""]).filter((address) => address && address !== "None");
  return addresses.length > 0 ? [...new Set(addresses.map(familyOf))] : ["IPv4", "IPv6"];
}

/** Whether clients reach it without an address of its own. */
export function isHeadless({ spec }: Service): boolean {
  return !spec.clusterIP || spec.clusterIP === "None";
}

/** The pod's name within the Service's domain, where it has one. */
export function hostnameOf(pod: Pod, service: Service): string | undefined {
  return pod.spec.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined;
}

/** The port of the pod behind a port of the Service; undefined where the pod has none of that name. */
export function targetPort(pod: Pod, { port, targetPort: target = port, protocol = "TCP" }: ServicePort) {
  if (typeof target === "number") return target || port;
  for (const { container, role } of podContainers(pod)) {
    if (role !== "regular" && role !== "sidecar") continue;
    for (const { name, containerPort, protocol: own = "TCP" } of container.ports ?? []) {
      if (name === target && own === protocol) return containerPort;
    }
  }
  return undefined;
}

/** The Service's ports as this pod has them; those that it has not are left out. */
export function podPorts(pod: Pod, { spec }: Service): SlicePort[] {
  return (spec.ports ?? []).flatMap((servicePort) => {
    const port = targetPort(pod, servicePort);
    const { name = "", protocol = "TCP", appProtocol } = servicePort;
    return port === undefined ? [] : [{ name, protocol, port, ...(appProtocol ? { appProtocol } : {}) }];
  });
}

/** The pod as an endpoint of one family; undefined where it has no address of it. */
export function podEndpoint(
  pod: Pod,
  service: Service,
  family: Family,
  zone: string | undefined,
): Endpoint | undefined {
  const addresses = podAddresses(pod, family);
  if (addresses.length === 0) return undefined;
  const { name, namespace, uid, deletionTimestamp } = pod.metadata;
  const serving = isPodReady(pod);
  const terminating = Boolean(deletionTimestamp);
  const ready = Boolean(service.spec.publishNotReadyAddresses) || (serving && !terminating);
  const hostname = hostnameOf(pod, service);
  const hints = ready ? hintsOf(service, pod.spec.nodeName, zone) : undefined;
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}),
    targetRef: { kind: "Pod", namespace, name, uid },
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    ...(zone ? { zone } : {}),
    ...(hints ? { hints } : {}),
  };
}

/** All of a pod that endpoints are made of: whoever compares two states of it need not look at the rest. */
export function sameEndpoint(a: Pod, b: Pod): boolean {
  return a.spec === b.spec && a.metadata.labels === b.metadata.labels && a.metadata.uid === b.metadata.uid &&
    Boolean(a.metadata.deletionTimestamp) === Boolean(b.metadata.deletionTimestamp) &&
    isPodReady(a) === isPodReady(b) && hasEndpoint(a) === hasEndpoint(b) && addressText(a) === addressText(b);
}

function addressText({ status }: Pod): string {
  return status?.podIPs?.map(({ ip }) => ip).join() ?? status?.podIP ?? "";
}
