/**
 * Service default/kubernetes, by which clients in pods find the API, and its endpoints: the service range's first
 * address, which the node itself holds. Pure.
 */
import type { StoreObject } from "../store/mod.ts";

export const apiServiceName = "kubernetes";

export interface ApiServiceInput {
  /** Of each address family one. */
  addresses: readonly string[];
  /** The port that is listened on; clients use 443. */
  port: number;
}

/** An object with whatever its kind has. */
export interface Content extends StoreObject {
  [field: string]: unknown;
}

const family = (address: string) => address.includes(":") ? "IPv6" : "IPv4";

/** The Service, the Endpoints, and an EndpointSlice. */
export function apiService({ addresses, port }: ApiServiceInput): Content[] {
  const metadata = { name: apiServiceName, namespace: "default" };
  const ports = [{ name: "https", port, protocol: "TCP" }];
  const first = addresses[0];
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { ...metadata, labels: { component: "apiserver", provider: "kubernetes" } },
      spec: {
        clusterIP: first,
        clusterIPs: [...addresses],
        internalTrafficPolicy: "Cluster",
        ipFamilies: addresses.map(family),
        ipFamilyPolicy: addresses.length > 1 ? "PreferDualStack" : "SingleStack",
        ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: port }],
        sessionAffinity: "None",
        type: "ClusterIP",
      },
    },
    {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { ...metadata, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
      subsets: [{ addresses: [{ ip: first }], ports }],
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": apiServiceName } },
      addressType: family(first),
      endpoints: [{ addresses: [first], conditions: { ready: true } }],
      ports,
    },
  ];
}

/** The object as it should be, or `current` itself where that says so already. Labels and annotations of others stay. */
export function asWanted(current: Content | undefined, wanted: Content): Content {
  if (!current) return wanted;
  const { metadata, ...content } = wanted;
  const labels = { ...current.metadata.labels, ...metadata.labels };
  const next = { ...current, ...content, metadata: { ...current.metadata, labels } };
  return JSON.stringify([next, next.metadata.labels]) === JSON.stringify([current, current.metadata.labels])
    ? current
    : next;
}
