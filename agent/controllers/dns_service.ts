/** Service kube-system/kube-dns, by which clients find the cluster's DNS, and its endpoints: the address itself, on this node. Pure. */
import { contains, parseAddress, parseCidr } from "../../net/addr.ts";
import type { Content } from "./api_service.ts";

export const dnsServiceName = "kube-dns";
export const dnsServiceNamespace = "kube-system";

export interface DnsServiceInput {
  /** Where DNS is answered on port 53, one a family. */
  addresses: readonly string[];
  serviceCIDRs: readonly string[];
  nodeName: string;
}

const ports = [
  { name: "dns", port: 53, protocol: "UDP" },
  { name: "dns-tcp", port: 53, protocol: "TCP" },
];

/** The Service, its Endpoints and a slice a family; nothing where no address is one that Services have. */
export function dnsService({ addresses, serviceCIDRs, nodeName }: DnsServiceInput): Content[] {
  const own = addresses.filter((address) => serviceCIDRs.some((cidr) => isIn(cidr, address)))
    // of each family the first
    .filter((address, at, all) => all.findIndex((each) => familyOf(each) === familyOf(address)) === at);
  if (own.length === 0) return [];
  const labels = { "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" };
  const metadata = { name: dnsServiceName, namespace: dnsServiceNamespace };
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { ...metadata, labels },
      spec: {
        clusterIP: own[0],
        clusterIPs: own,
        internalTrafficPolicy: "Cluster",
        ipFamilies: own.map(familyOf),
        ipFamilyPolicy: own.length > 1 ? "PreferDualStack" : "SingleStack",
        ports: ports.map((port) => ({ ...port, targetPort: 53 })),
        sessionAffinity: "None",
        type: "ClusterIP",
      },
    },
    {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { ...metadata, labels: { ...labels, "endpointslice.kubernetes.io/skip-mirror": "true" } },
      subsets: [{ addresses: [{ ip: own[0], nodeName }], ports }],
    },
    ...own.map((address) => ({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        ...metadata,
        name: address === own[0] ? dnsServiceName : `${dnsServiceName}-${familyOf(address).toLowerCase()}`,
        labels: { "kubernetes.io/service-name": dnsServiceName },
      },
      addressType: familyOf(address),
      endpoints: [{ addresses: [address], conditions: { ready: true }, nodeName }],
      ports,
    })),
  ];
}

function familyOf(address: string): "IPv4" | "IPv6" {
  return address.includes(":") ? "IPv6" : "IPv4";
}

function isIn(cidr: string, address: string): boolean {
  const [range, bytes] = [parseCidr(cidr), parseAddress(address)];
  return range !== undefined && bytes !== undefined && contains(range, bytes);
}
