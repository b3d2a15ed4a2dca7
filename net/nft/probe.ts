/** What this machine's kernel and nft can do, asked once. */
import { type NftRunner } from "./runner.ts";

export interface NftFeatures {
  /** Of the nft program, `1.0.6`; undefined without one. */
  nft?: string;
  kernel: string;
  /** Whether rules can ask the routing table which addresses are the node's. */
  fib: boolean;
  /** Whether SCTP connections are tracked. */
  sctp: boolean;
  ipv6: boolean;
  /** What is too old or lacking, in words for a person; the first kind keeps the proxy from working at all. */
  problems: { fatal: boolean; message: string }[];
}

/** The oldest that the layout of the tables works with. */
export const oldest = { nft: "1.0.6", kernel: "5.13" } as const;

/** What the probes found, before it is judged. */
export interface Found {
  nft?: string;
  kernel: string;
  fib: boolean;
  sctp: boolean;
  ipv6: boolean;
}

/** Judges what was found. Pure. */
export function judgeFeatures(found: Found): NftFeatures {
  const problems: NftFeatures["problems"] = [];
  const say = (fatal: boolean, message: string) => problems.push({ fatal, message });
  if (found.nft === undefined) say(true, 'nft is not installed: "apt-get install nftables"');
  else if (isOlder(found.nft, oldest.nft)) say(true, `nft ${found.nft} is older than ${oldest.nft}`);
  if (isOlder(found.kernel, oldest.kernel)) say(true, `kernel ${found.kernel} is older than ${oldest.kernel}`);
  if (!found.fib) {
    say(false, "the kernel lacks nft_fib: node ports answer on the addresses that are configured, not on all");
  }
  if (!found.sctp) say(false, "the kernel does not track SCTP: SCTP ports of services are left out");
  if (!found.ipv6) say(false, "the kernel has no IPv6: IPv6 addresses of services are left out");
  return { ...found, problems };
}

/** Asks this machine. */
export async function probeFeatures(runner: NftRunner): Promise<NftFeatures> {
  return judgeFeatures({
    nft: await nftVersion(),
    kernel: Deno.osRelease(),
    fib: await takes(runner, "fib daddr type local"),
    sctp: exists("/proc/sys/net/netfilter/nf_conntrack_sctp_timeout_established"),
    ipv6: exists("/proc/net/if_inet6"),
  });
}

/** Whether version `a` is older than `b`, by their leading numbers. */
export function isOlder(a: string, b: string): boolean {
  const numbers = (version: string) => (/^\d+(\.\d+)*/.exec(version)?.[0] ?? "0").split(".").map(Number);
  const left = numbers(a), right = numbers(b);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    if ((left[i] ?? 0) !== (right[i] ?? 0)) return (left[i] ?? 0) < (right[i] ?? 0);
  }
  return false;
}

async function nftVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command("nft", { args: ["--version"], stdin: "null" }).output();
    return /v(\d+(?:\.\d+)+)/.exec(new TextDecoder().decode(stdout))?.[1];
  } catch {
    return undefined;
  }
}

/** Whether the kernel takes a rule: in a table that is gone with the same transaction. */
async function takes(runner: NftRunner, rule: string): Promise<boolean> {
  const table = "ip islet-probe";
  try {
    await runner.run(
      `add table ${table}\nadd chain ${table} c\nadd rule ${table} c ${rule} accept\ndelete table ${table}\n`,
    );
    return true;
  } catch {
    return false;
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
