/** Taking down what is mounted in a pod's directory, from what the kernel says, not from what we remember. */
import { type Clock, pause } from "../clock.ts";
import { isErrno, mountsBelow, O, openPath, readMounts, removeTree, unmount } from "../linux/mod.ts";
import type { Logger } from "../telemetry/log.ts";
import { isDirectory } from "./directories.ts";
import type { PodPaths } from "./layout.ts";

export interface CleanUpOptions {
  log: Logger;
  clock: Clock;
}

/** Pauses between attempts at a busy mount: a process that was just killed may hold it for a moment. */
const pausesMs = [0, 20, 50, 100, 200, 400, 800];

/** Unmounts everything at and below `dir`, deepest first. */
export async function unmountBelow(dir: string, { log, clock }: CleanUpOptions): Promise<void> {
  // mountinfo has real paths.
  const real = await Deno.realPath(dir);
  for (const ms of pausesMs) {
    if (ms > 0) await pause(clock, ms);
    if (unmountAll(real, {}) === 0) return;
  }
  for (const { target, type } of mountsBelow(readMounts(), real)) {
    log.warn("mount is still in use: detaching it", { target, type });
  }
  if (unmountAll(real, { detach: true }) > 0) throw new Error(`Cannot unmount everything below ${dir}`);
}

/** How many are left. */
function unmountAll(real: string, options: { detach?: boolean }): number {
  let left = 0;
  // Bidirectional propagation can bring several to one place: look again until a round has done nothing.
  for (let round = 0; round < 64; round++) {
    const mounts = mountsBelow(readMounts(), real);
    if (mounts.length === 0) return 0;
    left = 0;
    for (const { target } of mounts) {
      try {
        unmount(target, options);
      } catch (err) {
        // Gone by itself; another round sees whether that is so.
        if (isErrno(err, "EINVAL", "ENOENT", "EBUSY")) left++;
        else throw err;
      }
    }
    if (left === mounts.length) return left;
  }
  return left;
}

/** Unmounts and removes the subPath mounts of one container. */
export async function cleanUpSubpaths(paths: PodPaths, container: string, options: CleanUpOptions): Promise<void> {
  let volumes: string[];
  try {
    volumes = Array.from(Deno.readDirSync(paths.subpaths), ({ name }) => name);
  } catch (err) {
    if (err instanceof Deno.errors.NotFound) return;
    throw err;
  }
  for (const volume of volumes) {
    const dir = `${paths.subpaths}/${volume}/${container}`;
    if (!isDirectory(dir)) continue;
    await unmountBelow(dir, options);
    using parent = openPath(`${paths.subpaths}/${volume}`, O.RDONLY | O.DIRECTORY);
    await removeTree(parent, container);
  }
}
