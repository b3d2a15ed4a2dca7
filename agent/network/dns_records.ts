/** Services and EndpointSlices as cluster DNS takes them. Pure. */
import type { DnsEndpoints, DnsService } from "../../net/dns/mod.ts";
import type { EndpointSlice, Service } from "../objects/mod.ts";

export function dnsService({ metadata, spec }: Service): DnsService {
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    clusterIPs: spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []),
    ...(spec.type === "ExternalName" && spec.externalName ? { externalName: spec.externalName } : {}),
    ports: (spec.ports ?? []).map(({ name, protocol = "TCP", port }) => ({
      ...(name ? { name } : {}),
      protocol,
      port,
    })),
  };
}

/** A slice, under an id that is unique in its namespace. Its Service must be known: see {@linkcode serviceOf}. */
export function dnsEndpoints({ metadata, endpoints, ports }: EndpointSlice, service: string, id: string): DnsEndpoints {
  return {
    namespace: metadata.namespace ?? "",
    id,
    service,
    ports: (ports ?? []).flatMap(({ name, protocol = "TCP", port }) =>
      port ? [{ ...(name ? { name } : {}), protocol, port }] : []
    ),
    endpoints: (endpoints ?? []).map(({ addresses = [], hostname, conditions }) => ({
      addresses,
      ...(hostname ? { hostname } : {}),
      ready: conditions?.ready ?? true,
    })),
  };
}

/** The name of the Service that a slice belongs to. */
export function serviceOf({ metadata: { labels } }: Pick<EndpointSlice, "metadata">): string | undefined {
  return labels?.["kubernetes.io/service-name"] || undefined;
}
