/**
 * What this machine offers to a managed containerd: read from files and from `containerd --version`, changing nothing but a
 * trial overlayfs mount in a temporary directory.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ContainerdFacts } from "./config.ts";

/** Where distributions put the CNI plugins: Debian, then everyone else. */
const cniDirs = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"];

/** Thrown when a program that the runtime needs is not on this machine. */
export class MissingProgramError extends Error {
  override name = "MissingProgramError";
  constructor(readonly program: string, readonly debianPackage: string, cause?: unknown) {
    super(`Cannot find ${program}: install it with "apt-get install ${debianPackage}"`, { cause });
  }
}

/**
 * Reads the facts; `root` is where overlayfs must work. What takes starting programs is remembered in `<root>/facts.json` until
 * containerd or the kernel changes. Throws {@linkcode MissingProgramError}.
 */
export async function containerdFacts(root: string, options: { cniBinDir?: string } = {}): Promise<ContainerdFacts> {
  const cniBinDir = options.cniBinDir ?? findCniBinDir();
  if (cniBinDir === undefined) throw new MissingProgramError("the CNI plugins", "containernetworking-plugins");
  return {
    ...await triedFacts(root),
    cniBinDir,
    capSysResource: hasCapability(readText("/proc/self/status"), 24),
    systemdCgroup: isDirectory("/run/systemd/system"),
    apparmor: readText("/sys/module/apparmor/parameters/enabled").trim() === "Y",
  };
}

async function triedFacts(root: string): Promise<Pick<ContainerdFacts, "version" | "snapshotter">> {
  const key = `${programVersion("containerd")} ${readText("/proc/sys/kernel/osrelease").trim()}`;
  const file = join(root, "facts.json");
  try {
    const remembered = JSON.parse(Deno.readTextFileSync(file));
    if (remembered.key === key) return { version: remembered.version, snapshotter: remembered.snapshotter };
  } catch { /* not there, or half a file: tried anew */ }
  const version = parseContainerdVersion(await output("containerd", ["--version"]));
  const snapshotter = (await overlayWorks(root)) ? "overlayfs" : "native";
  Deno.writeTextFileSync(`${file}.new`, JSON.stringify({ key, version, snapshotter }), { mode: 0o600 });
  Deno.renameSync(`${file}.new`, file);
  return { version, snapshotter };
}

/** What changes when a program is installed anew: its place, size and time. */
function programVersion(name: string): string {
  for (const dir of (Deno.env.get("PATH") ?? "").split(":")) {
    try {
      const { size, mtime } = Deno.statSync(join(dir, name));
      return `${dir} ${size} ${mtime?.getTime()}`;
    } catch { /* not in this one */ }
  }
  throw new MissingProgramError(name, name);
}

/** `containerd github.com/containerd/containerd 1.6.20~ds1 …` or `… v2.1.3 …`. */
export function parseContainerdVersion(text: string): { major: number; minor: number } {
  const match = /\bv?(\d+)\.(\d+)\.\d+/.exec(text);
  if (!match) {
    throw new Error(`Cannot tell containerd's version: "containerd --version" printed ${JSON.stringify(text)}`);
  }
  return { major: Number(match[1]), minor: Number(match[2]) };
}

/** The first known directory that holds the plugins of the default network. */
export function findCniBinDir(dirs: readonly string[] = cniDirs): string | undefined {
  return dirs.find((dir) => ["ptp", "host-local", "loopback"].every((plugin) => existsSync(join(dir, plugin))));
}

/** Whether capability number `bit` is effective in the text of a /proc/PID/status. */
export function hasCapability(status: string, bit: number): boolean {
  const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return hex !== undefined && ((BigInt("0x" + hex) >> BigInt(bit)) & 1n) === 1n;
}

/** Tries an overlayfs mount where the snapshots will be; a directory on overlayfs itself, for one, cannot hold one. */
async function overlayWorks(root: string): Promise<boolean> {
  const dir = Deno.makeTempDirSync({ dir: root, prefix: ".overlay-" });
  try {
    for (const name of ["lower", "upper", "work", "merged"]) Deno.mkdirSync(join(dir, name));
    const options = `lowerdir=${dir}/lower,upperdir=${dir}/upper,workdir=${dir}/work`;
    const merged = join(dir, "merged");
    const mount = new Deno.Command("mount", {
      args: ["-t", "overlay", "-o", options, "overlay", merged],
      stderr: "null",
    });
    if (!(await mount.output()).success) return false;
    await new Deno.Command("umount", { args: [merged] }).output();
    return true;
  } finally {
    try {
      Deno.removeSync(dir, { recursive: true });
    } catch { /* a mount left in it is worth less than a start that fails */ }
  }
}

async function output(program: string, args: string[]): Promise<string> {
  try {
    const { stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch (cause) {
    throw new MissingProgramError(program, program, cause);
  }
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
