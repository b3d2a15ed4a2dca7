/**
 * Lets pods reach the outside: what leaves the node from a pod's address takes the node's. One constant nftables table of our
 * own, so that nobody else's rules are read or touched. It matches nothing between pods.
 */
import { type NftRunner } from "../nft/mod.ts";
import { isIPv6 } from "./config.ts";

/** The table, one per address family. */
export const masqueradeTable = "islet-cni";

/** The rules as one nft transaction, which replaces what was there. Pure. */
export function masqueradeRules(podCIDRs: readonly string[], direct: readonly string[] = []): string {
  return podCIDRs.map((cidr) => {
    const family = isIPv6(cidr) ? "ip6" : "ip";
    const multicast = family === "ip6" ? "ff00::/8" : "224.0.0.0/4";
    const untouched = [cidr, multicast, ...direct.filter((other) => isIPv6(other) === isIPv6(cidr))];
    return `add table ${family} ${masqueradeTable}
delete table ${family} ${masqueradeTable}
table ${family} ${masqueradeTable} {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ${untouched.map((to) => `${family} saddr ${cidr} ${family} daddr ${to} return`).join("\n    ")}
    ${family} saddr ${cidr} masquerade
  }
}
`;
  }).join("");
}

/** Takes the rules away again. Pure. */
export function noMasqueradeRules(podCIDRs: readonly string[]): string {
  return podCIDRs.map((cidr) => isIPv6(cidr) ? "ip6" : "ip").map((family) =>
    `add table ${family} ${masqueradeTable}\ndelete table ${family} ${masqueradeTable}\n`
  ).join("");
}

/** Whether the tables of all ranges are there. */
export async function hasMasqueradeTables(nft: NftRunner, podCIDRs: readonly string[]): Promise<boolean> {
  for (const cidr of podCIDRs) {
    let isThere = false;
    const chain = () => void (isThere = true);
    await nft.readTable(isIPv6(cidr) ? "ip6" : "ip", masqueradeTable, {
      chain,
      set: () => false,
      element() {},
      restart() {},
    });
    if (!isThere) return false;
  }
  return true;
}
