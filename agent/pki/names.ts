/** The names and addresses that the node's certificate is for. Pure. */

export interface ServingNames {
  dnsNames: string[];
  addresses: string[];
}

export interface NamesInput {
  nodeName: string;
  nodeAddresses: readonly string[];
  /** Where the API listens besides. */
  apiAddress: string;
  /** The addresses of Service default/kubernetes, first one first. */
  serviceAddresses: readonly string[];
  clusterDomain: string;
}

/** What clients may call this node by: loopback, its name and addresses, and Service default/kubernetes. */
export function servingNames(
  { nodeName, nodeAddresses, apiAddress, serviceAddresses, clusterDomain }: NamesInput,
): ServingNames {
  const service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  const addresses = ["127.0.0.1", "::1", ...nodeAddresses, apiAddress, ...serviceAddresses]
    .filter((address) => address !== "" && address !== "0.0.0.0" && address !== "::")
    .map(canonicalAddress);
  return {
    dnsNames: [...new Set(["localhost", nodeName, ...service, `kubernetes.default.svc.${clusterDomain}`])],
    addresses: [...new Set(addresses)],
  };
}

/** One spelling for each address. What is no address stays as it is. */
export function canonicalAddress(address: string): string {
  if (!address.includes(":")) return address;
  try {
    return new URL(`http://[${address}]/`).hostname.slice(1, -1);
  } catch {
    return address;
  }
}

/** The first address of a range such as 10.96.0.0/16: Service default/kubernetes has it. */
export function firstServiceAddress(cidr: string): string {
  return serviceAddress(cidr, 1);
}

/** The address at a place of a range: `10.96.0.10` is at 10 of 10.96.0.0/16. The range must be that long. */
export function serviceAddress(cidr: string, offset: number): string {
  const [base, length = ""] = cidr.split("/");
  const bits = Number(length);
  if (base.includes(":")) {
    const groups = expand(canonicalAddress(base));
    let value = groups.reduce((sum, group) => sum << 16n | BigInt(group), 0n);
    const host = BigInt(128 - bits);
    value = (value >> host << host) + BigInt(offset);
    const parts = Array.from({ length: 8 }, (_, i) => (value >> BigInt(112 - 16 * i) & 0xffffn).toString(16));
    return canonicalAddress(parts.join(":"));
  }
  const value = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - bits);
  const first = Math.floor(value / size) * size + offset;
  return [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".");
}

function expand(address: string): number[] {
  const [head, tail] = address.split("::");
  const read = (text: string | undefined) => text ? text.split(":").map((group) => parseInt(group, 16)) : [];
  const [left, right] = [read(head), read(tail)];
  return [...left, ...Array(8 - left.length - right.length).fill(0), ...right];
}

/** Whether two lists hold the same, in any order. */
export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && new Set([...a, ...b]).size === a.length;
}
