/** What v1 and v2 share: walking, removing and applying over one or several directory trees. */
import { CgroupError, errorCode, isBusy } from "./errors.ts";
import type { CgroupFiles } from "./files.ts";
import type { Applied, RemoveOptions } from "./cgroup_fs.ts";
import type { CgroupLimits } from "./limits.ts";
import { type CgroupVersion, limitFiles, planWrites } from "./plan.ts";

/** The numbers in a cgroup.procs file; 0 (a process of another PID namespace) left out. */
export function parsePids(text: string | undefined): number[] {
  return (text ?? "").split("\n").map(Number).filter((pid) => pid > 0);
}

/** The directory and all below it, deepest first; empty when it does not exist. */
export function deepestFirst(files: CgroupFiles, directory: string): string[] {
  const children = files.directories(directory);
  if (!children) return [];
  return [...children.flatMap((name) => deepestFirst(files, `${directory}/${name}`)), directory];
}

/** Removes the directory trees, trying busy ones again until the time is over. */
export async function removeTrees(
  files: CgroupFiles,
  path: string,
  directories: string[],
  options: RemoveOptions,
): Promise<void> {
  const end = performance.now() + (options.timeoutMs ?? 2000);
  for (let wait = 5;; wait = Math.min(200, wait * 2)) {
    let busy: unknown;
    for (const directory of directories) {
      for (const each of deepestFirst(files, directory)) {
        try {
          files.rmdir(each);
        } catch (err) {
          // A child that appeared meanwhile shows as ENOTEMPTY on look-alike file systems, EBUSY on the kernel's.
          if (!isBusy(err) && errorCode(err) !== "ENOTEMPTY") {
            throw new CgroupError(`Cannot remove cgroup ${path}: ${message(err)}`, { cause: err });
          }
          busy = err;
        }
      }
    }
    if (busy === undefined) return;
    options.signal?.throwIfAborted();
    if (performance.now() + wait > end) {
      throw new CgroupError(`Cannot remove cgroup ${path}: ${message(busy)}`, { code: "EBUSY", cause: busy });
    }
    await sleep(wait, options.signal);
  }
}

/** Reads, plans, writes. `locate` gives the file's full path, or undefined where its controller is not there. */
export async function applyLimits(
  version: CgroupVersion,
  files: CgroupFiles,
  path: string,
  limits: CgroupLimits,
  locate: (file: string) => string | undefined,
): Promise<Applied> {
  const current: Record<string, string | undefined> = {};
  for (const file of limitFiles(version, limits)) {
    const full = locate(file);
    current[file] = full === undefined ? undefined : files.read(full);
  }
  const { writes, missing } = planWrites(version, limits, current, files.pageSize);
  const needed = missing.filter((file) => !optional(version, file));
  if (needed.length > 0) {
    throw new CgroupError(
      `Cannot limit cgroup ${path}: ${needed.join(", ")} ${needed.length > 1 ? "do" : "does"} not exist`,
      { code: "ENOENT" },
    );
  }
  for (const { file, value } of writes) {
    try {
      await files.write(locate(file)!, value);
    } catch (err) {
      throw new CgroupError(`Cannot write ${value} to ${file} of cgroup ${path}: ${message(err)}`, { cause: err });
    }
  }
  return { written: writes.map(({ file }) => file), unsupported: missing };
}

/** Limits that a machine may be without: huge pages, I/O weight, and v2's memory protection on v1. */
function optional(version: CgroupVersion, file: string): boolean {
  if (/^(hugetlb|io|blkio)\./.test(file)) return true;
  return version === 1 && /^memory\.(min|low|high)$/.test(file);
}

export function message(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}

/** Waits, or ends early by throwing the signal's reason. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
