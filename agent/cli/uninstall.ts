/** `islet uninstall`: ends the pods and takes away what `islet install` made; data only after a question. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadConfig, type NodeConfig, thisHost } from "../config/mod.ts";
import {
  containerdService,
  isletService,
  places,
  removeNode,
  type RemoveNodeOptions,
  systemctl,
} from "../install/mod.ts";
import { logindDropIn } from "../systemd/logind.ts";
import { createLogger } from "../telemetry/log.ts";
import { describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { print } from "./output.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  { name: "yes", short: "y", help: "remove data without a question" },
  { name: "keep-data", help: "keep configuration, manifests, images, volumes and the store" },
  { name: "root", value: "DIR", help: "take it out of a system's tree below DIR" },
  { name: "dry-run", help: "say what would be done, do nothing" },
];

export async function uninstall(args: string[]): Promise<number> {
  const given = parseArguments(args, flags);
  if (given.help) {
    print(describeVerb(
      "uninstall [--yes | --keep-data] [--root DIR]",
      "Ends all pods and removes islet from this machine: service, units, program, and, after a question, its data.",
      flags,
    ));
    return 0;
  }
  if (given.words.length > 0) throw new UsageError(`unexpected argument ${JSON.stringify(given.words[0])}`);
  const keepData = given.is("keep-data");
  if (keepData && given.is("yes")) throw new UsageError("--yes and --keep-data exclude each other");
  const prefix = (given.get("root") ?? "").replace(/\/+$/, "");
  const live = given.get("root") === undefined;
  const dryRun = given.is("dry-run");
  if (Deno.uid() !== 0 && !dryRun && live) throw new Error("Cannot uninstall as another user than root");
  const config = await configured(prefix);
  const data = dataOf(config).filter((path) => existsSync(prefix + path));
  if (!keepData && !given.is("yes") && !dryRun && data.length > 0 && !agreed(data.map((path) => prefix + path))) {
    print("Nothing was removed. --keep-data removes all but these.");
    return 1;
  }

  const systemd = live && thisHost.systemd();
  const step = async (what: string, work: () => Promise<unknown>) => {
    print(`▸ ${what}`);
    if (!dryRun) await work();
  };
  const unit = (name: string) => join(places.units, name);
  if (systemd && existsSync(unit(isletService))) {
    await step(`stopping ${isletService}`, () => systemctl("stop", isletService));
  }
  if (live) await endNode(config, keepData, dryRun);
  if (systemd && existsSync(unit(containerdService))) {
    await step(`stopping ${containerdService}`, () => systemctl("stop", containerdService));
  }
  const parts = [
    places.enabled,
    unit(isletService),
    unit(containerdService),
    places.program,
    ...live ? [logindDropIn] : [],
  ];
  for (const path of [...parts, ...keepData ? [] : data]) {
    if (!existsSync(prefix + path) && !isLink(prefix + path)) continue;
    await step(`removing ${prefix}${path}`, () => Deno.remove(prefix + path, { recursive: true }));
  }
  if (systemd) {
    await step("systemd reads its units", async () => {
      await systemctl("daemon-reload");
      await systemctl("reset-failed", isletService, containerdService).catch(() => {}); // nothing of theirs failed
      await systemctl("kill", "--kill-who=main", "--signal=HUP", "systemd-logind.service").catch(() => {});
    });
  }
  if (!dryRun) print(keepData ? `\nRemoved. Kept: ${data.join(" ")}` : "\nRemoved.");
  return 0;
}

/** Of a configuration that cannot be read any more, the places where everything is by default. */
async function configured(prefix: string): Promise<NodeConfig> {
  const file = prefix + places.config;
  const loaded = existsSync(file) ? await loadConfig({ file }) : await loadConfig();
  const config = loaded.config ?? (await loadConfig()).config;
  if (!config) throw new Error(`Cannot read the configuration: ${loaded.errors?.join("\n")}`);
  if (!loaded.config) print(`! ${file} cannot be read; what it named in other places is left`);
  return config;
}

function dataOf({ rootDir, staticPodPath }: NodeConfig): string[] {
  const manifests = staticPodPath && !staticPodPath.startsWith(places.configDir + "/") ? [staticPodPath] : [];
  return [rootDir, places.configDir, ...manifests];
}

/** Asks on a terminal; without one the answer is no. */
function agreed(data: readonly string[]): boolean {
  print(`This ends all pods of this node and removes for good: ${data.join(" ")}`);
  if (!Deno.stdin.isTerminal()) {
    print("There is no terminal to ask on: say --yes.");
    return false;
  }
  return prompt("Go on? [y/N]")?.trim().toLowerCase() === "y";
}

async function endNode(config: NodeConfig, keepData: boolean, dryRun: boolean): Promise<void> {
  const { rootDir, runDir, runtime, cgroupDriver, cgroupRoot, podCIDRs } = config;
  if (dryRun) return print("▸ ending the pods and the network of the node");
  const owner = existsSync(join(rootDir, "owner")) ? Deno.readTextFileSync(join(rootDir, "owner")).trim() : "";
  const external = runtime.mode === "external" ? { endpoint: runtime.endpoint, owner } : undefined;
  if (external && !owner) return print("! no pods are ended: nothing says which of the runtime's pods are this node's");
  const options: RemoveNodeOptions = {
    rootDir,
    runDir,
    ...(external ? { external } : {}),
    cgroup: cgroupDriver === "systemd" ? "kubepods.slice" : join(cgroupRoot, "kubepods").slice(1),
    podCIDRs,
    keepData,
    log: createLogger({ level: "warn" }),
    onProgress: (message) => print(`▸ ${message}`),
  };
  await removeNode(options);
}

function isLink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch {
    return false;
  }
}
