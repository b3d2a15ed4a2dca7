/**
 * Files by descriptor: what a path names may change under a path, but not under a descriptor. Everything that touches
 * a tree which a container can write to goes through here.
 */
import { LinuxError } from "./errno.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_NO_AUTOMOUNT,
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  check,
  cString,
  errno,
  libc,
  O,
  sysGetdents,
  sysOpenat2,
  sysStatx,
} from "./libc.ts";

export { O } from "./libc.ts";

/** openat2(2) resolve flags. */
export const RESOLVE = {
  /** No component may lie on another mount than the directory. */
  NO_XDEV: 0x01,
  /** No /proc/…/fd/… style links. */
  NO_MAGICLINKS: 0x02,
  /** No symbolic link anywhere. */
  NO_SYMLINKS: 0x04,
  /** Nothing outside the directory: no absolute link, no `..` that leaves it. */
  BENEATH: 0x08,
} as const;

/** An open descriptor; `using` closes it. */
export class Fd implements Disposable {
  #open = true;

  constructor(readonly number: number, readonly path: string) {}

  /** The name under which mount(2) and other path calls reach exactly this file. */
  get procPath(): string {
    return `/proc/self/fd/${this.number}`;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    libc().close(this.number);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Opens an absolute path, following symbolic links: only for paths that the node's owner named. */
export function openPath(path: string, flags: number = O.PATH): Fd {
  return openAt(undefined, path, flags);
}

/** openat(2) below `dir`; the path should be one component unless symbolic links are welcome. */
export function openAt(dir: Fd | undefined, path: string | Uint8Array, flags: number, mode = 0): Fd {
  const full = display(dir, path);
  const number = check(
    libc().openat(dir?.number ?? AT_FDCWD, cString(path), flags | O.CLOEXEC, mode),
    "openat",
    () => `open ${full}`,
  );
  return new Fd(number, full);
}

/** Tests take openat2 away to try the road of kernels before 5.6. */
export const openat2Support = { missing: false };

/**
 * openat2(2) below `dir`. EXDEV means that the path leaves what `resolve` allows, ELOOP a forbidden link, EAGAIN that
 * something moved meanwhile (tried again here, a bounded number of times).
 */
export function openat2(
  dir: Fd,
  path: string | Uint8Array,
  options: { flags: number; resolve: number; mode?: number },
): Fd {
  const full = display(dir, path);
  if (openat2Support.missing) throw new LinuxError(`open ${full}`, "openat2", 38);
  const how = new Uint8Array(24);
  const view = new DataView(how.buffer);
  view.setBigUint64(0, BigInt(options.flags | O.CLOEXEC), true);
  view.setBigUint64(8, BigInt(options.mode ?? 0), true);
  view.setBigUint64(16, BigInt(options.resolve), true);
  const name = cString(path);
  for (let tries = 0;; tries++) {
    const number = sysOpenat2(dir.number, name, how);
    if (number >= 0) return new Fd(number, full);
    const code = errno();
    if ((code === 11 || code === 4) && tries < 128) continue;
    throw new LinuxError(`open ${full}`, "openat2", code);
  }
}

export type FileType = "file" | "directory" | "symlink" | "socket" | "fifo" | "character" | "block" | "unknown";

export interface FileStat {
  type: FileType;
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  ino: bigint;
  /** `major:minor`, as mountinfo writes it. */
  device: string;
  size: bigint;
  links: number;
  /** Whether this is the root of a mount; undefined where the kernel (before 5.8) does not say. */
  mountRoot: boolean | undefined;
}

const types: Record<number, FileType> = {
  0o14: "socket",
  0o12: "symlink",
  0o10: "file",
  0o06: "block",
  0o04: "directory",
  0o02: "character",
  0o01: "fifo",
};

/** statx(2) of an open file. */
export function fstat(fd: Fd): FileStat {
  return statx(fd.number, "", AT_EMPTY_PATH, fd.path);
}

/** statx(2) of a path, the last symbolic link not followed. */
export function lstat(path: string): FileStat {
  return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, path);
}

/** statx(2) of a name below `dir`, the last symbolic link not followed. */
export function lstatAt(dir: Fd, name: string | Uint8Array): FileStat {
  return statx(dir.number, name, AT_SYMLINK_NOFOLLOW, display(dir, name));
}

/** STATX_BASIC_STATS */
const basicStats = 0x7ff;
/** STATX_ATTR_MOUNT_ROOT */
const attrMountRoot = 0x2000n;

function statx(dirfd: number, path: string | Uint8Array, flags: number, what: string): FileStat {
  const out = new Uint8Array(256);
  check(sysStatx(dirfd, cString(path), flags | AT_NO_AUTOMOUNT, basicStats, out), "statx", () => `stat ${what}`);
  const view = new DataView(out.buffer);
  const mode = view.getUint16(28, true);
  const known = view.getBigUint64(56, true);
  return {
    type: types[mode >> 12] ?? "unknown",
    mode: mode & 0o7777,
    uid: view.getUint32(20, true),
    gid: view.getUint32(24, true),
    ino: view.getBigUint64(32, true),
    device: `${view.getUint32(136, true)}:${view.getUint32(140, true)}`,
    size: view.getBigUint64(40, true),
    links: view.getUint32(16, true),
    mountRoot: known & attrMountRoot ? (view.getBigUint64(8, true) & attrMountRoot) !== 0n : undefined,
  };
}

export interface DirEntry {
  /** The bytes of the name: a container may well write names that are not UTF-8. */
  name: Uint8Array<ArrayBuffer>;
  /** "unknown" where the file system does not say. */
  type: FileType;
}

/** One batch of entries of a directory opened for reading; empty at the end. `.` and `..` are left out. */
export function readEntries(dir: Fd): DirEntry[] {
  const buffer = new Uint8Array(32 * 1024);
  const view = new DataView(buffer.buffer);
  while (true) {
    const length = check(sysGetdents(dir.number, buffer), "getdents64", () => `read ${dir.path}`);
    if (length === 0) return [];
    const entries: DirEntry[] = [];
    for (let at = 0; at < length;) {
      const size = view.getUint16(at + 16, true);
      let end = at + 19;
      while (buffer[end] !== 0) end++;
      const name = buffer.slice(at + 19, end);
      const dots = name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e));
      if (!dots) entries.push({ name, type: types[buffer[at + 18]] ?? "unknown" });
      at += size;
    }
    if (entries.length > 0) return entries;
  }
}

/** mkdirat(2); the umask applies, so set the mode by `fchmod` where it matters. */
export function mkdirAt(dir: Fd, name: string | Uint8Array, mode: number): void {
  check(libc().mkdirat(dir.number, cString(name), mode), "mkdirat", () => `make directory ${display(dir, name)}`);
}

/** Removes a name that is not a directory. */
export function unlinkAt(dir: Fd, name: string | Uint8Array): void {
  check(libc().unlinkat(dir.number, cString(name), 0), "unlinkat", () => `remove ${display(dir, name)}`);
}

/** Removes an empty directory. */
export function rmdirAt(dir: Fd, name: string | Uint8Array): void {
  check(libc().unlinkat(dir.number, cString(name), AT_REMOVEDIR), "unlinkat", () => `remove ${display(dir, name)}`);
}

/** The target of the symbolic link that `link` (opened O_PATH | O_NOFOLLOW) is, as bytes. */
export function readLink(link: Fd): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(4096);
  const length = check(
    libc().readlinkat(link.number, cString(""), out, BigInt(out.length)),
    "readlinkat",
    () => `read link ${link.path}`,
  );
  return out.slice(0, Number(length));
}

/** Moves a name from one directory to another of the same file system. */
export function renameAt(from: Fd, name: string | Uint8Array, to: Fd, newName: string): void {
  check(
    libc().renameat(from.number, cString(name), to.number, cString(newName)),
    "renameat",
    () => `move ${display(from, name)} to ${display(to, newName)}`,
  );
}

/** Changes a file's mode; the descriptor must be open for reading or writing, not O_PATH. */
export function fchmod(fd: Fd, mode: number): void {
  check(libc().fchmod(fd.number, mode), "fchmod", () => `change the mode of ${fd.path}`);
}

/** Changes the mode of what a descriptor names, O_PATH ones included (never a symbolic link). */
export function chmodFd(fd: Fd, mode: number): void {
  check(
    libc().fchmodat(AT_FDCWD, cString(fd.procPath), mode, 0),
    "fchmodat",
    () => `change the mode of ${fd.path}`,
  );
}

/** Leaves an id as it is. */
const unchanged = 0xffffffff;

/** Changes the owner of what a descriptor names, O_PATH ones and symbolic links included. */
export function chownFd(fd: Fd, uid: number | undefined, gid: number | undefined): void {
  check(
    libc().fchownat(fd.number, cString(""), uid ?? unchanged, gid ?? unchanged, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW),
    "fchownat",
    () => `change the owner of ${fd.path}`,
  );
}

const decoder = new TextDecoder();

function display(dir: Fd | undefined, name: string | Uint8Array): string {
  const text = typeof name === "string" ? name : decoder.decode(name);
  return dir ? `${dir.path}/${text}` : text;
}
