/** mount(2) and umount2(2). */
import { isErrno } from "./errno.ts";
import { type Fd, lstat } from "./fd.ts";
import { check, cString, libc } from "./libc.ts";
import { readMounts } from "./mountinfo.ts";

/** mount(2) flags. */
export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  REMOUNT: 32,
  BIND: 4096,
  REC: 16384,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
} as const;

/** mount(2) as it is. */
export function mount(
  options: { source: string; target: string; type?: string; flags?: number; data?: string },
): void {
  const { source, target, type = "", flags = 0, data = "" } = options;
  check(
    libc().mount(cString(source), cString(target), cString(type), BigInt(flags), data ? cString(data) : null),
    "mount",
    () => `mount ${type || source} on ${target}`,
  );
}

/** Bind-mounts what `source` names, whatever its path names by now. */
export function bindMount(source: Fd, target: string): void {
  check(
    libc().mount(cString(source.procPath), cString(target), cString(""), BigInt(MS.BIND), null),
    "mount",
    () => `bind-mount ${source.path} on ${target}`,
  );
}

/** Changes the flags of one bind mount: `MS.RDONLY` makes it read-only without touching its file system. */
export function remountBind(target: string, flags: number): void {
  mount({ source: "none", target, flags: MS.REMOUNT | MS.BIND | flags });
}

let noswap = true;

/**
 * Mounts a tmpfs whose pages are never swapped out where the kernel (6.4) can promise that. `size` in bytes; 0 leaves
 * the kernel's own limit, half of the memory.
 */
export function mountTmpfs(target: string, options: { size?: number; mode?: number; gid?: number } = {}): void {
  const data = [
    ...(options.size ? [`size=${Math.floor(options.size)}`] : []),
    ...(options.mode === undefined ? [] : [`mode=${options.mode.toString(8)}`]),
    ...(options.gid === undefined ? [] : [`gid=${options.gid}`]),
  ];
  const attempt = (more: string[]) =>
    mount({ source: "tmpfs", target, type: "tmpfs", data: [...data, ...more].join(",") });
  if (noswap) {
    try {
      return attempt(["noswap"]);
    } catch (err) {
      if (!isErrno(err, "EINVAL", "EPERM")) throw err;
    }
  }
  attempt([]);
  // Only now is it known that the option, and not another one, was what the kernel refused.
  noswap = false;
}

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

/** umount2(2), never through a symbolic link. `detach` hides the mount at once and frees it when its last user goes. */
export function unmount(target: string, options: { detach?: boolean } = {}): void {
  const flags = UMOUNT_NOFOLLOW | (options.detach ? MNT_DETACH : 0);
  check(libc().umount2(cString(target), flags), "umount2", () => `unmount ${target}`);
}

/** Whether something is mounted exactly at `path` (an existing real path); false where there is nothing. */
export function isMountPoint(path: string): boolean {
  try {
    const { mountRoot } = lstat(path);
    return mountRoot ?? readMounts().some((mount) => mount.target === path);
  } catch (err) {
    if (isErrno(err, "ENOENT", "ENOTDIR")) return false;
    throw err;
  }
}

/**
 * Whether something is mounted exactly at `path`, without asking its file system, which may have a server that is gone:
 * for bind mounts of the host's directories.
 */
export function isMounted(path: string): boolean {
  const slash = path.lastIndexOf("/");
  try {
    const real = `${Deno.realPathSync(path.slice(0, slash))}/${path.slice(slash + 1)}`;
    return readMounts().some(({ target }) => target === real);
  } catch (err) {
    if (err instanceof Deno.errors.NotFound) return false;
    throw err;
  }
}
