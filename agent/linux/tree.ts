/**
 * Whole trees by descriptor: removal that never follows a link or crosses a mount, and a walk for changes of
 * ownership. Both work in slices of a few milliseconds, so that a volume with a million files does not hold up probes.
 */
import { setImmediate } from "node:timers";
import { isErrno, LinuxError } from "./errno.ts";
import {
  type DirEntry,
  Fd,
  type FileStat,
  fstat,
  O,
  openAt,
  openat2,
  readEntries,
  renameAt,
  RESOLVE,
  rmdirAt,
  unlinkAt,
} from "./fd.ts";

/** Deeper directories are moved up to the top first: a container may nest more of them than we may open. */
const deepest = 100;
const sliceMs = 4;

/** Lets everything else run once a slice is used up. */
function slices(): () => Promise<void> | undefined {
  let start = performance.now();
  return () => {
    if (performance.now() - start < sliceMs) return undefined;
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => void (start = performance.now()));
  };
}

interface Frame {
  fd: Fd;
  /** As the parent names it. */
  name: string | Uint8Array;
  parent: Fd;
  left: DirEntry[];
  /** How often the end was reached without the directory being empty. */
  rounds: number;
}

/**
 * Removes `name` below `dir` with everything in it. A mount anywhere inside stops it: what lies on it is not ours to
 * remove. Nothing there is fine.
 */
export async function removeTree(dir: Fd, name: string): Promise<void> {
  const pause = slices();
  const stack: Frame[] = [];
  const enter = (parent: Fd, child: string | Uint8Array) => {
    const fd = openOnSameMount(parent, child);
    if (fd) stack.push({ fd, name: child, parent, left: [], rounds: 0 });
  };
  try {
    if (!removeFile(dir, name)) enter(dir, name);
    while (stack.length > 0) {
      await pause();
      const frame = stack.at(-1)!;
      const entry = frame.left.pop();
      if (entry) {
        if (entry.type !== "directory" && removeFile(frame.fd, entry.name)) continue;
        if (stack.length >= deepest) {
          try {
            renameAt(frame.fd, entry.name, stack[0].fd, `..deep-${crypto.randomUUID()}`);
            continue;
          } catch (err) {
            if (isErrno(err, "ENOENT")) continue;
            if (isErrno(err, "EBUSY", "EXDEV")) throw mounted(frame.fd, entry.name);
            throw err;
          }
        }
        enter(frame.fd, entry.name);
        continue;
      }
      frame.left = readEntries(frame.fd);
      if (frame.left.length > 0) continue;
      stack.pop();
      frame.fd.close();
      try {
        rmdirAt(frame.parent, frame.name);
      } catch (err) {
        if (isErrno(err, "ENOENT")) continue;
        if (isErrno(err, "EBUSY")) throw mounted(frame.parent, frame.name);
        // Entries that the listing passed over because others vanished meanwhile, or that were moved up here.
        if (!isErrno(err, "ENOTEMPTY", "EEXIST") || frame.rounds >= 1000) throw err;
        const fd = openOnSameMount(frame.parent, frame.name);
        if (fd) stack.push({ ...frame, fd, rounds: frame.rounds + 1 });
      }
    }
  } finally {
    for (const { fd } of stack) fd.close();
  }
}

/** Whether the name is gone; false when it is a directory. */
function removeFile(dir: Fd, name: string | Uint8Array): boolean {
  try {
    unlinkAt(dir, name);
    return true;
  } catch (err) {
    if (isErrno(err, "ENOENT")) return true;
    // unlink(2) of a directory: EISDIR on Linux, EPERM on some file systems.
    if (isErrno(err, "EISDIR")) return false;
    if (isErrno(err, "EPERM") && isDirectory(dir, name)) return false;
    if (isErrno(err, "EBUSY")) throw mounted(dir, name);
    throw err;
  }
}

function isDirectory(dir: Fd, name: string | Uint8Array): boolean {
  using fd = openAt(dir, name, O.PATH | O.NOFOLLOW);
  return fstat(fd).type === "directory";
}

function openOnSameMount(dir: Fd, name: string | Uint8Array): Fd | undefined {
  const flags = O.RDONLY | O.DIRECTORY | O.NOFOLLOW;
  try {
    return openat2(dir, name, { flags, resolve: RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS | RESOLVE.NO_XDEV });
  } catch (err) {
    if (isErrno(err, "ENOENT")) return undefined;
    if (isErrno(err, "EXDEV")) throw mounted(dir, name);
    if (!isErrno(err, "ENOSYS")) throw err;
  }
  const fd = openAt(dir, name, flags);
  const stat = fstat(fd);
  if (!stat.mountRoot && stat.device === fstat(dir).device) return fd;
  fd.close();
  throw mounted(dir, name);
}

function mounted(dir: Fd, name: string | Uint8Array): LinuxError {
  const text = typeof name === "string" ? name : new TextDecoder().decode(name);
  return new LinuxError(`remove ${dir.path}/${text}, on which something is mounted`, "unlinkat", 16 /* EBUSY */);
}

/**
 * Visits `root` and everything below it, parents first, links not followed. `visit` gets a descriptor opened O_PATH
 * that is closed after it.
 */
export async function walkTree(root: Fd, visit: (fd: Fd, stat: FileStat) => void): Promise<void> {
  const pause = slices();
  const stack: { fd: Fd; left: DirEntry[] }[] = [];
  const take = (dir: Fd, name: string | Uint8Array) => {
    let fd: Fd;
    try {
      fd = openAt(dir, name, O.PATH | O.NOFOLLOW);
    } catch (err) {
      if (isErrno(err, "ENOENT")) return;
      throw err;
    }
    using opened = fd;
    const stat = fstat(opened);
    visit(opened, stat);
    if (stat.type !== "directory") return;
    if (stack.length >= 256) throw new LinuxError(`walk ${opened.path}`, "openat", 36 /* ENAMETOOLONG */);
    stack.push({ fd: openAt(opened, ".", O.RDONLY | O.DIRECTORY | O.NOFOLLOW), left: [] });
  };
  try {
    take(root, ".");
    while (stack.length > 0) {
      await pause();
      const frame = stack.at(-1)!;
      const entry = frame.left.pop();
      if (entry) {
        take(frame.fd, entry.name);
        continue;
      }
      frame.left = readEntries(frame.fd);
      if (frame.left.length > 0) continue;
      stack.pop();
      frame.fd.close();
    }
  } finally {
    for (const { fd } of stack) fd.close();
  }
}
