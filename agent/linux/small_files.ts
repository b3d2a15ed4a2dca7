/** The kernel's small text files: bare system calls into a buffer that is kept. */
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

/** The file is not there, a directory before it is none, or what it tells of is gone. */
const absent = new Set(["ENOENT", "ENOTDIR", "ENODEV", "ESRCH"]);

/**
 * Text of a file of cgroups or of /proc whose lines are short; undefined when there is none, or no longer.
 * @throws LinuxError when it cannot be read for another reason.
 */
export function readSmallFile(path: string): string | undefined {
  const fd = openSmallFile(path);
  if (fd === undefined) return undefined;
  try {
    return readDescriptor(fd, path);
  } finally {
    libc().close(fd);
  }
}

/** A descriptor for `readDescriptor()`, which its owner closes; undefined when there is no such file. */
export function openSmallFile(path: string): number | undefined {
  const { read, written } = encoder.encodeInto(path, pathBuffer.subarray(0, -1));
  if (read < path.length || path.includes("\0")) throw new Error(`Cannot read ${path}: no path can be so`);
  pathBuffer[written] = 0;
  const fd = libc().openat(AT_FDCWD, pathBuffer, O.RDONLY | O.CLOEXEC, 0);
  return fd < 0 ? failed(path, "openat") : fd;
}

/** What `readSmallFile()` gives, as it is now, of a file that is open. */
export function readDescriptor(fd: number, path: string): string | undefined {
  const { pread } = libc();
  for (let size = 0;;) {
    const rest = size === 0 ? buffer : buffer.subarray(size);
    const count = Number(pread(fd, rest, BigInt(rest.length), BigInt(size)));
    if (count < 0) return failed(path, "pread");
    size += count;
    if (count < lastPiece) return decoder.decode(buffer.subarray(0, size));
    if (buffer.length - size < lastPiece * 2) enlarge();
  }
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
