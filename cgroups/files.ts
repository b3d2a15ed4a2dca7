/**
 * The small part of a file system that cgroups need. Reads and directory calls on a cgroup file system take
 * microseconds and are synchronous; a write may make the kernel reclaim memory for seconds and is not.
 */
import { errorCode } from "./errors.ts";

export interface CgroupFiles {
  /** Byte limits are kept in whole pages of this size. */
  readonly pageSize: number;
  /** A file's text; undefined when it does not exist (or its cgroup went away while it was read). */
  read(path: string): string | undefined;
  write(path: string, value: string): Promise<void>;
  /** True when the directory was made, false when it was there. */
  mkdir(path: string): boolean;
  /** True when the directory was removed, false when it was not there. */
  rmdir(path: string): boolean;
  /** Names of the directories in `path`; undefined when it does not exist. */
  directories(path: string): string[] | undefined;
}

/** The kernel's. */
export const kernelFiles: CgroupFiles = {
  get pageSize() {
    return knownPageSize ??= readPageSize();
  },
  read(path) {
    try {
      return Deno.readTextFileSync(path);
    } catch (err) {
      if (["ENOENT", "ENODEV", "ENOTDIR"].includes(errorCode(err))) return undefined;
      throw err;
    }
  },
  async write(path, value) {
    const file = await Deno.open(path, { write: true });
    try {
      await file.write(new TextEncoder().encode(value));
    } finally {
      file.close();
    }
  },
  mkdir(path) {
    try {
      Deno.mkdirSync(path, { mode: 0o755 });
      return true;
    } catch (err) {
      if (errorCode(err) === "EEXIST") return false;
      throw err;
    }
  },
  rmdir(path) {
    try {
      // Deno.removeSync without `recursive` is rmdir(2) on a directory.
      Deno.removeSync(path);
      return true;
    } catch (err) {
      if (["ENOENT", "ENODEV"].includes(errorCode(err))) return false;
      throw err;
    }
  },
  directories(path) {
    try {
      const names: string[] = [];
      for (const entry of Deno.readDirSync(path)) if (entry.isDirectory) names.push(entry.name);
      return names.sort();
    } catch (err) {
      if (["ENOENT", "ENODEV"].includes(errorCode(err))) return undefined;
      throw err;
    }
  },
};

let knownPageSize: number | undefined;

/** AT_PAGESZ of the auxiliary vector: pairs of machine words, ended by a zero. 4096 where it cannot be read. */
function readPageSize(): number {
  try {
    const words = new BigUint64Array(Deno.readFileSync("/proc/self/auxv").slice().buffer);
    for (let at = 0; at + 1 < words.length; at += 2) if (words[at] === 6n) return Number(words[at + 1]);
  } catch {
    // No /proc.
  }
  return 4096;
}
