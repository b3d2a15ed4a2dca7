/**
 * What is at a path of the host. Behind it may be a server that is gone, and a stat(2) there never returns; so where
 * any mount of the machine has a server, a child process asks, with a deadline.
 */
import { mountsThatMayHang, readMounts } from "../linux/mod.ts";

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
  for (const [program, ...first] of programs) {
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(program, {
        args: [...first, "-L", "-c", "%f", "--", path],
        env: { LC_ALL: "C" },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (err) {
      if (err instanceof Deno.errors.NotFound) continue;
      throw err;
    }
    const { code, out, errors } = await finish(child, path, deadlineMs, signal);
    if (code === 0) return types[parseInt(out, 16) & 0xf000] ?? "other";
    if (/No such file or directory|Not a directory/.test(errors)) return undefined;
    throw new Error(`cannot look at ${path}: ${errors.trim().split(": ").at(-1) || `stat ended with ${code}`}`);
  }
  throw new Error(`cannot look at ${path}: there is no stat program (install coreutils)`);
}

/** The child's answer, or an error at the deadline. */
async function finish(child: Deno.ChildProcess, path: string, deadlineMs: number, signal?: AbortSignal) {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`cannot look at ${path}: no answer within ${deadlineMs / 1000} s`)),
    deadlineMs,
  );
  const abort = () => late.reject(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  const output = child.output();
  try {
    const { code, stdout, stderr } = await Promise.race([output, late.promise]);
    return { code, out: new TextDecoder().decode(stdout), errors: new TextDecoder().decode(stderr) };
  } catch (err) {
    try {
      child.kill("SIGKILL");
    } catch {
      // It ended by itself just now.
    }
    // A killed child ends at once, unless it waits for a dead server: then it is left behind.
    const moment = Promise.withResolvers<void>();
    const over = setTimeout(moment.resolve, 100);
    await Promise.race([output.catch(() => undefined), moment.promise]);
    clearTimeout(over);
    child.unref();
    throw err;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    // Whichever of the two lost the race must not become an unhandled rejection.
    late.promise.catch(() => undefined);
  }
}
