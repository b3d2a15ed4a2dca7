/**
 * Installs from Debian what islet and its tests need and what is not there yet. Quick when nothing is missing: one look at the
 * package database.
 */

/** What a node needs to run pods. iptables (hostPorts, by CNI's portmap) comes with the CNI plugins. */
export const nodePackages = [
  "containerd",
  "runc",
  "containernetworking-plugins",
  "nftables",
  "iproute2",
  "busybox-static",
  "zstd",
];

/** What the tests need beyond that. */
export const testPackages = ["docker-registry", "util-linux", "procps", "unzip", "curl", "chromium"];

export interface InstallOptions {
  /** Told what is being done. */
  onProgress?: (message: string) => void;
}

/** The packages among `names` that are not installed. */
export async function missingPackages(names: readonly string[]): Promise<string[]> {
  const { stdout } = await run("dpkg-query", ["--show", "--showformat=${Package} ${db:Status-Status}\\n", ...names]);
  const installed = new Set(
    stdout.split("\n").filter((line) => line.endsWith(" installed")).map((line) => line.split(" ")[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/** Installs what is missing; throws with apt's own words when it cannot. */
export async function installPackages(
  names: readonly string[],
  { onProgress = () => {} }: InstallOptions = {},
): Promise<void> {
  const missing = await missingPackages(names);
  if (missing.length === 0) return;
  if (Deno.uid() !== 0) throw new Error(`Cannot install ${missing.join(", ")}: not root`);
  onProgress("reading the package lists");
  await apt(["update"]);
  onProgress(`installing ${missing.join(", ")}`);
  await apt(["install", "--yes", "--no-install-recommends", ...missing]);
  const left = await missingPackages(missing);
  if (left.length > 0) throw new Error(`Cannot install ${left.join(", ")}: apt-get left them out`);
}

/** Whether this is a Debian (or a system made from it). */
export function isDebian(): boolean {
  try {
    return /^ID(?:_LIKE)?=.*\bdebian\b/m.test(Deno.readTextFileSync("/etc/os-release"));
  } catch {
    return false;
  }
}

async function apt(args: string[]): Promise<void> {
  const options = ["--quiet", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=120"];
  const { success, stdout, stderr } = await run("apt-get", [...options, ...args]);
  if (success) return;
  const said = (stderr.trim() || stdout.trim()).split("\n").slice(-5).join("\n");
  throw new Error(`Cannot run apt-get ${args.join(" ")}: ${said}`);
}

async function run(program: string, args: string[]): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    env: { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

if (import.meta.main) {
  await installPackages([...nodePackages, ...testPackages], { onProgress: (message) => console.log(message) });
}
