/**
 * `islet install`: the program, its units, configuration and manifest directory, enabled and started. What is right
 * already is left alone, so that it can be said again and again, and after a new binary has come.
 */
import { existsSync } from "node:fs";
import { loadConfig, type NodeConfig, thisHost } from "../config/mod.ts";
import {
  applyPart,
  containerdService,
  defaultConfig,
  installation,
  isletService,
  places,
  systemctl,
  unitProperty,
} from "../install/mod.ts";
import { describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { print } from "./output.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  { name: "root", value: "DIR", help: "install into a system's tree below DIR; nothing is started" },
  { name: "dry-run", help: "say what would be done, do nothing" },
  { name: "no-start", help: "install only; the next boot starts it" },
  { name: "force", help: "go on although islet check finds that something is missing" },
];

export async function install(args: string[]): Promise<number> {
  const given = parseArguments(args, flags);
  if (given.help) {
    print(describeVerb(
      "install [--root DIR] [--dry-run]",
      `Installs this program as a service of systemd: ${places.program}, the units islet and islet-containerd,\n` +
        `${places.config} (kept if it is there) and ${places.manifests}, where manifests of pods go.\n` +
        "Pods that run go on. Say it again after an update: it changes what has changed.",
      flags,
    ));
    return 0;
  }
  if (given.words.length > 0) throw new UsageError(`unexpected argument ${JSON.stringify(given.words[0])}`);
  const prefix = (given.get("root") ?? "").replace(/\/+$/, "");
  const dryRun = given.is("dry-run");
  const live = given.get("root") === undefined;
  if (live) requireSystemd();
  if (Deno.uid() !== 0 && !dryRun && live) {
    throw new Error("Cannot install as another user than root: sudo islet install");
  }
  const config = await configured(prefix);
  if (live && !given.is("force")) await requireParts(config);

  const { standalone } = Deno.build as { standalone?: boolean };
  const program = standalone ? Deno.execPath() : undefined;
  if (!program && !existsSync(prefix + places.program)) {
    const how = 'compile it with "deno task compile" and say dist/islet install';
    if (live && !dryRun) throw new Error(`Cannot install islet from source: ${how}`);
    print(`▸ ${places.program}: left out, this is not the compiled program; ${how}`);
  }
  const changed = new Set<string>();
  for (const part of installation(config)) {
    if (part.type === "program" && !program) continue;
    const outcome = await applyPart(part, { prefix, dryRun, program });
    print(`${outcome.endsWith("as it is") ? " " : "▸"} ${prefix}${part.path}: ${outcome}`);
    if (outcome === "made" || outcome === "changed") changed.add(part.path);
  }
  if (!live) return 0;
  const step = async (what: string, ...words: string[]) => {
    print(`▸ ${what}`);
    if (!dryRun) await systemctl(...words);
  };
  if ([...changed].some((path) => path.startsWith(places.units))) {
    await step("systemd reads its units", "daemon-reload");
  }
  if (changed.has(`${places.units}/${containerdService}`)) {
    print(`  ${containerdService} is started by islet; a change of it holds from its next start on`);
  }
  const active = await unitProperty(isletService, "ActiveState") === "active";
  const renewed = [places.program, `${places.units}/${isletService}`].some((path) => changed.has(path));
  if (given.is("no-start")) print(`  ${isletService} is not started; "systemctl start islet" does that`);
  else if (!active) await step(`${isletService} starts`, "start", isletService);
  else if (renewed) await step(`${isletService} starts anew; its pods run on`, "restart", isletService);
  else print(`  ${isletService}: runs`);
  if (!dryRun) {
    print(
      `\nInstalled. Put manifests into ${config.staticPodPath}; see "systemctl status islet", "journalctl -u islet".`,
    );
  }
  return 0;
}

/** What the configuration that is there says, or the one that is going to be. */
async function configured(prefix: string): Promise<NodeConfig> {
  const file = prefix + places.config;
  const given = existsSync(file) ? { file } : { file: places.config, readFile: () => Promise.resolve(defaultConfig) };
  const loaded = await loadConfig({ ...given, host: { ...thisHost, systemd: () => true } });
  if (!loaded.config) throw new Error(`Cannot install with this configuration: ${loaded.errors.join("\n")}`);
  return loaded.config;
}

function requireSystemd(): void {
  if (thisHost.systemd()) return;
  throw new Error(
    "Cannot install islet as a service: systemd does not run this machine (there is no /run/systemd/system).\n" +
      `Have your own init run "islet run --config ${places.config}" as root and start it again when it ends; ` +
      "SIGTERM stops it, and its pods run on.\nFor a system that is being made in a directory: islet install --root DIR",
  );
}

/** A service that cannot run is not begun: what `islet check` calls a failure is one here. */
async function requireParts(config: NodeConfig): Promise<void> {
  const [{ readMachine }, { judge }] = await Promise.all([import("./check/machine.ts"), import("./check/judge.ts")]);
  const failed = judge(await readMachine(config), config).filter(({ level }) => level === "fail");
  if (failed.length === 0) return;
  const lines = failed.map(({ what, found, mend }) => `  ${what}: ${found}${mend ? `\n    mend: ${mend}` : ""}`);
  throw new Error(
    `Cannot install: this machine cannot be a node yet (--force installs all the same):\n${lines.join("\n")}`,
  );
}
