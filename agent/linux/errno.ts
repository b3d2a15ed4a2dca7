/** Errors of system calls, by the names that manual pages use. */

/** errno → name, for the numbers that x86-64 and arm64 share (asm-generic). */
const names: Record<number, string> = {
  1: "EPERM",
  2: "ENOENT",
  3: "ESRCH",
  4: "EINTR",
  5: "EIO",
  6: "ENXIO",
  9: "EBADF",
  11: "EAGAIN",
  12: "ENOMEM",
  13: "EACCES",
  14: "EFAULT",
  15: "ENOTBLK",
  16: "EBUSY",
  17: "EEXIST",
  18: "EXDEV",
  19: "ENODEV",
  20: "ENOTDIR",
  21: "EISDIR",
  22: "EINVAL",
  23: "ENFILE",
  24: "EMFILE",
  26: "ETXTBSY",
  27: "EFBIG",
  28: "ENOSPC",
  29: "ESPIPE",
  30: "EROFS",
  31: "EMLINK",
  32: "EPIPE",
  34: "ERANGE",
  36: "ENAMETOOLONG",
  38: "ENOSYS",
  39: "ENOTEMPTY",
  40: "ELOOP",
  75: "EOVERFLOW",
  95: "EOPNOTSUPP",
  110: "ETIMEDOUT",
  112: "EHOSTDOWN",
  116: "ESTALE",
  122: "EDQUOT",
};

/** `EBUSY` for 16; `errno 200` for a number without a name here. */
export function errnoName(errno: number): string {
  return names[errno] ?? `errno ${errno}`;
}

/** A system call that failed: `Cannot mount tmpfs on /a: EBUSY`. */
export class LinuxError extends Error {
  override readonly name = "LinuxError";
  /** `EBUSY`, as in the manual pages. */
  readonly code: string;

  constructor(what: string, readonly syscall: string, readonly errno: number) {
    super(`Cannot ${what}: ${errnoName(errno)}`);
    this.code = errnoName(errno);
  }
}

/** Whether `err` is a system call that failed with one of these names. */
export function isErrno(err: unknown, ...codes: string[]): err is LinuxError {
  return err instanceof LinuxError && codes.includes(err.code);
}
