/**
 * subPath: a part of a volume, bind-mounted where only we can reach, so that the runtime follows no link that a
 * container made. The file is opened once, below the volume's root, and the mount is made from that descriptor:
 * whatever the name means a moment later, what was checked is what is mounted.
 */
import {
  bindMount,
  type Fd,
  type FileStat,
  fstat,
  isErrno,
  lstat,
  O,
  openat2,
  openBeneath,
  openBeneathOrMake,
  openPath,
  RESOLVE,
  unmount,
} from "../linux/mod.ts";

export interface SubpathRequest {
  volumePath: string;
  /** Relative, without `..`. */
  subPath: string;
  /** The bind mount's place, in the pod's directory. */
  target: string;
  /**
   * Whether absolute links that lead back into the volume are followed, as kubelet does: only where the host's owner
   * named the path. A container's absolute link means a path of the container.
   */
  followAbsolute: boolean;
}

/** Opens a subPath, making directories that are missing with the volume's own mode. */
export function openSubpath(request: Omit<SubpathRequest, "target">): Fd {
  const { volumePath, subPath, followAbsolute } = request;
  using root = openPath(volumePath);
  try {
    return openBeneath(root, subPath);
  } catch (err) {
    if (isErrno(err, "EXDEV") && followAbsolute) return openReal(root, subPath);
    if (!isErrno(err, "ENOENT")) throw err;
  }
  return openBeneathOrMake(root, subPath, fstat(root).mode);
}

/** By real path, which must lie inside and is then opened without following anything. */
function openReal(root: Fd, subPath: string): Fd {
  const base = Deno.realPathSync(root.procPath);
  const real = Deno.realPathSync(`${base}/${subPath}`);
  if (real !== base && !real.startsWith(base === "/" ? "/" : base + "/")) {
    throw new Error(`Cannot open ${base}/${subPath}: it leads out of the volume, to ${real}`);
  }
  const flags = O.PATH;
  const resolve = RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS | RESOLVE.NO_MAGICLINKS;
  return openat2(root, real === base ? "." : real.slice(base === "/" ? 1 : base.length + 1), { flags, resolve });
}

/** Makes (or finds) the bind mount of a subPath. True if it was mounted now. */
export function mountSubpath(request: SubpathRequest): boolean {
  using source = openSubpath(request);
  const wanted = fstat(source);
  const { target } = request;
  for (let tries = 0;; tries++) {
    const there = tryLstat(target);
    if (there && there.device === wanted.device && there.ino === wanted.ino) return false;
    if (!there) break;
    // A mount of something else (an older version of a file), or a target of the wrong kind.
    if (tries > 16) throw new Error(`Cannot clear ${target}: something keeps appearing there`);
    clearTarget(target);
  }
  Deno.mkdirSync(target.slice(0, target.lastIndexOf("/")), { recursive: true, mode: 0o700 });
  if (wanted.type === "directory") Deno.mkdirSync(target, { mode: 0o700 });
  else Deno.openSync(target, { write: true, createNew: true, mode: 0o600 }).close();
  bindMount(source, target);
  const made = lstat(target);
  if (made.device !== wanted.device || made.ino !== wanted.ino) {
    throw new Error(`Cannot mount ${request.volumePath}/${request.subPath}: ${target} shows another file`);
  }
  return true;
}

/** Removes a target with the mount on it. */
function clearTarget(target: string): void {
  try {
    unmount(target);
  } catch (err) {
    if (isErrno(err, "EBUSY")) return unmount(target, { detach: true });
    // EINVAL: nothing is mounted there.
    if (!isErrno(err, "EINVAL")) throw err;
    Deno.removeSync(target);
  }
}

function tryLstat(path: string): FileStat | undefined {
  try {
    return lstat(path);
  } catch (err) {
    if (isErrno(err, "ENOENT", "ENOTDIR")) return undefined;
    throw err;
  }
}
