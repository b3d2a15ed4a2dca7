/**
 * hostPorts after somebody has flushed all rules: those of CNI's portmap plugin are set once, when a sandbox is made, and nobody
 * else would set them again. The runtime keeps what it asked of the plugins (libcni's cache); the plugin is asked the same once
 * more, which changes nothing where its rules are still there.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "../child.ts";
import { networkName } from "./config.ts";
import { leases } from "./leases.ts";

/** Where libcni keeps what was asked for each attachment. */
const libcniResults = "/var/lib/cni/results";
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

export interface Restored {
  /** How many sandboxes have the rules of their hostPorts again. */
  count: number;
  /** What kept others from that, each naming its sandbox. */
  problems: string[];
}

/** Sets the rules of all sandboxes of the default network that have hostPorts. One of which that fails holds back no other. */
export async function restoreHostPorts(
  { leaseDir, binDir, cacheDir = libcniResults }: { leaseDir: string; binDir: string; cacheDir?: string },
): Promise<Restored> {
  const restored: Restored = { count: 0, problems: [] };
  for (const sandboxId of new Set(leases(leaseDir).map(({ sandboxId }) => sandboxId))) {
    const file = join(cacheDir, `${networkName}-${sandboxId}-${interfaceName}`);
    try {
      const call = existsSync(file) ? portmapCall(readFileSync(file, "utf8"), binDir) : undefined;
      if (!call || !existsSync(call.netns)) continue;
      await run(join(binDir, "portmap"), call);
      restored.count++;
    } catch (err) {
      restored.problems.push(`Cannot set the rules of hostPorts of sandbox ${sandboxId}: ${(err as Error).message}`);
    }
  }
  return restored;
}

async function run(program: string, { input, env }: PortmapCall): Promise<void> {
  const { success, stdout, stderr } = await runProgram(program, { env, input });
  if (success) return;
  // a plugin tells of errors on its standard output (CNI specification, "Error")
  throw new Error(`portmap says: ${[stdout, stderr].map((text) => text.trim()).filter(Boolean).join("; ")}`);
}
