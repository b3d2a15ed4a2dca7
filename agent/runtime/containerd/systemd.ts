/**
 * Starting containerd as a systemd unit: the one that `islet install` wrote, or else a transient one. A process that merely left our session would still sit in our unit's cgroup,
 * and `systemctl restart islet` kills all of that.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import type { ContainerdPaths } from "./config.ts";
import { defaultRootDir, runDirOf } from "./paths.ts";

export interface UnitOptions {
  unit: string;
  args: string[];
  env: Record<string, string>;
  log: string;
  /** Whether the machine lets us lower an oom_score_adj. */
  lowerOom: boolean;
}

/** Whether a systemd can start programs for us: it is the machine's init and sees the network that we see. */
export function underSystemd(): boolean {
  try {
    return Deno.statSync("/run/systemd/system").isDirectory &&
      Deno.readLinkSync("/proc/1/ns/net") === Deno.readLinkSync("/proc/self/ns/net");
  } catch {
    return false;
  }
}

const plainName = "islet-containerd.service";
const installedUnit = `/etc/systemd/system/${plainName}`;

/** Whether the unit that `islet install` wrote is for this node. */
export function installedFor({ config }: Pick<ContainerdPaths, "config">, unit = installedUnit): boolean {
  return existsSync(unit) &&
    Deno.readTextFileSync(unit).split("\n").includes(`ExecStart=containerd --config ${config}`);
}

/** `islet-containerd`, with a suffix for a node that is not the machine's default one, or not the one installed. */
export function unitName(paths: Pick<ContainerdPaths, "socket" | "config">, unit = installedUnit): string {
  if (paths.socket.startsWith(runDirOf(defaultRootDir) + "/") && !existsSync(unit)) return plainName;
  return `islet-containerd-${createHash("sha256").update(paths.config).digest("hex").slice(0, 8)}.service`;
}

/** The arguments of systemd-run. Pure. */
export function unitArguments({ unit, args, env, log, lowerOom }: UnitOptions): string[] {
  const properties = [
    "Description=containerd of islet",
    "Delegate=yes",
    "KillMode=process", // containers are in cgroups of their own, their shims in this one: they stay
    "TasksMax=infinity",
    "LimitNOFILE=1048576",
    "LimitCORE=infinity",
    ...(lowerOom ? ["OOMScoreAdjust=-999"] : []),
    `StandardOutput=append:${log}`,
    `StandardError=append:${log}`,
  ];
  return [
    `--unit=${unit}`,
    "--collect", // a failed unit does not stay in the way of the next start
    "--quiet",
    ...properties.map((property) => `--property=${property}`),
    ...Object.entries(env).map(([name, value]) => `--setenv=${name}=${value}`),
    "containerd",
    ...args,
  ];
}

/** Starts a transient unit and returns its main process. */
export async function startUnit(options: UnitOptions): Promise<number> {
  await run("systemd-run", unitArguments(options));
  return await mainProcess(options.unit, options.log);
}

/** Starts the unit that `islet install` wrote and returns its main process. */
export async function startInstalled(
  { environment, log }: Pick<ContainerdPaths, "environment" | "log">,
  env: Record<string, string>,
): Promise<number> {
  Deno.writeTextFileSync(environment, environmentText(env), { mode: 0o600 });
  await run("systemctl", ["start", plainName]);
  return await mainProcess(plainName, log);
}

/** As systemd's EnvironmentFile= reads it. Pure. */
export function environmentText(env: Record<string, string>): string {
  return Object.entries(env).map(([name, value]) => `${name}="${value.replaceAll(/["\\$`]/g, "\\$&")}"\n`).join("");
}

async function mainProcess(unit: string, log: string): Promise<number> {
  const shown = await run("systemctl", ["show", "--property=MainPID", "--value", unit]);
  const pid = Number(shown.trim());
  if (!(pid > 0)) throw new Error(`Cannot start containerd: ${unit} has no main process; see ${log}`);
  return pid;
}

async function run(program: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot start containerd: ${program}: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout);
}
