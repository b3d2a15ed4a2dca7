/**
 * Service addresses that the node itself answers on: they lie on `lo`, so that pods and the node reach them without a
 * proxy. Where clients know another port than the one that is listened on, a rule leads to that: a listener on 443 of any
 * one address would keep pods in the node's network from listening on 443 of all.
 *
 * What is held is written in a table of our own, from which it is known again.
 */
import { runProgram } from "./child.ts";
import { type NftRunner } from "./nft/mod.ts";

/** The table, one per address family. */
export const ownAddressTable = "islet-own";

export interface OwnAddress {
  address: string;
  /** The TCP port that clients know, and the one that is listened on. */
  redirect?: { port: number; target: number };
}

const familyOf = (address: string) => address.includes(":") ? "ip6" : "ip";
const families = ["ip", "ip6"] as const;

/**
 * The rules as one nft transaction, which replaces what was there. Where the addresses of pods are known, nobody but them and
 * the node itself gets through to what is held: a neighbour on the network that sends to a service address is dropped. Pure.
 */
export function ownAddressRules(held: readonly OwnAddress[], podCIDRs: readonly string[] = []): string {
  return families.map((family) => {
    const own = held.filter(({ address }) => familyOf(address) === family);
    if (own.length === 0) return "";
    const rules = own.flatMap(({ address, redirect }) => {
      if (!redirect) return [];
      const to = family === "ip6" ? `[${address}]:${redirect.target}` : `${address}:${redirect.target}`;
      return [`    ${family} daddr ${address} tcp dport ${redirect.port} dnat to ${to}\n`];
    }).join("");
    // before those of CNI's portmap, which takes every address of the node for its hostPorts
    const chain = (name: string, priority: string) =>
      `  chain ${name} {\n    type nat hook ${name} priority ${priority};\n${rules}  }\n`;
    const pods = podCIDRs.filter((cidr) => familyOf(cidr) === family);
    const guard = pods.length === 0 ? "" : "  chain guard {\n    type filter hook input priority filter;\n" +
      `    iifname != "lo" ${family} daddr @held ${family} saddr != { ${pods.join(", ")} } drop\n  }\n`;
    const type = family === "ip6" ? "ipv6_addr" : "ipv4_addr";
    const elements = own.map(({ address }) => address).join(", ");
    return `${noTable(family)}table ${family} ${ownAddressTable} {\n` +
      `  set held {\n    type ${type};\n    elements = { ${elements} }\n  }\n` +
      `${chain("prerouting", "dstnat - 10")}${chain("output", "-110")}${guard}}\n`;
  }).join("");
}

/** Holds these addresses, and no others that were held before. Idempotent. @throws where `ip` or nftables refuses. */
export async function holdAddresses(
  nft: NftRunner,
  held: readonly OwnAddress[],
  podCIDRs: readonly string[] = [],
): Promise<void> {
  const before = await heldAddresses(nft), there = loopbackAddresses();
  const addresses = held.map(({ address }) => address);
  for (const address of before) if (!addresses.includes(address)) await removeAddress(address);
  for (const address of addresses) if (!there.has(address)) await addAddress(address);
  const gone = families.filter((family) =>
    before.some((address) => familyOf(address) === family) && !addresses.some((each) => familyOf(each) === family)
  );
  await nft.run(ownAddressRules(held, podCIDRs) + gone.map(noTable).join(""));
}

/** Lets go of all that is held. */
export async function releaseAddresses(nft: NftRunner): Promise<void> {
  const held = await heldAddresses(nft);
  for (const address of held) await removeAddress(address);
  const tables = families.filter((family) => held.some((address) => familyOf(address) === family));
  if (tables.length > 0) await nft.run(tables.map(noTable).join(""));
}

function noTable(family: string): string {
  return `add table ${family} ${ownAddressTable}\ndelete table ${family} ${ownAddressTable}\n`;
}

async function heldAddresses(nft: NftRunner): Promise<string[]> {
  const sets = await Promise.all(families.map((family) => nft.readElements(family, ownAddressTable, "held")));
  return sets.flatMap((set) => [...set.keys()]);
}

/** Addresses on `lo` that are ranges of one. */
function loopbackAddresses(): Set<string> {
  const alone = ["255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"];
  const all = Deno.networkInterfaces().filter(({ name, netmask }) => name === "lo" && alone.includes(netmask));
  return new Set(all.map(({ address }) => address));
}

const onLoopback = (address: string) => [`${address}/${address.includes(":") ? 128 : 32}`, "dev", "lo"];

async function addAddress(address: string): Promise<void> {
  const args = ["address", "replace", ...onLoopback(address)];
  const { success, stderr } = await runProgram("ip", { args });
  if (!success) throw new Error(`Cannot run ip ${args.join(" ")}: ${stderr.trim()}`);
}

async function removeAddress(address: string): Promise<void> {
  // gone already: that is what is wanted
  await runProgram("ip", { args: ["address", "delete", ...onLoopback(address)] });
}
