/** The directories that volumes of our own live in: on disk, or a tmpfs. Set up once, found again ever after. */
import {
  bindMount,
  chmodFd,
  chownFd,
  fstat,
  isErrno,
  isMounted,
  isMountPoint,
  lstat,
  mountTmpfs,
  MS,
  O,
  openPath,
  remountBind,
  unmount,
} from "../linux/mod.ts";
import { SetUpError } from "./errors.ts";
import { giveToGroup, groupMode } from "./ownership.ts";

export interface DirectoryOptions {
  fsGroup?: number;
}

/**
 * A directory that everyone in the pod may write to (0777). It appears under its name only when mode and owner are
 * right, so that its existence says that it is ready. True if it was made now.
 */
export async function setUpDirectory(path: string, { fsGroup }: DirectoryOptions = {}): Promise<boolean> {
  if (isDirectory(path)) return false;
  const slash = path.lastIndexOf("/");
  // No volume's name begins with a dot.
  const draft = `${path.slice(0, slash)}/.${path.slice(slash + 1)}`;
  await Deno.mkdir(draft, { recursive: true, mode: 0o700 });
  {
    using fd = openPath(draft, O.PATH | O.DIRECTORY | O.NOFOLLOW);
    if (fsGroup !== undefined) chownFd(fd, undefined, fsGroup);
    chmodFd(fd, fsGroup === undefined ? 0o777 : groupMode(0o777, { directory: true, readonly: false }));
  }
  await Deno.rename(draft, path);
  return true;
}

/** A tmpfs; the mount says that it is ready. True if it was mounted now. */
export async function setUpTmpfs(path: string, options: DirectoryOptions & { size?: number } = {}): Promise<boolean> {
  if (isMountPoint(path)) return false;
  const { fsGroup, size } = options;
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  // 01777 is what a tmpfs has by itself, and what kubelet's pods see.
  const mode = fsGroup === undefined ? 0o1777 : groupMode(0o1777, { directory: true, readonly: false });
  mountTmpfs(path, { size, mode, gid: fsGroup });
  return true;
}

const mountFlags: Record<string, number> = {
  ro: MS.RDONLY,
  nosuid: MS.NOSUID,
  nodev: MS.NODEV,
  noexec: MS.NOEXEC,
};
/** What a mount does anyway. */
const plainOptions = new Set(["rw", "suid", "dev", "exec", "defaults", "bind"]);

/** A local volume: a directory of the host, bind-mounted. True if it was mounted now. */
export async function setUpBind(
  source: string,
  path: string,
  options: DirectoryOptions & { readOnly: boolean; policy?: string; mountOptions: readonly string[] },
): Promise<boolean> {
  let flags = options.readOnly ? MS.RDONLY : 0;
  for (const option of options.mountOptions) {
    if (plainOptions.has(option)) continue;
    if (!Object.hasOwn(mountFlags, option)) {
      throw new SetUpError(`mount option "${option}" is not supported for local volumes`);
    }
    flags |= mountFlags[option];
  }
  if (isMounted(path)) return false;
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  using fd = openPath(source);
  if (fstat(fd).type !== "directory") throw new SetUpError(`local volume path ${source} is not a directory`);
  // Before the mount, which says that all is done.
  if (options.fsGroup !== undefined && !options.readOnly) {
    await giveToGroup(fd, options.fsGroup, { policy: options.policy });
  }
  bindMount(fd, path);
  if (flags) {
    try {
      remountBind(path, flags);
    } catch (err) {
      unmount(path);
      throw err;
    }
  }
  return true;
}

/** Whether a directory is there, and no link. */
export function isDirectory(path: string): boolean {
  try {
    return lstat(path).type === "directory";
  } catch (err) {
    if (isErrno(err, "ENOENT", "ENOTDIR")) return false;
    throw err;
  }
}
