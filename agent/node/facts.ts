/**
 * What the machine is: capacity, kernel, operating system, identity. Read once at start; only addresses change while
 * the agent runs (`addresses.ts`). Everything comes from small files, so a test gives them as a record.
 */
import { statfsSync } from "node:fs";
import type { Amounts } from "../resources/mod.ts";

/** `status.nodeInfo` of a Node, without what the runtime and the agent say of themselves. */
export interface NodeFacts {
  /** Lower case, as Kubernetes needs node names. */
  hostname: string;
  machineID: string;
  systemUUID: string;
  bootID: string;
  kernelVersion: string;
  osImage: string;
  operatingSystem: "linux";
  /** Go's name: amd64, arm64, … */
  architecture: string;
  swapBytes: number;
  /** `cpu` in millicores, `memory`, `ephemeral-storage`, `hugepages-…` in bytes, `pods`, `pid` pieces. */
  capacity: Amounts;
  /** AppArmor enforced by the kernel, and the profiles that are loaded. */
  appArmor: boolean;
  appArmorProfiles: Set<string> | undefined;
}

export interface FactsOptions {
  maxPods: number;
  /** The directory whose file system holds pods' files. */
  rootDir: string;
  machine?: Machine;
}

/** The small part of the machine that facts are read from. */
export interface Machine {
  /** A file's text; undefined when it cannot be read. */
  read(path: string): string | undefined;
  /** Names in a directory; empty when it cannot be read. */
  list(path: string): string[];
  /** Bytes of the file system that holds `path`. */
  fsBytes(path: string): number | undefined;
  hostname(): string;
  arch: string;
}

/** This machine. */
export const thisMachine: Machine = {
  read(path) {
    try {
      return Deno.readTextFileSync(path);
    } catch {
      return undefined;
    }
  },
  list(path) {
    try {
      return [...Deno.readDirSync(path)].map((entry) => entry.name).sort();
    } catch {
      return [];
    }
  },
  fsBytes(path) {
    try {
      const { blocks, bsize } = statfsSync(path);
      return blocks * bsize;
    } catch {
      return undefined;
    }
  },
  hostname: () => Deno.hostname(),
  arch: Deno.build.arch,
};

/** Reads them. */
export function readFacts({ maxPods, rootDir, machine = thisMachine }: FactsOptions): NodeFacts {
  const line = (path: string) => machine.read(path)?.trim() ?? "";
  const memory = (key: string) => kibibytes(machine.read("/proc/meminfo"), key);
  const capacity: Amounts = { cpu: onlineCpus(machine) * 1000, memory: memory("MemTotal"), pods: maxPods };
  const storage = machine.fsBytes(rootDir);
  if (storage !== undefined) capacity["ephemeral-storage"] = storage;
  Object.assign(capacity, hugePages(machine));
  const pid = Math.min(Number(line("/proc/sys/kernel/pid_max")), Number(line("/proc/sys/kernel/threads-max")));
  if (pid > 0) capacity.pid = pid;
  return {
    hostname: machine.hostname().toLowerCase(),
    machineID: line("/etc/machine-id") || line("/var/lib/dbus/machine-id"),
    systemUUID: line("/sys/class/dmi/id/product_uuid") || line("/proc/device-tree/vm,uuid").replaceAll("\0", "") ||
      line("/etc/machine-id"),
    bootID: line("/proc/sys/kernel/random/boot_id"),
    kernelVersion: line("/proc/sys/kernel/osrelease"),
    osImage: osImage(machine.read("/etc/os-release") ?? machine.read("/usr/lib/os-release")),
    operatingSystem: "linux",
    architecture: goArchitectures[machine.arch] ?? machine.arch,
    swapBytes: memory("SwapTotal"),
    capacity,
    appArmor: line("/sys/module/apparmor/parameters/enabled").startsWith("Y") &&
      machine.list("/sys/kernel/security/apparmor").length > 0,
    appArmorProfiles: appArmorProfiles(machine.read("/sys/kernel/security/apparmor/profiles")),
  };
}

/** Labels that every node has. */
export function nodeLabels(facts: Pick<NodeFacts, "architecture">, nodeName: string): Record<string, string> {
  return {
    "kubernetes.io/arch": facts.architecture,
    "kubernetes.io/os": "linux",
    "kubernetes.io/hostname": nodeName,
    "beta.kubernetes.io/arch": facts.architecture,
    "beta.kubernetes.io/os": "linux",
  };
}

const goArchitectures: Record<string, string> = { x86_64: "amd64", aarch64: "arm64" };

/** CPUs that are online: the machine's, whatever this process may use of them. */
function onlineCpus(machine: Machine): number {
  const list = machine.read("/sys/devices/system/cpu/online")?.trim();
  if (list) return cpuCount(list);
  return Math.max(1, machine.read("/proc/cpuinfo")?.match(/^processor\s*:/gm)?.length ?? 1);
}

/** `0-3,6` → 5. */
export function cpuCount(list: string): number {
  return list.split(",").filter((part) => part !== "").reduce((count, part) => {
    const [first, last = first] = part.split("-").map(Number);
    return count + last - first + 1;
  }, 0);
}

function kibibytes(meminfo: string | undefined, key: string): number {
  const match = new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(meminfo ?? "");
  return match ? Number(match[1]) * 1024 : 0;
}

/** `hugepages-2Mi` and so on: pages set aside × size. */
function hugePages(machine: Machine): Amounts {
  const root = "/sys/kernel/mm/hugepages";
  const out: Amounts = {};
  for (const name of machine.list(root)) {
    const kib = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1]);
    if (!kib) continue;
    const pages = Number(machine.read(`${root}/${name}/nr_hugepages`)?.trim() ?? 0);
    out[`hugepages-${binary(kib)}`] = pages * kib * 1024;
  }
  return out;
}

/** 2048 → `2Mi`. */
function binary(kib: number): string {
  const units = ["Ki", "Mi", "Gi", "Ti"];
  let at = 0;
  for (; kib % 1024 === 0 && at < units.length - 1; at++) kib /= 1024;
  return `${kib}${units[at]}`;
}

function osImage(release: string | undefined): string {
  const match = /^PRETTY_NAME=(?:"([^"]*)"|'([^']*)'|(.*))$/m.exec(release ?? "");
  return match?.[1] ?? match?.[2] ?? match?.[3] ?? "Linux";
}

/** `name (enforce)` a line. */
function appArmorProfiles(text: string | undefined): Set<string> | undefined {
  if (text === undefined) return undefined;
  return new Set(text.split("\n").map((line) => line.slice(0, line.lastIndexOf(" ("))).filter((name) => name !== ""));
}
