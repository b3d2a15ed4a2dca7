/**
 * Gives the node a pod network where nobody else has: configuration file, IP forwarding, masquerading. A network that somebody
 * configured in `/etc/cni/net.d` is used as it is and nothing here is touched.
 */
import { join } from "node:path";
import { cniConfig, configFileName, isIPv6, type PodNetwork } from "./config.ts";
import { type NftRunner } from "../nft/mod.ts";
import { masqueradeRules, noMasqueradeRules } from "./masquerade.ts";

/** Where network add-ons put their configuration. */
export const systemConfDir = "/etc/cni/net.d";

/** What was set up: `islet check` lists it. */
export interface CniSetup {
  confDir: string;
  /** Whether the network is the default one, ours. */
  ours: boolean;
  /** Files, kernel settings and tables that are ours. */
  changes: string[];
}

/** The configuration files of a CNI directory that a runtime would read, in its order. */
export function cniFiles(dir: string): string[] {
  try {
    return [...Deno.readDirSync(dir)].filter(({ name }) => /\.(conf|conflist|json)$/.test(name))
      .map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}

/** The directory for the runtime: the system's if somebody configured a network there, else `ownDir`. */
export function chooseCniConfDir(ownDir: string, system: string = systemConfDir): string {
  return cniFiles(system).length > 0 ? system : ownDir;
}

/** Sets up the default network in `confDir` unless another one is configured there. Idempotent. */
export async function writeDefaultCni(
  nft: NftRunner,
  { confDir, direct = [], ...network }: PodNetwork & {
    confDir: string; /** Ranges reached without masquerading. */
    direct?: string[];
  },
): Promise<CniSetup> {
  if (cniFiles(confDir).some((name) => name !== configFileName)) return { confDir, ours: false, changes: [] };
  const file = join(confDir, configFileName);
  Deno.mkdirSync(confDir, { recursive: true, mode: 0o755 });
  Deno.mkdirSync(network.leaseDir, { recursive: true, mode: 0o700 });
  writeIfChanged(file, cniConfig(network));
  const sysctls = network.podCIDRs.map((cidr) => isIPv6(cidr) ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward");
  for (const name of sysctls) setSysctl(name, "1");
  await nft.run(masqueradeRules(network.podCIDRs, direct));
  return {
    confDir,
    ours: true,
    changes: [
      file,
      network.leaseDir,
      ...sysctls.map((name) => `sysctl ${name}=1`),
      ...network.podCIDRs.map((cidr) => `nftables table ${isIPv6(cidr) ? "ip6" : "ip"} islet-cni`),
    ],
  };
}

/** Takes the default network's file and rules away. */
export async function removeDefaultCni(nft: NftRunner, confDir: string, podCIDRs: string[]): Promise<void> {
  try {
    Deno.removeSync(join(confDir, configFileName));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await nft.run(noMasqueradeRules(podCIDRs));
}

function setSysctl(name: string, value: string): void {
  const file = `/proc/sys/${name.replaceAll(".", "/")}`;
  try {
    if (Deno.readTextFileSync(file).trim() !== value) Deno.writeTextFileSync(file, value);
  } catch (cause) {
    throw new Error(`Cannot set ${name} to ${value}`, { cause });
  }
}

function writeIfChanged(file: string, text: string): void {
  try {
    if (Deno.readTextFileSync(file) === text) return;
  } catch { /* not there yet */ }
  Deno.writeTextFileSync(`${file}.new`, text, { mode: 0o644 });
  Deno.renameSync(`${file}.new`, file);
}
