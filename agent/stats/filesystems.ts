/**
 * How full file systems are. statfs(2) never returns where a server behind a mount is gone, so where any mount of the
 * machine has a server, a child process asks, with a deadline.
 */
import { statfsSync } from "node:fs";
import { mountsThatMayHang, readMounts, runBounded, unlessMissing } from "../linux/mod.ts";

export interface FilesystemUsage {
  capacityBytes: number;
  /** What processes without privileges may still take. */
  availableBytes: number;
  usedBytes: number;
  inodes: number;
  inodesFree: number;
}

/** A file system of this node's own, which cannot hang; undefined where there is none. */
export function localFilesystem(path: string): FilesystemUsage | undefined {
  try {
    const { bsize, blocks, bfree, bavail, files, ffree } = statfsSync(path);
    return usage(bsize, blocks, bfree, bavail, files, ffree);
  } catch {
    return undefined;
  }
}

/** Any file system; undefined where there is none, or when it does not answer in time. */
export async function anyFilesystem(path: string, mayHang = machineMayHang): Promise<FilesystemUsage | undefined> {
  if (!mayHang()) return localFilesystem(path);
  // both coreutils and busybox know these
  const answer = await runBounded([["stat"], ["busybox", "stat"]], ["-f", "-c", "%S %b %f %a %c %d", "--", path], 2000)
    .catch(unlessMissing);
  const numbers = answer?.stdout.trim().split(" ").map(Number) ?? [];
  if (numbers.length !== 6 || !numbers.every(Number.isFinite)) return undefined;
  const [bsize, blocks, bfree, bavail, files, ffree] = numbers;
  return usage(bsize, blocks, bfree, bavail, files, ffree);
}

function machineMayHang(): boolean {
  return mountsThatMayHang(readMounts()).length > 0;
}

function usage(
  bsize: number,
  blocks: number,
  bfree: number,
  bavail: number,
  inodes: number,
  inodesFree: number,
): FilesystemUsage {
  return {
    capacityBytes: blocks * bsize,
    availableBytes: bavail * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodes,
    inodesFree,
  };
}
