/** The Endpoints of a Service with a selector, as kube-controller-manager's endpoint controller writes them. Pure. */
import type { Endpoints, EndpointSubset, Pod, Service } from "../../objects/mod.ts";
import { endpointsController, endpointsManagedByLabel, headlessLabel, overCapacityAnnotation } from "./labels.ts";
import {
  familiesOf,
  hasEndpoint,
  hostnameOf,
  isHeadless,
  isPodReady,
  podAddresses,
  targetPort,
} from "./pod_endpoint.ts";

/** Addresses in one object; those that are not ready are the first to be left out. */
export const mostAddresses = 1000;

type Address = NonNullable<EndpointSubset["addresses"]>[number];
type Port = NonNullable<EndpointSubset["ports"]>[number];
type Addresses = { ready: Address[]; notReady: Address[] };

/** `current`: what is there, whose annotations stay. */
export function serviceEndpoints(service: Service, pods: readonly Pod[], current?: Endpoints): Endpoints {
  const { name, namespace, labels } = service.metadata;
  const { [headlessLabel]: _, ...own } = labels ?? {};
  const { subsets, truncated } = withinCapacity(subsetsOf(service, pods));
  const { [overCapacityAnnotation]: __, ...kept } = current?.metadata.annotations ?? {};
  const annotations = { ...kept, ...(truncated ? { [overCapacityAnnotation]: "truncated" } : {}) };
  const { annotations: ___, ...metadata } = current?.metadata ?? { name, namespace };
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      ...metadata,
      labels: {
        ...own,
        ...(isHeadless(service) ? { [headlessLabel]: "" } : {}),
        [endpointsManagedByLabel]: endpointsController,
      },
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    ...(subsets.length > 0 ? { subsets } : {}),
  };
}

/** Addresses of the Service's first family, those with the same ports in one subset. */
function subsetsOf(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const { spec: { ports = [], publishNotReadyAddresses = false } } = service;
  const family = familiesOf(service)[0];
  // by port, then ports that have the same addresses together
  const byPort = new Map<string, { port?: Port; addresses: Addresses }>();
  for (const pod of pods) {
    if (!hasEndpoint(pod) || (pod.metadata.deletionTimestamp && !publishNotReadyAddresses)) continue;
    const address = addressOf(pod, service, family);
    if (!address) continue;
    for (const port of ports.length > 0 ? portsOf(pod, service) : isHeadless(service) ? [undefined] : []) {
      const key = JSON.stringify(port ?? null);
      if (!byPort.has(key)) byPort.set(key, { port, addresses: { ready: [], notReady: [] } });
      const { ready, notReady } = byPort.get(key)!.addresses;
      (publishNotReadyAddresses || isPodReady(pod) ? ready : notReady).push(address);
    }
  }
  const together = Map.groupBy(byPort.values(), ({ addresses }) => JSON.stringify(addresses));
  return [...together.values()].map((same) => {
    const { ready, notReady } = same[0].addresses;
    const own = same.flatMap(({ port }) => port ? [port] : []);
    return {
      ...(ready.length > 0 ? { addresses: ready.sort(byAddress) } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady.sort(byAddress) } : {}),
      ...(own.length > 0 ? { ports: own } : {}),
    };
  });
}

function addressOf(pod: Pod, service: Service, family: "IPv4" | "IPv6"): Address | undefined {
  const [ip] = podAddresses(pod, family);
  if (!ip) return undefined;
  const { name, namespace, uid } = pod.metadata;
  const hostname = hostnameOf(pod, service);
  return {
    ip,
    ...(hostname ? { hostname } : {}),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: "Pod", namespace, name, uid },
  };
}

/** Here a port without a name has none, unlike in slices. */
function portsOf(pod: Pod, { spec }: Service): Port[] {
  return (spec.ports ?? []).flatMap((servicePort) => {
    const port = targetPort(pod, servicePort);
    const { name, protocol = "TCP", appProtocol } = servicePort;
    return port === undefined
      ? []
      : [{ ...(name ? { name } : {}), port, protocol, ...(appProtocol ? { appProtocol } : {}) }];
  });
}

function byAddress(a: Address, b: Address): number {
  const [one, other] = [`${a.ip} ${a.targetRef?.uid}`, `${b.ip} ${b.targetRef?.uid}`];
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Subsets with no more addresses than one object takes, each shortened in proportion. */
function withinCapacity(subsets: EndpointSubset[]): { subsets: EndpointSubset[]; truncated: boolean } {
  const count = (field: "addresses" | "notReadyAddresses") =>
    subsets.reduce((sum, subset) => sum + (subset[field]?.length ?? 0), 0);
  const [ready, notReady] = [count("addresses"), count("notReadyAddresses")];
  if (ready + notReady <= mostAddresses) return { subsets, truncated: false };
  const field = ready > mostAddresses ? "addresses" : "notReadyAddresses";
  const room = field === "addresses" ? mostAddresses : mostAddresses - ready;
  const total = field === "addresses" ? ready : notReady;
  let left = room;
  const shortened = subsets.map((subset): EndpointSubset => {
    const all = subset[field] ?? [];
    const part = all.slice(0, Math.min(left, Math.ceil(all.length / total * room)));
    left -= part.length;
    const { addresses, notReadyAddresses: _, ports } = subset;
    return {
      ...(field === "addresses" ? { addresses: part } : { addresses, notReadyAddresses: part }),
      ...(ports ? { ports } : {}),
    };
  });
  const isEmpty = ({ addresses, notReadyAddresses }: EndpointSubset) =>
    !addresses?.length && !notReadyAddresses?.length;
  return { subsets: shortened.filter((subset) => !isEmpty(subset)), truncated: true };
}
