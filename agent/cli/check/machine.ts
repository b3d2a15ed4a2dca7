/** What `islet check` looks at: read from the machine, changing nothing. */
import { dirname, join } from "node:path";
import { existsSync, statfsSync } from "node:fs";
import { detect } from "../../../cgroups/mod.ts";
import {
  bridgeOf,
  chooseCniConfDir,
  cniFiles,
  configFileName,
  masqueradeRules,
  missingBridgeSettings,
} from "../../../net/cni/mod.ts";
import type { NodeConfig } from "../../config/mod.ts";
import { findCniBinDir } from "../../runtime/containerd/mod.ts";
import { type RuntimeFacts, runtimeFacts } from "./runtime.ts";

export interface Machine {
  uid: number;
  kernel: string;
  /** Effective capabilities, a bit each. */
  capabilities: bigint;
  /** Version, or that it is not there. */
  programs: Record<Program, string | undefined>;
  cni: {
    /** The directory of the plugins, if all that are needed are in one. */
    binDir: string | undefined;
    portmap: boolean;
    confDir: string;
    /** Where pods are on a bridge: the file that says so, whether packets go back to where they came from, what is not set. */
    bridge?: { file: string; hairpin: boolean; missing: string[] };
    /** Configurations of somebody else's network. */
    foreign: string[];
  };
  /** undefined: none are mounted. */
  cgroups: { version: 1 | 2; controllers: string[] } | undefined;
  filesystems: string[];
  /** What nft says of our rules; empty when it would take them. */
  nftError: string;
  /** Whether rules can ask the routing table, and whether SCTP is tracked. */
  fib: boolean;
  sctp: boolean;
  swapBytes: number;
  ipForward: boolean;
  disk: { path: string; bytes: number; freeBytes: number; inodes: number; freeInodes: number } | undefined;
  systemd: boolean;
  resolvConf: boolean;
  /** PIDs of processes called kubelet. */
  kubelets: number[];
  nodeAnswers: boolean;
  runtime: RuntimeFacts;
}

export type Program = "containerd" | "runc" | "ctr" | "nft" | "ip" | "iptables" | "mount" | "systemd-run";

const versions: Record<Program, string> = {
  containerd: "--version",
  runc: "--version",
  ctr: "--version",
  nft: "--version",
  ip: "-V",
  iptables: "--version",
  mount: "--version",
  "systemd-run": "--version",
};

/** Reads all of it. Nothing that is missing makes it fail. */
export async function readMachine(config: NodeConfig): Promise<Machine> {
  const names = Object.keys(versions) as Program[];
  const [found, nftError, fibError, runtime, nodeAnswers] = await Promise.all([
    Promise.all(names.map((name) => programVersion(name))),
    checkRules(masqueradeRules(config.podCIDRs)),
    checkRules("table ip islet-probe { chain c { fib daddr type local accept; }; }"),
    runtimeFacts(config),
    answers(config.api.socket),
  ]);
  const binDir = findCniBinDir();
  const confDir = chooseCniConfDir(join(config.rootDir, "cni/net.d"));
  const bridge = bridgeOf(confDir, cniFiles(confDir));
  return {
    uid: Deno.uid() ?? -1,
    kernel: read("/proc/sys/kernel/osrelease").trim(),
    capabilities: BigInt("0x" + (/^CapEff:\s*([0-9a-f]+)$/m.exec(read("/proc/self/status"))?.[1] ?? "0")),
    programs: Object.fromEntries(names.map((name, at) => [name, found[at]])) as Machine["programs"],
    cni: {
      binDir,
      portmap: binDir !== undefined && existsSync(join(binDir, "portmap")),
      confDir,
      ...(bridge ? { bridge: { ...bridge, missing: missingBridgeSettings() } } : {}),
      foreign: filesOf(confDir).filter((name) => name !== configFileName),
    },
    cgroups: cgroups(),
    filesystems: read("/proc/filesystems").split("\n").map((line) => line.split("\t").at(-1)!),
    nftError,
    fib: fibError === "",
    sctp: existsSync("/proc/sys/net/netfilter/nf_conntrack_sctp_timeout_established"),
    swapBytes: Number(/^SwapTotal:\s+(\d+) kB/m.exec(read("/proc/meminfo"))?.[1] ?? 0) * 1024,
    ipForward: read("/proc/sys/net/ipv4/ip_forward").trim() === "1",
    disk: disk(config.rootDir),
    systemd: existsSync("/run/systemd/system"),
    resolvConf: config.resolvConf === "" || existsSync(config.resolvConf),
    kubelets: processesCalled("kubelet"),
    nodeAnswers,
    runtime,
  };
}

/** The first number in what a program prints that is no part of a name (`iproute2`); "" when there is none. */
export function versionIn(text: string): string {
  return /(?<![a-uw-z\d])\d+(?:\.\d+)*/i.exec(text.replace(/^.*github\.com\S*/, ""))?.[0] ?? "";
}

/** The first version number that it prints; "" when it prints none; undefined when it cannot be started. */
async function programVersion(name: Program): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command(name, { args: [versions[name]], stdin: "null", stderr: "null" }).output();
    return versionIn(new TextDecoder().decode(stdout));
  } catch {
    return undefined;
  }
}

/** Has nft look at the rules without setting them. */
async function checkRules(rules: string): Promise<string> {
  try {
    const child = new Deno.Command("nft", {
      args: ["--check", "-f", "-"],
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    })
      .spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(rules));
    await writer.close();
    const { success, stderr } = await child.output();
    return success ? "" : new TextDecoder().decode(stderr).trim().split("\n")[0] || "it refuses them";
  } catch (err) {
    return (err as Error).message;
  }
}

function cgroups(): Machine["cgroups"] {
  try {
    const { version } = detect();
    const text = version === 2 ? read("/sys/fs/cgroup/cgroup.controllers") : read("/proc/cgroups");
    const controllers = version === 2
      ? text.trim().split(/\s+/)
      : text.split("\n").filter((line) => !line.startsWith("#") && line.endsWith("\t1")).map((line) =>
        line.split("\t")[0]
      );
    return { version, controllers };
  } catch {
    return undefined;
  }
}

/** Users other than root may not look into every directory. */
function filesOf(cniConfDir: string): string[] {
  try {
    return cniFiles(cniConfDir);
  } catch {
    return [];
  }
}

/** Of the file system that will hold `path`. */
function disk(path: string): Machine["disk"] {
  while (!existsSync(path) && path !== "/") path = dirname(path);
  try {
    const { blocks, bavail, bsize, files, ffree } = statfsSync(path);
    return { path, bytes: blocks * bsize, freeBytes: bavail * bsize, inodes: files, freeInodes: ffree };
  } catch {
    return undefined;
  }
}

async function answers(socket: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path: socket })).close();
    return true;
  } catch {
    return false;
  }
}

function processesCalled(name: string): number[] {
  return [...Deno.readDirSync("/proc")].map((entry) => Number(entry.name)).filter((pid) =>
    pid > 0 && read(`/proc/${pid}/comm`).trim() === name
  );
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
