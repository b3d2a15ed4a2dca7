/**
 * Opening a path inside a directory whose contents a container controls. However the container swaps names for
 * symbolic links meanwhile, what comes back lies inside the directory: openat2(RESOLVE_BENEATH) where the kernel has
 * it, else (and to make missing directories) a walk that holds every directory on the way by descriptor.
 */
import { isErrno, LinuxError } from "./errno.ts";
import { fchmod, Fd, fstat, mkdirAt, O, openAt, openat2, readLink, RESOLVE } from "./fd.ts";

/**
 * Opens `path` (relative) below `root` as O_PATH. Links may point anywhere inside; one that leaves, absolute ones
 * included, is EXDEV. A missing part is ENOENT.
 */
export function openBeneath(root: Fd, path: string): Fd {
  try {
    return openat2(root, path, { flags: O.PATH, resolve: RESOLVE.BENEATH | RESOLVE.NO_MAGICLINKS });
  } catch (err) {
    if (!isErrno(err, "ENOSYS", "EAGAIN")) throw err;
    return walkBeneath(root, path);
  }
}

/** Like `openBeneath`, making the directories that are missing, with exactly `mode`. */
export function openBeneathOrMake(root: Fd, path: string, mode: number): Fd {
  return walkBeneath(root, path, mode);
}

/** As many links as the kernel follows. */
const mostLinks = 40;
const dot = 0x2e;
const slash = 0x2f;

function walkBeneath(root: Fd, path: string, mode?: number): Fd {
  const leaves = () => new LinuxError(`open ${root.path}/${path}`, "openat", 18 /* EXDEV */);
  // Every directory from the root to where we are; `..` goes back along them and never asks the file system.
  const trail: Fd[] = [];
  const todo: Uint8Array[] = components(new TextEncoder().encode(path)).reverse();
  let links = 0;
  try {
    while (todo.length > 0) {
      const name = todo.pop()!;
      const here = trail.at(-1) ?? root;
      if (name.length === 2 && name[0] === dot && name[1] === dot) {
        const left = trail.pop();
        if (!left) throw leaves();
        left.close();
        continue;
      }
      const next = openOrMake(here, name, mode);
      const { type } = fstat(next);
      if (type !== "symlink") {
        trail.push(next);
        continue;
      }
      using link = next;
      const target = readLink(link);
      if (target[0] === slash) throw leaves();
      if (++links > mostLinks) throw new LinuxError(`open ${root.path}/${path}`, "openat", 40 /* ELOOP */);
      todo.push(...components(target).reverse());
    }
    // The root itself, opened anew so that the caller can close what it got.
    return trail.pop() ?? openAt(root, ".", O.PATH | O.DIRECTORY);
  } finally {
    for (const fd of trail) fd.close();
  }
}

function openOrMake(here: Fd, name: Uint8Array, mode: number | undefined): Fd {
  for (let tries = 0;; tries++) {
    try {
      return openAt(here, name, O.PATH | O.NOFOLLOW);
    } catch (err) {
      if (mode === undefined || !isErrno(err, "ENOENT") || tries >= 8) throw err;
    }
    try {
      mkdirAt(here, name, 0o700);
    } catch (err) {
      // Someone else made it, or a link, just now: look again.
      if (isErrno(err, "EEXIST")) continue;
      throw err;
    }
    try {
      // The umask took bits of the mode away. If the name was swapped since, a link is refused here.
      using made = openAt(here, name, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
      fchmod(made, mode);
    } catch (err) {
      if (!isErrno(err, "ENOENT", "ENOTDIR", "ELOOP")) throw err;
    }
  }
}

/** A path's parts without empty ones and `.`. */
function components(path: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at <= path.length; at++) {
    if (at < path.length && path[at] !== slash) continue;
    const part = path.subarray(start, at);
    if (part.length > 0 && !(part.length === 1 && part[0] === dot)) parts.push(part);
    start = at + 1;
  }
  return parts;
}
