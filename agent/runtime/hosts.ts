/**
 * The text of a pod's /etc/hosts. A pod with a network of its own gets a file of ours; one on the node's network gets the
 * node's file. Both end with `spec.hostAliases`.
 */
import type { HostAlias, Pod } from "../objects/mod.ts";
import { podHostname } from "./hostname.ts";

export interface HostsContext {
  clusterDomain: string;
  /** The pod's addresses, primary first. */
  podIPs: readonly string[];
  /** The node's /etc/hosts, for pods on its network. */
  nodeHosts: string;
}

const localNames = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::0\tip6-localnet",
  "fe00::0\tip6-mcastprefix",
  "fe00::1\tip6-allnodes",
  "fe00::2\tip6-allrouters",
];

/** The file's whole text. */
export function hostsFile(pod: Pod, context: HostsContext): string {
  const aliases = hostAliasLines(pod.spec.hostAliases);
  if (pod.spec.hostNetwork) {
    const node = context.nodeHosts;
    const end = node === "" || node.endsWith("\n") ? "" : "\n";
    return `# Kubernetes-managed hosts file (host network).\n${node}${end}${aliases}`;
  }
  const { hostname, domain } = podHostname(pod, context.clusterDomain);
  const names = domain ? `${hostname}.${domain}\t${hostname}` : hostname;
  const own = context.podIPs.map((ip) => `${ip}\t${names}`);
  return ["# Kubernetes-managed hosts file.", ...localNames, ...own].join("\n") + "\n" + aliases;
}

function hostAliasLines(aliases: readonly HostAlias[] = []): string {
  if (aliases.length === 0) return "";
  const lines = aliases.map(({ ip, hostnames = [] }) => [ip, ...hostnames].join("\t") + "\n");
  return "\n# Entries added by HostAliases.\n" + lines.join("");
}
