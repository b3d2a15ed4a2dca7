/**
 * The kernel's small text files, hundreds of them in one go: bare system calls into a buffer that is kept. What costs most is
 * the way to a file that lies deep, which is walked anew for each: the directories on which many ways begin stay open.
 *
 *     /sys/fs/cgroup/memory/kubepods/besteffort │ pod1/c1/memory.stat       left of the bar: a trunk, open
 */
import { LinuxError } from "./errno.ts";
import { AT_FDCWD, errno, libc, O } from "./libc.ts";

const encoder = new TextEncoder(), decoder = new TextDecoder();

/** PATH_MAX: the kernel takes no longer ones. */
const pathBuffer = new Uint8Array(4096);
let buffer = new Uint8Array(16 * 1024);

/**
 * The kernel gives whole lines, as many as fit into a page. Where no line is longer than half a page, fewer bytes than
 * this mean that there are no more, which saves asking.
 */
const lastPiece = 2048;

/** Descriptors of directories, the one that was used last at the end. Those of cgroups are few: classes by controllers. */
const trunks = new Map<string, number>();
const mostTrunks = 32;

/** Below a trunk: the cgroup of a pod, of a container, and the file. */
const branchLength = 3;

/** The file is not there, a directory before it is none, or what it tells of is gone. */
const absent = new Set(["ENOENT", "ENOTDIR", "ENODEV", "ESRCH"]);

/**
 * Text of a file of cgroups or of /proc whose lines are short; undefined when there is none, or no longer.
 * @throws LinuxError when it cannot be read for another reason.
 */
export function readSmallFile(path: string): string | undefined {
  let cut = path.length;
  for (let part = 0; part < branchLength && cut > 0; part++) cut = path.lastIndexOf("/", cut - 1);
  // what lies in a few directories below the root is not far away
  const trunk = cut > 0 && path.startsWith("/sys/fs/cgroup/") ? path.slice(0, cut) : undefined;
  const { openat, read, close } = libc();
  const dir = trunk === undefined ? -1 : trunks.get(trunk) ?? openTrunk(trunk);
  let fd = dir < 0 ? -1 : openat(dir, cPath(path.slice(cut + 1)), O.RDONLY | O.CLOEXEC, 0);
  if (fd < 0) {
    fd = openat(AT_FDCWD, cPath(path), O.RDONLY | O.CLOEXEC, 0);
    if (fd < 0) return failed(path, "openat");
    // a directory that was removed and made anew is another
    if (dir >= 0) closeTrunk(trunk!);
  }
  try {
    for (let size = 0;;) {
      const count = Number(read(fd, size === 0 ? buffer : buffer.subarray(size), BigInt(buffer.length - size)));
      if (count < 0) return failed(path, "read");
      size += count;
      if (count < lastPiece) return decoder.decode(buffer.subarray(0, size));
      if (buffer.length - size < lastPiece * 2) enlarge();
    }
  } finally {
    close(fd);
  }
}

function openTrunk(path: string): number {
  const fd = libc().openat(AT_FDCWD, cPath(path), O.PATH | O.DIRECTORY | O.CLOEXEC, 0);
  if (fd < 0) return fd;
  for (const oldest of trunks.keys()) {
    if (trunks.size < mostTrunks) break;
    closeTrunk(oldest);
  }
  trunks.set(path, fd);
  return fd;
}

function closeTrunk(path: string): void {
  const fd = trunks.get(path);
  if (fd === undefined) return;
  trunks.delete(path);
  libc().close(fd);
}

/** The path as C takes it, until the next one. */
function cPath(path: string): Uint8Array<ArrayBuffer> {
  const { read, written } = encoder.encodeInto(path, pathBuffer.subarray(0, -1));
  if (read < path.length || path.includes("\0")) throw new Error(`Cannot read ${path}: no path can be so`);
  pathBuffer[written] = 0;
  return pathBuffer;
}

function enlarge(): void {
  const larger = new Uint8Array(buffer.length * 2);
  larger.set(buffer);
  buffer = larger;
}

function failed(path: string, syscall: string): undefined {
  const err = new LinuxError(`read ${path}`, syscall, errno());
  if (!absent.has(err.code)) throw err;
}
