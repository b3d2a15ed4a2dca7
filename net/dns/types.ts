/**
 * What cluster DNS is told about the cluster: plain records, as few fields as names need. Whoever owns the Kubernetes objects
 * turns them into these; this room never sees the objects. Records are kept as they are given and never changed.
 */

export type Protocol = "TCP" | "UDP" | "SCTP";

/** A port with a name gets an SRV record; one without gets none. */
export interface DnsPort {
  name?: string;
  protocol: Protocol;
  port: number;
}

export interface DnsService {
  namespace: string;
  name: string;
  /** In order of preference, either family. None at all (or `None`, as Kubernetes writes it): the service is headless. */
  clusterIPs: readonly string[];
  /** Makes the name an alias; addresses and ports are of no meaning then. */
  externalName?: string;
  ports: readonly DnsPort[];
}

export interface DnsEndpoint {
  addresses: readonly string[];
  /** The endpoint's own name below its service: a pod's hostname where its subdomain is the service's name. */
  hostname?: string;
  /** Whether it may be named. Services that publish addresses that are not ready say true of all. */
  ready: boolean;
}

/** Some of a service's endpoints, as an EndpointSlice holds them: all of them have the same ports. */
export interface DnsEndpoints {
  namespace: string;
  /** Unique in the namespace: the slice's name. */
  id: string;
  /** The service's name. */
  service: string;
  ports: readonly DnsPort[];
  endpoints: readonly DnsEndpoint[];
}

export interface DnsPod {
  namespace: string;
  name: string;
  addresses: readonly string[];
}

/** Everything at once, to begin with. */
export interface DnsRecords {
  services?: readonly DnsService[];
  endpoints?: readonly DnsEndpoints[];
  pods?: readonly DnsPod[];
  namespaces?: readonly string[];
}

export interface ZoneOptions {
  /** `cluster.local`. */
  domain: string;
  /** Address ranges whose reverse names are answered here and nowhere else: services and pods. */
  reverse?: readonly string[];
  /** Where this server is reached: the addresses of `ns.dns.<domain>`. */
  addresses?: readonly string[];
  /** Seconds that answers may be kept. Default: 5, so that a change is seen soon. */
  ttl?: number;
  /**
   * `1-2-3-4.namespace.pod.<domain>`: for any address, as the specification has it (the default), for those that a pod of
   * the namespace has, or not at all. All of them only in namespaces that exist.
   */
  podNames?: "any" | "existing" | "none";
}

/** Record types that are answered from the cluster's records. */
export type Rr =
  | { name: string; type: "A" | "AAAA" | "CNAME" | "PTR" | "NS"; ttl: number; data: string }
  | { name: string; type: "TXT"; ttl: number; data: string }
  | { name: string; type: "HINFO"; ttl: number; data: { cpu: string; os: string } }
  | { name: string; type: "SRV"; ttl: number; data: SrvData }
  | { name: string; type: "SOA"; ttl: number; data: SoaData };

export interface SrvData {
  priority: number;
  weight: number;
  port: number;
  target: string;
}

export interface SoaData {
  mname: string;
  rname: string;
  serial: number;
  refresh: number;
  retry: number;
  expire: number;
  minimum: number;
}

export interface ZoneAnswer {
  rcode: "NOERROR" | "NXDOMAIN" | "SERVFAIL";
  answers: Rr[];
  authorities: Rr[];
  additionals: Rr[];
  /** The alias at the end of the answers leads out of the cluster: whose answer belongs behind it. */
  follow?: string;
}
