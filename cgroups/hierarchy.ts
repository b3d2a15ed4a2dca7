/**
 * Where cgroups are on this machine. `detect()` answers with one `CgroupFs` for both worlds:
 *
 *     v1, hybrid    /sys/fs/cgroup/{memory,cpu,cpuacct,…}   one mount a controller, or several controllers a mount
 *     v2, unified   /sys/fs/cgroup                          one tree, controllers enabled downwards
 */
import type { CgroupFs, Hierarchy } from "./cgroup_fs.ts";
import { CgroupError } from "./errors.ts";
import { type CgroupFiles, kernelFiles } from "./files.ts";
import { CgroupV1 } from "./v1.ts";
import { CgroupV2 } from "./v2.ts";

export interface DetectOptions {
  /** Text of /proc/mounts. */
  mounts?: string;
  files?: CgroupFiles;
}

/**
 * The cgroups of this machine.
 * @throws CgroupError when no cgroup file system is mounted.
 */
export function detect(root = "/sys/fs/cgroup", options: DetectOptions = {}): CgroupFs {
  const files = options.files ?? kernelFiles;
  if (files.read(`${root}/cgroup.controllers`) !== undefined) return new CgroupV2(root, files);
  const hierarchies = parseMounts(options.mounts ?? files.read("/proc/mounts") ?? "", root);
  const used = hierarchies.filter((hierarchy) => hierarchy.controllers.length > 0);
  if (used.length > 0) return new CgroupV1(hierarchies, files);
  throw new CgroupError(
    `Cannot use cgroups: neither cgroup2 nor a cgroup controller is mounted at ${root}`,
    { code: "ENOENT" },
  );
}

/** Mount options of a v1 hierarchy that are no controllers. */
const mountFlags = new Set(
  "rw ro nosuid nodev noexec relatime noatime nodiratime strictatime sync dirsync mand lazytime xattr clone_children cpuset_v2_mode noprefix favordynmods"
    .split(" "),
);

/**
 * The v1 hierarchies in /proc/mounts, those under `root` when there are any, each set of controllers once.
 * In the hybrid layout the empty v2 tree is among them, with no controllers: runtimes put processes there too.
 */
export function parseMounts(mounts: string, root: string): Hierarchy[] {
  const found: Hierarchy[] = [];
  for (const line of mounts.split("\n")) {
    const [, target, type, flags] = line.split(" ");
    if (type !== "cgroup" && type !== "cgroup2") continue;
    const mountPoint = target.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
    const controllers = type === "cgroup2"
      ? []
      : flags.split(",").filter((flag) =>
        !mountFlags.has(flag) && !flag.startsWith("name=") && !flag.startsWith("release_agent=") &&
        !flag.includes("=") && !flag.startsWith("seclabel")
      );
    found.push({ mountPoint, controllers });
  }
  const within = found.filter(({ mountPoint }) => mountPoint === root || mountPoint.startsWith(`${root}/`));
  const chosen = within.some(({ controllers }) => controllers.length > 0) ? within : found;
  const seen = new Set<string>();
  return chosen.filter(({ mountPoint, controllers }) => {
    const key = controllers.length > 0 ? controllers.join() : mountPoint;
    return !seen.has(key) && !!seen.add(key);
  });
}

/** Where this process is, from /proc/self/cgroup: controller (or `name=…`, or "" for v2) → path. */
export function parseOwnCgroups(text: string): Map<string, string> {
  const own = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    if (match) { for (const controller of match[1].split(",")) own.set(controller, match[2]); }
  }
  return own;
}
