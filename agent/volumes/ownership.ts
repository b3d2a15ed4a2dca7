/**
 * fsGroup: the group that all of a pod's containers have, as the owner of its volumes. kubelet's rule: the group may
 * read (and write, in writable volumes) everything, and directories hand their group on.
 */
import { chmodFd, chownFd, type Fd, type FileStat, fstat, walkTree } from "../linux/mod.ts";

const setgid = 0o2000;

/** A mode as it is once a volume belongs to an fsGroup. */
export function groupMode(mode: number, options: { directory: boolean; readonly: boolean }): number {
  return mode | (options.readonly ? 0o440 : 0o660) | (options.directory ? setgid | 0o110 : 0);
}

/** Whether a volume's root does not yet look as `groupMode` leaves it: what OnRootMismatch asks. */
export function rootMismatch(stat: Pick<FileStat, "gid" | "mode">, fsGroup: number, readonly: boolean): boolean {
  const wanted = groupMode(0, { directory: true, readonly });
  return stat.gid !== fsGroup || (stat.mode & wanted) !== wanted;
}

/** Gives a whole volume to an fsGroup; only what is not so already is written. */
export async function giveToGroup(
  root: Fd,
  fsGroup: number,
  options: { readonly?: boolean; policy?: string } = {},
): Promise<void> {
  const { readonly = false, policy = "Always" } = options;
  if (policy === "OnRootMismatch" && !rootMismatch(fstat(root), fsGroup, readonly)) return;
  // The root comes last: a walk that was cut short must still look like a mismatch.
  const first = fstat(root);
  await walkTree(root, (fd, stat) => {
    if (stat.ino !== first.ino || stat.device !== first.device) give(fd, stat, fsGroup, readonly);
  });
  give(root, first, fsGroup, readonly);
}

function give(fd: Fd, stat: FileStat, fsGroup: number, readonly: boolean): void {
  // chown takes setuid and setgid bits away: the mode comes after it.
  if (stat.gid !== fsGroup) chownFd(fd, undefined, fsGroup);
  // A link has no mode of its own; through it we would change another file's.
  if (stat.type === "symlink") return;
  const mode = groupMode(stat.mode, { directory: stat.type === "directory", readonly });
  if (mode !== stat.mode || stat.gid !== fsGroup) chmodFd(fd, mode);
}
