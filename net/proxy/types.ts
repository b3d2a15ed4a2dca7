/** What the service proxy is told: services and endpoints as plain data, whoever keeps them. */
import type { TopologyHints } from "./topology.ts";

export type Protocol = "TCP" | "UDP" | "SCTP";
export type TrafficPolicy = "Cluster" | "Local";

/** How an endpoint is chosen for a new connection. Source hash gives a client the same one as long as their number stays. */
export type Algorithm = "random" | "round-robin" | "source-hash";

export interface ProxyServicePort {
  /** Joins a port with its endpoints; "" for the only one. */
  name: string;
  protocol: Protocol;
  port: number;
  nodePort?: number;
}

/** A Service. Equal objects are known by identity: give the same object again where nothing has changed. */
export interface ProxyService {
  namespace: string;
  name: string;
  ports: readonly ProxyServicePort[];
  /** Empty for a headless Service, which has nothing here. */
  clusterIPs: readonly string[];
  externalIPs?: readonly string[];
  /** Ingress addresses of the load balancer that this node should answer on. */
  loadBalancerIPs?: readonly string[];
  /** Who may use the load balancer's addresses; nobody else may. Absent or empty: everybody. */
  loadBalancerSourceRanges?: readonly string[];
  /** Seconds for which a client keeps its endpoint (sessionAffinity ClientIP). */
  affinitySeconds?: number;
  internalTrafficPolicy?: TrafficPolicy;
  externalTrafficPolicy?: TrafficPolicy;
  healthCheckNodePort?: number;
  /** Instead of the proxy's own. */
  algorithm?: Algorithm;
}

/** One address and port behind a port of a Service. */
export interface ProxyEndpoint {
  /** Of the service's port. */
  portName: string;
  /** Of the service's port: one name may stand for TCP and UDP. */
  protocol: Protocol;
  address: string;
  port: number;
  ready: boolean;
  serving: boolean;
  terminating: boolean;
  /** Whether it is on this node. */
  local: boolean;
  /** For whom it is meant in the first place; absent: for all. */
  hints?: TopologyHints;
}

/** Endpoints, or what gives them when they are needed, so that nobody has to keep a hundred thousand objects. */
export type Endpoints = readonly ProxyEndpoint[] | (() => readonly ProxyEndpoint[]);

/** Endpoints by `namespace/name` of their Service. Equal ones are known by identity too. */
export type EndpointMap = ReadonlyMap<string, Endpoints>;

const noEndpoints: readonly ProxyEndpoint[] = [];

/** The list of them now. */
export function listOf(endpoints: Endpoints | undefined): readonly ProxyEndpoint[] {
  return typeof endpoints === "function" ? endpoints() : endpoints ?? noEndpoints;
}

export interface ProxyOptions {
  /** Where cluster IPs are from; addresses that no Service has are dropped, and never leave the node. */
  serviceCIDRs: readonly string[];
  /** Addresses of the node's own pods. */
  podCIDRs: readonly string[];
  /** The node's local addresses that node ports answer on; absent: on all of them. */
  nodePortAddresses?: readonly string[];
  /** Node ports on 127.0.0.1 too, which needs the sysctl route_localnet. */
  localhostNodePorts?: boolean;
  /** The node's addresses: instead of asking the routing table where the kernel has no fib, and for source ranges. */
  nodeAddresses?: readonly string[];
  algorithm?: Algorithm;
  /** Which bit of the packet mark is ours while a packet is on its way through the node, 0 to 31. */
  masqueradeBit?: number;
  /** Whether every connection to a Service takes the node's address. */
  masqueradeAll?: boolean;
  /** Whether the kernel has nft_fib. */
  fib?: boolean;
  /** Whether the kernel tracks SCTP. */
  sctp?: boolean;
}

const keys = new WeakMap<object, string>();

/** `namespace/name`, made once an object: thousands of services are gone through on every change. */
export function serviceKey(service: { namespace: string; name: string }): string {
  let key = keys.get(service);
  if (key === undefined) keys.set(service, key = `${service.namespace}/${service.name}`);
  return key;
}
