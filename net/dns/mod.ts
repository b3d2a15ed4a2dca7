/** Cluster DNS. Begin with cluster_dns.ts; types.ts says what it is told. */
export { ClusterDns, type ClusterDnsOptions } from "./cluster_dns.ts";
export type { ForwardConfig } from "./forward.ts";
export type { Counts } from "./resolver.ts";
export type { DnsObserver, Exchange } from "./observer.ts";
export type { Records } from "./records.ts";
export { parseResolvConf, parseServer, type ResolvConf, type Server, serverText } from "./resolv_conf.ts";
export type {
  DnsEndpoint,
  DnsEndpoints,
  DnsPod,
  DnsPort,
  DnsRecords,
  DnsService,
  Protocol,
  ZoneOptions,
} from "./types.ts";
