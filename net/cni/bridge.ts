/**
 * Networks that put pods on a bridge. What goes from one port of a bridge to another never meets the node's network stack, so
 * that the answer of a Service's endpoint would come back from an address that the client has never asked: the module
 * br_netfilter makes bridged packets pass the rules. A pod that reaches itself through its Service needs its port to send back
 * what came from it (`hairpinMode`).
 *
 * Source: https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/network-plugins/
 */
import { join } from "node:path";

/** What a directory's first network does with bridges. */
export interface BridgeUse {
  file: string;
  /** Whether the plugin is told to send packets back to where they came from. */
  hairpin: boolean;
}

/** The bridge in a network configuration (list), if it has one. What is no configuration has none. Pure. */
export function bridgeIn(text: string): { hairpin: boolean } | undefined {
  let config: { type?: unknown; plugins?: unknown; hairpinMode?: unknown };
  try {
    config = JSON.parse(text);
  } catch {
    return undefined;
  }
  const plugins = Array.isArray(config?.plugins) ? config.plugins : [config];
  const bridge = plugins.find((plugin) => plugin?.type === "bridge");
  return bridge && { hairpin: bridge.hairpinMode === true };
}

/** The bridge of the network that a runtime takes from a directory: its first file, by name. */
export function bridgeOf(confDir: string, files: readonly string[]): BridgeUse | undefined {
  const [first] = files;
  if (first === undefined) return undefined;
  const file = join(confDir, first);
  try {
    const bridge = bridgeIn(Deno.readTextFileSync(file));
    return bridge && { file, ...bridge };
  } catch {
    return undefined;
  }
}

const directory = "/proc/sys/net/bridge";
const settings = ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"] as const;

/** The settings by which bridged packets would have to pass the rules and do not; all of them without the module. */
export function missingBridgeSettings(dir = directory): string[] {
  return settings.filter((name) => {
    try {
      return Deno.readTextFileSync(join(dir, name)).trim() !== "1";
    } catch {
      return true;
    }
  });
}

/** Loads br_netfilter and turns it on. @returns what was set. @throws where that cannot be done. */
export async function filterBridges(dir = directory): Promise<string[]> {
  const missing = missingBridgeSettings(dir);
  if (missing.length === 0) return [];
  // without the module there is no directory; a kernel that has it built in needs no modprobe
  try {
    await new Deno.Command("modprobe", { args: ["br_netfilter"], stdin: "null", stdout: "null", stderr: "null" })
      .output();
  } catch { /* there is no modprobe: writing tells */ }
  for (const name of missing) Deno.writeTextFileSync(join(dir, name), "1");
  return missing.map((name) => `sysctl net.bridge.${name}=1`);
}
