/**
 * What is at a path of the host. Behind it may be a server that is gone, and a stat(2) there never returns; so where
 * any mount of the machine has a server, a child process asks, with a deadline.
 */
import { type ChildAnswer, mountsThatMayHang, readMounts, runBounded } from "../linux/mod.ts";

export type HostFileType = "directory" | "file" | "socket" | "character device" | "block device" | "other";

export interface InspectOptions {
  signal?: AbortSignal;
  deadlineMs?: number;
  /** Whether a path of this machine can hang. */
  mayHang?: () => boolean;
  /** The programs that can ask, in order of preference. */
  programs?: readonly (readonly string[])[];
}

/** What `path` (links followed) is; undefined if there is nothing. @throws {Error} when it cannot be told in time. */
export async function inspect(path: string, options: InspectOptions = {}): Promise<HostFileType | undefined> {
  const { mayHang = () => mountsThatMayHang(readMounts()).length > 0 } = options;
  return mayHang() ? await inspectByChild(path, options) : await inspectHere(path);
}

async function inspectHere(path: string): Promise<HostFileType | undefined> {
  let found: Deno.FileInfo;
  try {
    found = await Deno.stat(path);
  } catch (err) {
    if (err instanceof Deno.errors.NotFound || err instanceof Deno.errors.NotADirectory) return undefined;
    throw new Error(`cannot look at ${path}: ${(err as Error).message}`, { cause: err });
  }
  if (found.isDirectory) return "directory";
  if (found.isFile) return "file";
  if (found.isSocket) return "socket";
  if (found.isCharDevice) return "character device";
  return found.isBlockDevice ? "block device" : "other";
}

const types: Record<number, HostFileType> = {
  0x4000: "directory",
  0x8000: "file",
  0xc000: "socket",
  0x2000: "character device",
  0x6000: "block device",
};

async function inspectByChild(path: string, options: InspectOptions): Promise<HostFileType | undefined> {
  const { signal, deadlineMs = 5000, programs = [["stat"], ["busybox", "stat"]] } = options;
  let answer: ChildAnswer | undefined;
  try {
    answer = await runBounded(programs, ["-L", "-c", "%f", "--", path], deadlineMs, signal);
  } catch (err) {
    if (!(err instanceof Deno.errors.NotFound)) throw err;
    throw new Error(`cannot look at ${path}: there is no stat program (install coreutils)`);
  }
  if (!answer) throw new Error(`cannot look at ${path}: no answer within ${deadlineMs / 1000} s`);
  const { code, stdout, stderr } = answer;
  if (code === 0) return types[parseInt(stdout, 16) & 0xf000] ?? "other";
  if (/No such file or directory|Not a directory/.test(stderr)) return undefined;
  throw new Error(`cannot look at ${path}: ${stderr.trim().split(": ").at(-1) || `stat ended with ${code}`}`);
}
