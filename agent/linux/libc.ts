/**
 * The C library, opened on first use. Calls are synchronous: none of ours waits for anything but a local file system,
 * and a blocking call that may hang (a dead NFS server) must go to a child process instead.
 */
import { LinuxError } from "./errno.ts";

const symbols = {
  __errno_location: { parameters: [], result: "pointer" },
  mount: { parameters: ["buffer", "buffer", "buffer", "u64", "buffer"], result: "i32" },
  umount2: { parameters: ["buffer", "i32"], result: "i32" },
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  mkdirat: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  unlinkat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  fchownat: { parameters: ["i32", "buffer", "u32", "u32", "i32"], result: "i32" },
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  fchmodat: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  readlinkat: { parameters: ["i32", "buffer", "buffer", "usize"], result: "isize" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  renameat: { parameters: ["i32", "buffer", "i32", "buffer"], result: "i32" },
  // syscall(2) takes a long for each argument; the kernel reads the registers that a call in C would fill.
  syscall: { parameters: ["i64", "i64", "buffer", "buffer", "u64"], result: "i64" },
} as const satisfies Deno.ForeignLibraryInterface;

// A second view of the same function, for the calls whose registers hold a number where the first has a pointer.
const byNumbers = {
  syscall: { parameters: ["i64", "i64", "buffer", "i64", "u64", "buffer"], result: "i64" },
} as const satisfies Deno.ForeignLibraryInterface;

type Libc = Deno.DynamicLibrary<typeof symbols>["symbols"];
type Numbers = Deno.DynamicLibrary<typeof byNumbers>["symbols"];

let opened: { libc: Libc; numbers: Numbers; errno: Deno.UnsafePointerView } | undefined;

function open() {
  if (opened) return opened;
  const libc = dlopenLibc(symbols);
  const numbers = dlopenLibc(byNumbers);
  // One address for the thread's life: errno is thread-local and this isolate stays on its thread.
  const at = libc.__errno_location();
  if (at === null) throw new Error("Cannot use the C library: __errno_location() returned NULL");
  return opened = { libc, numbers, errno: new Deno.UnsafePointerView(at) };
}

/** Another view of the library's functions: for calls on threads of their own. */
export function dlopenLibc<S extends Deno.ForeignLibraryInterface>(symbols: S): Deno.DynamicLibrary<S>["symbols"] {
  let failure: unknown;
  // glibc, then musl under its two names.
  for (const name of ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`, "libc.so"]) {
    try {
      return Deno.dlopen(name, symbols).symbols;
    } catch (err) {
      failure ??= err;
    }
  }
  throw new Error("Cannot open the C library", { cause: failure });
}

/** Opens the library now: tests do, for whom a library opened half way through looks like a leak. */
export function loadLibc(): void {
  open();
}

/** The library's functions. */
export function libc(): Libc {
  return open().libc;
}

/** The error number that the last failed call left. */
export function errno(): number {
  return open().errno.getInt32();
}

/** The result of a call, or a LinuxError saying that `what` could not be done. */
export function check<T extends number | bigint>(result: T, syscall: string, what: string | (() => string)): T {
  if (result < 0) {
    const code = errno();
    throw new LinuxError(typeof what === "string" ? what : what(), syscall, code);
  }
  return result;
}

const encoder = new TextEncoder();

/** `text` as the NUL-terminated bytes that C takes; bytes are taken as they are. */
export function cString(text: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  if (bytes.includes(0)) throw new Error("Cannot pass a path to the kernel: it contains a NUL byte");
  const out = new Uint8Array(bytes.length + 1);
  out.set(bytes);
  return out;
}

const arch = Deno.build.arch === "aarch64" ? "arm64" : "x64";

/** System call numbers that the C library may not wrap. */
const numbers = {
  x64: { getdents64: 217, statx: 332, openat2: 437 },
  arm64: { getdents64: 61, statx: 291, openat2: 437 },
}[arch];

/** openat2(2): newer than many C libraries. Returns a descriptor or −1. */
export function sysOpenat2(dirfd: number, path: Uint8Array<ArrayBuffer>, how: Uint8Array<ArrayBuffer>): number {
  return Number(open().libc.syscall(BigInt(numbers.openat2), BigInt(dirfd), path, how, BigInt(how.length)));
}

/** statx(2). Returns 0 or −1. */
export function sysStatx(
  dirfd: number,
  path: Uint8Array<ArrayBuffer>,
  flags: number,
  mask: number,
  out: Uint8Array<ArrayBuffer>,
): number {
  return Number(
    open().numbers.syscall(BigInt(numbers.statx), BigInt(dirfd), path, BigInt(flags), BigInt(mask), out),
  );
}

/** getdents64(2). Returns the bytes written into `out`, 0 at the end, −1 on failure. */
export function sysGetdents(fd: number, out: Uint8Array<ArrayBuffer>): number {
  const { numbers: view } = open();
  return Number(view.syscall(BigInt(numbers.getdents64), BigInt(fd), out, BigInt(out.length), 0n, null));
}

/** open(2) flags; the four that differ between the two architectures are why this is not a plain table. */
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  CREAT: 0o100,
  EXCL: 0o200,
  TRUNC: 0o1000,
  NONBLOCK: 0o4000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
  DIRECTORY: arch === "arm64" ? 0o40000 : 0o200000,
  NOFOLLOW: arch === "arm64" ? 0o100000 : 0o400000,
} as const;

/** `dirfd` that means the working directory; paths given with it are absolute here. */
export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_NO_AUTOMOUNT = 0x800;
export const AT_EMPTY_PATH = 0x1000;
