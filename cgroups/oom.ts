/**
 * How often the kernel killed for memory in a cgroup. v2 counts a whole tree in the upper cgroup and keeps the count
 * after the lower one is gone; v1 counts each cgroup alone, so there the tree is summed while it exists.
 */
import type { CgroupFs } from "./cgroup_fs.ts";

/** OOM kills in the cgroup and below it; undefined when it does not exist or the kernel does not count. */
export function oomKills(fs: CgroupFs, path: string): number | undefined {
  if (fs.version === 2) return counter(fs.read(path, "memory.events"), "oom_kill");
  const own = counter(fs.read(path, "memory.oom_control"), "oom_kill");
  if (own === undefined) return undefined;
  return fs.list(path).reduce((sum, name) => sum + (oomKills(fs, `${path}/${name}`) ?? 0), own);
}

/** The number behind a key in a flat-keyed file (`oom_kill 3`). */
export function counter(text: string | undefined, key: string): number | undefined {
  const match = new RegExp(`^${key} (\\d+)$`, "m").exec(text ?? "");
  return match ? Number(match[1]) : undefined;
}
