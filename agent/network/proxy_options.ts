/** What the service proxy is configured to: by settings, by what the kernel can do, by the node's addresses of the moment. Pure. */
import type { NftFeatures } from "../../net/nft/mod.ts";
import type { ProxyOptions } from "../../net/proxy/mod.ts";
import type { NodeConfig } from "../config/mod.ts";

/** In place of ranges in nodePortAddresses: the node's own address of each family. */
const primary = "primary";

type Wish = Omit<NonNullable<NodeConfig["serviceProxy"]>, "syncPeriodMs" | "conntrack">;

export function proxyOptions(
  { serviceCIDRs, podCIDRs }: Pick<NodeConfig, "serviceCIDRs" | "podCIDRs">,
  { nodePortAddresses, localhostNodePorts, algorithm, masqueradeBit, masqueradeAll }: Wish,
  { fib, sctp }: Pick<NftFeatures, "fib" | "sctp">,
  nodeAddresses: readonly string[],
): ProxyOptions {
  const ranges = nodePortAddresses?.[0] === primary
    // a machine with only `lo` has none
    ? nodeAddresses.filter((address) => !address.startsWith("127.") && address !== "::1")
    : nodePortAddresses;
  return {
    serviceCIDRs,
    podCIDRs,
    ...(ranges ? { nodePortAddresses: ranges } : {}),
    localhostNodePorts,
    algorithm,
    masqueradeBit,
    masqueradeAll,
    nodeAddresses,
    fib,
    sctp,
  };
}
