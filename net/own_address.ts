/**
 * Service addresses that the node itself answers on: they lie on `lo`, so that pods and the node reach them without a
 * proxy. Where clients know another port than the one that is listened on, a rule leads to that: a listener on 443 of any
 * one address would keep pods in the node's network from listening on 443 of all.
 *
 * What is held is written in a table of our own, from which it is known again.
 */
import { nft } from "./cni/masquerade.ts";

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

/** The addresses that a table's text names as held. Pure. */
export function addressesIn(text: string): string[] {
  const lists = [...text.matchAll(/\belements = \{([^}]*)\}/g)].map(([, list]) => list);
  return [...new Set(lists.flatMap((list) => list.match(/[0-9a-f.:]+/g) ?? []))];
}

/** Holds these addresses, and no others that were held before. Idempotent. @throws where `ip` or `nft` fails. */
export async function holdAddresses(held: readonly OwnAddress[], podCIDRs: readonly string[] = []): Promise<void> {
  const before = await heldAddresses();
  const addresses = held.map(({ address }) => address);
  for (const address of before) if (!addresses.includes(address)) await removeAddress(address);
  for (const address of addresses) {
    await run("ip", ["address", "replace", `${address}/${address.includes(":") ? 128 : 32}`, "dev", "lo"]);
  }
  const gone = families.filter((family) =>
    before.some((address) => familyOf(address) === family) && !addresses.some((each) => familyOf(each) === family)
  );
  await nft(ownAddressRules(held, podCIDRs) + gone.map(noTable).join(""));
}

/** Lets go of all that is held. */
export async function releaseAddresses(): Promise<void> {
  const held = await heldAddresses();
  for (const address of held) await removeAddress(address);
  const tables = families.filter((family) => held.some((address) => familyOf(address) === family));
  if (tables.length > 0) await nft(tables.map(noTable).join(""));
}

function noTable(family: string): string {
  return `add table ${family} ${ownAddressTable}\ndelete table ${family} ${ownAddressTable}\n`;
}

async function heldAddresses(): Promise<string[]> {
  const texts = await Promise.all(families.map(async (family) => {
    const { success, stdout } = await output("nft", ["list", "table", family, ownAddressTable]);
    return success ? stdout : "";
  }));
  return addressesIn(texts.join(""));
}

async function removeAddress(address: string): Promise<void> {
  // gone already: that is what is wanted
  await output("ip", ["address", "delete", `${address}/${address.includes(":") ? 128 : 32}`, "dev", "lo"]);
}

async function run(program: string, args: string[]): Promise<void> {
  const { success, stderr } = await output(program, args);
  if (!success) throw new Error(`Cannot run ${program} ${args.join(" ")}: ${stderr.trim()}`);
}

async function output(program: string, args: string[]) {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { success, stdout: text(stdout), stderr: text(stderr) };
  } catch (cause) {
    return { success: false, stdout: "", stderr: (cause as Error).message };
  }
}
