/** The mounts of this process's namespace, from /proc/self/mountinfo: parsing is pure. */

export interface Mount {
  id: number;
  parent: number;
  /** `major:minor` */
  device: string;
  /** Where in its file system the mount begins. */
  root: string;
  target: string;
  readonly: boolean;
  type: string;
  source: string;
}

/** The lines of a mountinfo file, in its order: a later mount on the same target hides an earlier one. */
export function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split("\n")) {
    const [left, right] = line.split(" - ");
    if (right === undefined) continue;
    const [id, parent, device, root, target, options] = left.split(" ");
    const [type, source] = right.split(" ");
    mounts.push({
      id: Number(id),
      parent: Number(parent),
      device,
      root: unescape(root),
      target: unescape(target),
      readonly: options.split(",").includes("ro"),
      type,
      source: unescape(source ?? ""),
    });
  }
  return mounts;
}

/** The mounts as they are now. */
export function readMounts(): Mount[] {
  return parseMounts(Deno.readTextFileSync("/proc/self/mountinfo"));
}

/** The mounts at or below `path`, the order in which to unmount them: deepest and newest first. */
export function mountsBelow(mounts: readonly Mount[], path: string): Mount[] {
  const inside = mounts.filter(({ target }) => target === path || target.startsWith(path + "/"));
  const depth = (mount: Mount) => mount.target.split("/").length;
  return inside
    .map((mount, index) => ({ mount, index }))
    .sort((a, b) => depth(b.mount) - depth(a.mount) || b.index - a.index)
    .map(({ mount }) => mount);
}

/** The mount that a path is on: the one nearest above it, the newest of those. Links are not followed. */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  let found: Mount | undefined;
  for (const mount of mounts) {
    const { target } = mount;
    const isAbove = target === "/" || path === target || path.startsWith(target + "/");
    if (isAbove && target.length >= (found?.target.length ?? 0)) found = mount;
  }
  return found;
}

/** File systems whose server may go away and leave every caller waiting in the kernel. */
const remote = new Set(["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "ncpfs", "glusterfs", "autofs"]);

/** Whether a path of this machine can hang: some mount has a server behind it, in another machine or process. */
export function mountsThatMayHang(mounts: readonly Mount[]): Mount[] {
  return mounts.filter(({ type }) => remote.has(type) || type === "fuse" || type.startsWith("fuse."));
}

/** mountinfo writes space, tab, newline and backslash as octal. */
function unescape(text: string): string {
  if (!text.includes("\\")) return text;
  const bytes: number[] = [];
  const encoded = new TextEncoder().encode(text);
  for (let i = 0; i < encoded.length; i++) {
    const octal = encoded[i] === 0x5c ? new TextDecoder().decode(encoded.subarray(i + 1, i + 4)) : "";
    if (/^[0-7]{3}$/.test(octal)) {
      bytes.push(parseInt(octal, 8));
      i += 3;
    } else {
      bytes.push(encoded[i]);
    }
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}
