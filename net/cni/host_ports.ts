/**
 * hostPorts after somebody has flushed all rules: those of CNI's portmap plugin are set once, when a sandbox is made, and nobody
 * else would set them again. The runtime keeps what it asked of the plugins (libcni's cache); the plugin is asked the same once
 * more, which changes nothing where its rules are still there.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { networkName } from "./config.ts";
import { leases } from "./leases.ts";

/** Where libcni keeps what was asked for each attachment. */
export const cacheDir = "/var/lib/cni/results";
const interfaceName = "eth0";

/** What libcni has written, as far as it matters here (`cniCacheV1`). */
interface Attachment {
  containerId: string;
  /** The configuration list, base64. */
  config: string;
  capabilityArgs?: { portMappings?: unknown[] };
  result: { interfaces?: { sandbox?: string }[] };
}

interface PluginList {
  cniVersion: string;
  name: string;
  plugins: { type: string }[];
}

/** A call of the plugin: its standard input and the variables of its environment. */
export interface PortmapCall {
  input: string;
  netns: string;
  env: Record<string, string>;
}

/** How portmap is asked again for an attachment; undefined where it has no hostPorts. Pure. */
export function portmapCall(cached: string, binDir: string): PortmapCall | undefined {
  const { containerId, config, capabilityArgs, result } = JSON.parse(cached) as Attachment;
  const portMappings = capabilityArgs?.portMappings ?? [];
  const netns = result.interfaces?.find(({ sandbox }) => sandbox)?.sandbox;
  if (portMappings.length === 0 || !netns) return undefined;
  const { cniVersion, name, plugins } = JSON.parse(atob(config)) as PluginList;
  const plugin = plugins.find(({ type }) => type === "portmap");
  if (!plugin) return undefined;
  return {
    input: JSON.stringify({ ...plugin, cniVersion, name, runtimeConfig: { portMappings }, prevResult: result }),
    netns,
    env: {
      CNI_COMMAND: "ADD",
      CNI_CONTAINERID: containerId,
      CNI_NETNS: netns,
      CNI_IFNAME: interfaceName,
      CNI_PATH: binDir,
    },
  };
}

/** Sets the rules of all sandboxes of the default network that have hostPorts; returns how many these are. */
export async function restoreHostPorts({ leaseDir, binDir }: { leaseDir: string; binDir: string }): Promise<number> {
  let count = 0;
  for (const sandboxId of new Set(leases(leaseDir).map(({ sandboxId }) => sandboxId))) {
    const file = join(cacheDir, `${networkName}-${sandboxId}-${interfaceName}`);
    const call = existsSync(file) ? portmapCall(readFileSync(file, "utf8"), binDir) : undefined;
    if (!call || !existsSync(call.netns)) continue;
    await run(join(binDir, "portmap"), call);
    count++;
  }
  return count;
}

async function run(program: string, { input, env }: PortmapCall): Promise<void> {
  const child = new Deno.Command(program, { env, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (success) return;
  // a plugin tells of errors on its standard output (CNI specification, "Error")
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim()).filter(Boolean).join("; ");
  throw new Error(`Cannot set the rules of hostPorts: ${said}`);
}
