/**
 * Service addresses that the node itself answers on: they lie on `lo`, so that pods and the node reach them without a
 * proxy, and a well-known port of theirs leads to the one that is listened on. The port itself stays free: a listener on
 * 443 of any one address would keep pods in the node's network from listening on 443 of all.
 *
 * What is held is written in a table of our own, from which it is known again.
 */
import { nft } from "./cni/masquerade.ts";

/** The table, one per address family. */
export const ownAddressTable = "islet-own";

export interface OwnAddresses {
  addresses: readonly string[];
  /** The port that clients know. */
  port: number;
  /** The port that is listened on. */
  target: number;
}

const familyOf = (address: string) => address.includes(":") ? "ip6" : "ip";
const families = ["ip", "ip6"] as const;

/** The rules as one nft transaction, which replaces what was there. Pure. */
export function ownAddressRules({ addresses, port, target }: OwnAddresses): string {
  return [...new Set(addresses.map(familyOf))].map((family) => {
    const rules = addresses.filter((address) => familyOf(address) === family).map((address) => {
      const to = family === "ip6" ? `[${address}]:${target}` : `${address}:${target}`;
      return `    ${family} daddr ${address} tcp dport ${port} dnat to ${to}`;
    }).join("\n");
    // before those of CNI's portmap, which takes every address of the node for its hostPorts
    const chain = (name: string, priority: string) =>
      `  chain ${name} {\n    type nat hook ${name} priority ${priority};\n${rules}\n  }\n`;
    return `add table ${family} ${ownAddressTable}\ndelete table ${family} ${ownAddressTable}\n` +
      `table ${family} ${ownAddressTable} {\n${chain("prerouting", "dstnat - 10")}${chain("output", "-110")}}\n`;
  }).join("");
}

/** The addresses that a table's text names. Pure. */
export function addressesIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\bip6? daddr ([0-9a-f.:]+) tcp dport/g)].map(([, address]) => address))];
}

/** Holds these addresses, and no others that were held before. Idempotent. @throws where `ip` or `nft` fails. */
export async function holdAddresses(held: OwnAddresses): Promise<void> {
  const before = await heldAddresses();
  for (const address of before) if (!held.addresses.includes(address)) await removeAddress(address);
  for (const address of held.addresses) {
    await run("ip", ["address", "replace", `${address}/${address.includes(":") ? 128 : 32}`, "dev", "lo"]);
  }
  const gone = families.filter((family) =>
    before.some((address) => familyOf(address) === family) && !held.addresses.some((each) => familyOf(each) === family)
  );
  await nft(ownAddressRules(held) + gone.map(noTable).join(""));
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
