/**
 * The default pod network as CNI plugin configuration. Pure.
 *
 * `ptp` gives each pod a routed link of its own instead of a port on a bridge: replies between two pods always pass the node's
 * network stack, so that service addresses work without bridge-nf-call-iptables. `host-local` hands out addresses, and
 * `portmap` serves hostPorts. The runtime adds the loopback interface itself. Traffic to the outside is masqueraded by one
 * constant rule (see masquerade.ts) and not by the plugin, which would run iptables several times for every pod.
 */

export interface PodNetwork {
  /** Address ranges of the node's pods: one, or one IPv4 and one IPv6. */
  podCIDRs: string[];
  /** Where host-local keeps its leases; lost with a reboot, as the pods' networks are. */
  leaseDir: string;
  /** Of the pods' interfaces; default: the kernel's. */
  mtu?: number;
}

/** The network's name: of the lease directory and of the configuration file. */
export const networkName = "islet";

/** The file that islet writes; the name sorts late, so that any other network's file comes first. */
export const configFileName = "90-islet.conflist";

/** The network configuration list as text. Throws where an address range is none. */
export function cniConfig({ podCIDRs, leaseDir, mtu }: PodNetwork): string {
  for (const cidr of podCIDRs) checkCIDR(cidr);
  return JSON.stringify(
    {
      cniVersion: "1.0.0",
      name: networkName,
      plugins: [
        {
          type: "ptp",
          ipMasq: false,
          ...(mtu === undefined ? {} : { mtu }),
          ipam: {
            type: "host-local",
            dataDir: leaseDir,
            ranges: podCIDRs.map((subnet) => [{ subnet }]),
            routes: podCIDRs.map((cidr) => ({ dst: isIPv6(cidr) ? "::/0" : "0.0.0.0/0" })),
          },
        },
        { type: "portmap", capabilities: { portMappings: true }, snat: true },
      ],
    },
    undefined,
    2,
  ) + "\n";
}

export function isIPv6(address: string): boolean {
  return address.includes(":");
}

function checkCIDR(cidr: string): void {
  const match = isIPv6(cidr) ? /^[0-9a-fA-F:.]+\/(\d+)$/.exec(cidr) : /^(?:\d{1,3}\.){3}\d{1,3}\/(\d+)$/.exec(cidr);
  // host-local needs addresses for the network, the gateway and at least one pod
  const bits = match ? Number(match[1]) : NaN;
  if (!(bits > 0 && bits <= (isIPv6(cidr) ? 126 : 30))) {
    throw new Error(`Cannot set up the pod network: ${JSON.stringify(cidr)} is not a range of pod addresses`);
  }
}
