/**
 * A pod's DNS configuration, from its policy, the node's resolv.conf and the cluster's DNS. The runtime writes it into the
 * pod's /etc/resolv.conf.
 */
import type { Pod } from "../objects/mod.ts";
import type { ConfigWarning } from "./errors.ts";
import { formatPod, namespaceOf } from "./labels.ts";

export interface ResolvConf {
  servers: string[];
  searches: string[];
  options: string[];
}

export interface DnsContext {
  /** The node's own configuration, parsed; `undefined` where `resolvConf` is configured to be empty. */
  node: ResolvConf | undefined;
  /** Addresses of the cluster's DNS; empty while there is none. */
  clusterDNS: readonly string[];
  clusterDomain: string;
}

/** The file that systemd-resolved keeps beside its stub: the servers that it asks itself. */
export const systemdResolvConf = "/run/systemd/resolve/resolv.conf";

/** What the resolver libraries take. */
const maxServers = 3;
const maxSearches = 32;
const maxSearchCharacters = 2048;
/** glibc aborts at a longer one. */
const maxSearchLength = 253;

/** With a cluster DNS: names with fewer dots are tried in the search domains first. */
const clusterOptions = ["ndots:5"];

/** Reads a resolv.conf: unknown lines are passed over, the last `search` and every `options` count. */
export function parseResolvConf(text: string): ResolvConf {
  const out: ResolvConf = { servers: [], searches: [], options: [] };
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === "nameserver" && values[0]) out.servers.push(values[0]);
    else if (keyword === "search" || keyword === "domain") {
      out.searches = values.map((name) => name === "." ? name : name.replace(/\.$/, ""));
    } else if (keyword === "options") out.options = mergeOptions(out.options, values);
  }
  return out;
}

/**
 * Whether a node's configuration names systemd-resolved's stub, which pods cannot reach: then `systemdResolvConf` is the
 * file to read.
 */
export function namesSystemdStub({ servers }: ResolvConf): boolean {
  return servers.includes("127.0.0.53");
}

/** The configuration of one pod, and the events that tell what was cut or could not be had. */
export function podDns(pod: Pod, context: DnsContext): ResolvConf & { warnings: ConfigWarning[] } {
  const warnings: ConfigWarning[] = [];
  const merged = withPodConfig(base(pod, context, warnings), pod);
  const searches = fitSearches(merged.searches, warnings);
  const servers = fitServers(merged.servers, warnings);
  return { servers, searches, options: merged.options, warnings };
}

function base(pod: Pod, { node, clusterDNS, clusterDomain }: DnsContext, warnings: ConfigWarning[]): ResolvConf {
  const policy = effectivePolicy(pod);
  if (policy === "None") return { servers: [], searches: [], options: [] };
  if (policy === "Cluster" && clusterDNS.length > 0) {
    const namespace = namespaceOf(pod);
    const own = clusterDomain ? [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain] : [];
    return {
      servers: [...clusterDNS],
      searches: unique([...own, ...node?.searches ?? []]),
      options: [...clusterOptions],
    };
  }
  if (policy === "Cluster") {
    warnings.push({
      reason: "MissingClusterDNS",
      message: `pod: ${JSON.stringify(formatPod(pod))}. islet does not have ClusterDNS IP configured and cannot ` +
        `create Pod using "ClusterFirst" policy. Falling back to "Default" policy.`,
    });
  }
  // No resolver configured for the node: look-ups are to fail at once instead of asking whatever the runtime finds.
  if (!node) return { servers: ["127.0.0.1"], searches: ["."], options: [] };
  return { servers: [...node.servers], searches: [...node.searches], options: [...node.options] };
}

function effectivePolicy(pod: Pod): "None" | "Cluster" | "Node" {
  switch (pod.spec.dnsPolicy ?? "ClusterFirst") {
    case "None":
      return "None";
    case "ClusterFirstWithHostNet":
      return "Cluster";
    case "ClusterFirst":
      return pod.spec.hostNetwork ? "Node" : "Cluster";
    case "Default":
      return "Node";
  }
}

function withPodConfig(config: ResolvConf, pod: Pod): ResolvConf {
  const own = pod.spec.dnsConfig;
  if (!own) return config;
  const options = (own.options ?? []).filter(({ name }) => name)
    .map(({ name, value }) => value ? `${name}:${value}` : name!);
  return {
    servers: unique([...config.servers, ...own.nameservers ?? []]),
    searches: unique([...config.searches, ...own.searches ?? []]),
    options: mergeOptions(config.options, options),
  };
}

function fitSearches(searches: string[], warnings: ConfigWarning[]): string[] {
  let fitting = searches.slice(0, maxSearches).filter((search) => search.length <= maxSearchLength);
  while (fitting.join(" ").length > maxSearchCharacters) fitting = fitting.slice(0, -1);
  if (fitting.length < searches.length) {
    warnings.push({
      reason: "DNSConfigForming",
      message: "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: " +
        fitting.join(" "),
    });
  }
  return fitting;
}

function fitServers(servers: string[], warnings: ConfigWarning[]): string[] {
  if (servers.length <= maxServers) return servers;
  const fitting = servers.slice(0, maxServers);
  warnings.push({
    reason: "DNSConfigForming",
    message: "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: " +
      fitting.join(" "),
  });
  return fitting;
}

/** The later of two options of one name counts: `ndots:5` and `ndots:2` make `ndots:2`. */
function mergeOptions(first: readonly string[], second: readonly string[]): string[] {
  const byName = new Map<string, string>();
  for (const option of [...first, ...second]) byName.set(option.split(":", 1)[0], option);
  return [...byName.values()];
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)];
}
