/** Services and EndpointSlices as the service proxy takes them. Pure. */
import type { Algorithm, ProxyEndpoint, ProxyService } from "../../net/proxy/mod.ts";
import type { Endpoint, EndpointSlice, Service } from "../objects/mod.ts";

type Hints = NonNullable<Endpoint["hints"]>;

/** Chooses how a Service's endpoints are picked, instead of what the node is configured to: {@linkcode algorithms}. */
export const algorithmAnnotation = "dev.islet/load-balancing";

export const algorithms: readonly Algorithm[] = ["random", "round-robin", "source-hash"];

/** Kubernetes' default: three hours. */
const affinitySeconds = 10_800;

/**
 * What the proxy has to do for a Service; undefined where that is nothing: headless ones and those that are names only.
 * @see https://kubernetes.io/docs/reference/networking/virtual-ips/
 */
export function proxyService({ metadata, spec, status }: Service): ProxyService | undefined {
  const clusterIPs = (spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? ""])
    .filter((address) => address !== "" && address !== "None");
  if (spec.type === "ExternalName" || clusterIPs.length === 0) return undefined;
  const balanced = spec.type === "LoadBalancer";
  const exposed = balanced || spec.type === "NodePort";
  const algorithm = algorithms.find((each) => each === metadata.annotations?.[algorithmAnnotation]);
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    ports: (spec.ports ?? []).map(({ name = "", protocol = "TCP", port, nodePort }) => ({
      name,
      protocol,
      port,
      ...(exposed && nodePort ? { nodePort } : {}),
    })),
    clusterIPs,
    ...(spec.externalIPs?.length ? { externalIPs: spec.externalIPs } : {}),
    ...(balanced
      ? { loadBalancerIPs: ingressAddresses(status), loadBalancerSourceRanges: spec.loadBalancerSourceRanges ?? [] }
      : {}),
    ...(spec.sessionAffinity === "ClientIP"
      ? { affinitySeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? affinitySeconds }
      : {}),
    internalTrafficPolicy: spec.internalTrafficPolicy ?? "Cluster",
    externalTrafficPolicy: spec.externalTrafficPolicy ?? "Cluster",
    ...(balanced && spec.healthCheckNodePort ? { healthCheckNodePort: spec.healthCheckNodePort } : {}),
    ...(algorithm ? { algorithm } : {}),
  };
}

/** What is wrong with a Service's annotations, if anything. */
export function annotationProblem({ metadata: { annotations } }: Service): string | undefined {
  const asked = annotations?.[algorithmAnnotation];
  if (asked === undefined || algorithms.some((each) => each === asked)) return undefined;
  return `annotation ${algorithmAnnotation}: ${JSON.stringify(asked)} is none of ${algorithms.join(", ")}`;
}

/** Addresses that a load balancer hands packets on to unchanged: those this node has to answer on. */
function ingressAddresses(status: Service["status"]): string[] {
  return (status?.loadBalancer?.ingress ?? [])
    .flatMap(({ ip, ipMode = "VIP" }) => ip && ipMode === "VIP" ? [ip] : []);
}

/** Where the proxy is. */
export interface Place {
  nodeName: string;
  /** By the node's label; absent: it has none. */
  zone?: string;
}

/** The endpoints in all slices of one Service. A port of which the slice says no number, or an FQDN, is nobody's here. */
export function proxyEndpoints(slices: Iterable<EndpointSlice>, { nodeName, zone }: Place): ProxyEndpoint[] {
  const found: ProxyEndpoint[] = [];
  let count = 0;
  for (const { addressType, endpoints, ports } of slices) {
    if (addressType === "FQDN") continue;
    count++;
    for (const { addresses = [], conditions, nodeName: node, hints: given } of endpoints ?? []) {
      // kube-proxy too takes the first: the others are the same endpoint's
      const [address] = addresses;
      if (address === undefined) continue;
      const ready = conditions?.ready ?? true;
      const hints = given && hintsFor(given, { nodeName, zone });
      for (const { name, protocol = "TCP", port } of ports ?? []) {
        if (!port) continue;
        const endpoint: ProxyEndpoint = {
          portName: name ?? "",
          protocol,
          address,
          port,
          ready,
          serving: conditions?.serving ?? ready,
          terminating: conditions?.terminating ?? false,
          local: node === nodeName,
        };
        if (hints) endpoint.hints = hints;
        found.push(endpoint);
      }
    }
  }
  return count > 1 ? eachOnce(found) : found;
}

/** While slices are rearranged an endpoint may be in two: the ready one counts. */
function eachOnce(endpoints: readonly ProxyEndpoint[]): ProxyEndpoint[] {
  const found = new Map<string, ProxyEndpoint>();
  for (const endpoint of endpoints) {
    const { portName, protocol, address, port, ready } = endpoint;
    const key = `${portName}/${protocol}/${address}/${port}`;
    const before = found.get(key);
    if (!before || (!before.ready && ready)) found.set(key, endpoint);
  }
  return [...found.values()];
}

/** What an endpoint's hints say of a node and its zone; undefined where they name nobody. */
function hintsFor({ forNodes = [], forZones = [] }: Hints, { nodeName, zone }: Place): ProxyEndpoint["hints"] {
  if (forNodes.length + forZones.length === 0) return undefined;
  return {
    ...(forNodes.length > 0 ? { node: forNodes.some(({ name }) => name === nodeName) } : {}),
    ...(forZones.length > 0 ? { zone: forZones.some(({ name }) => name === zone) } : {}),
  };
}
