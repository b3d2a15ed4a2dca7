/**
 * Takes a node off the machine again: its pods, its containerd, its mounts, cgroups, network rules and files. What Debian's
 * packages brought stays.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { connectCri, type CriClient } from "../../cri/mod.ts";
import { removeDefaultCni } from "../../net/cni/mod.ts";
import { openNft } from "../../net/nft/mod.ts";
import { removeProxy } from "../../net/proxy/mod.ts";
import { releaseAddresses } from "../../net/own_address.ts";
import { containerdPaths, ManagedContainerd, runDirOf } from "../runtime/containerd/mod.ts";
import { ownSelector } from "../runtime/mod.ts";
import { type Logger, silentLogger } from "../telemetry/log.ts";

export interface RemoveNodeOptions {
  rootDir: string;
  runDir?: string;
  /** The node's own top cgroup, `kubepods` unless configured otherwise; removed only if named: nodes may share it. */
  cgroup?: string;
  /** Of a runtime that is not the node's own: only pods with this owner are ended, and it goes on. */
  external?: { endpoint: string; owner: string };
  podCIDRs?: string[];
  /** Leaves the files: store, images, volumes, logs. */
  keepData?: boolean;
  log?: Logger;
  onProgress?: (message: string) => void;
}

/** Removes everything; throws when the node's agent is still running or a mount cannot be undone. */
export async function removeNode(options: RemoveNodeOptions): Promise<void> {
  const { rootDir, runDir = runDirOf(rootDir), cgroup, external, keepData = false, onProgress = () => {} } = options;
  const { podCIDRs = ["10.244.0.0/24", "fd00::/64"], log = silentLogger } = options;
  if (await answers(join(runDir, "islet.sock"))) {
    throw new Error(`Cannot remove the node: it is running (${runDir}/islet.sock answers); stop it first`);
  }
  const paths = containerdPaths(rootDir, { runDir });
  onProgress("ending pods");
  if (external) await removePods(external.endpoint, ownSelector(external.owner));
  else if (existsSync(paths.config)) {
    const containerd = new ManagedContainerd({ paths, log });
    await containerd.start();
    await removePods(containerd.endpoint);
    onProgress("ending containerd");
    await containerd.stop();
  }
  onProgress("removing mounts, cgroups and network rules");
  await unmountBelow([rootDir, runDir]);
  if (cgroup !== undefined) await removeCgroups(cgroup);
  const nft = openNft();
  if (existsSync(paths.cniConfDir)) await removeDefaultCni(nft, paths.cniConfDir, podCIDRs);
  await removeProxy(nft);
  await releaseAddresses(nft);
  await removePortmapChains();
  if (!keepData) onProgress("removing files");
  const left = mountsBelow([rootDir, runDir]);
  if (left.length > 0) throw new Error(`Cannot remove the node's files: still mounted: ${left.join(", ")}`);
  for (const dir of keepData ? [runDir] : [rootDir, runDir]) await removeDirectory(dir);
}

/** So often, a second apart: a shim that ends while it is asked fails a call that need not be made any more. */
const mostTries = 5;

async function removePods(endpoint: string, labels: Record<string, string> = {}): Promise<void> {
  const cri = connectCri(endpoint);
  try {
    for (let tries = 1;; tries++) {
      try {
        return await removeListedPods(cri, { labelSelector: labels });
      } catch (err) {
        if (tries === mostTries) throw err;
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  } finally {
    cri.close();
  }
}

async function removeListedPods(cri: CriClient, filter: { labelSelector: Record<string, string> }): Promise<void> {
  const [{ containers }, { items }] = await Promise.all([
    cri.runtime.listContainers({ filter }),
    cri.runtime.listPodSandbox({ filter }),
  ]);
  await Promise.all(containers.map(({ id }) => cri.runtime.stopContainer({ containerId: id, timeout: 2n })));
  await Promise.all(items.map(async ({ id }) => {
    await cri.runtime.stopPodSandbox({ podSandboxId: id });
    await cri.runtime.removePodSandbox({ podSandboxId: id });
  }));
}

/** Mount points below the directories, deepest first. A directory that is itself a mount is somebody's partition. */
function mountsBelow(dirs: readonly string[]): string[] {
  return Deno.readTextFileSync("/proc/self/mountinfo").split("\n")
    .map((line) =>
      (line.split(" ")[4] ?? "").replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8)))
    )
    .filter((point) => dirs.some((dir) => point.startsWith(dir + "/")))
    .sort((a, b) => b.length - a.length);
}

async function unmountBelow(dirs: readonly string[]): Promise<void> {
  for (const point of mountsBelow(dirs)) await run("umount", ["--lazy", point]);
}

/** Removes the empty cgroups of this name in every hierarchy; those that hold processes are somebody's and stay. */
async function removeCgroups(name: string): Promise<void> {
  // slices are systemd's to remove, with all that is below them
  if (name.endsWith(".slice")) return void await run("systemctl", ["stop", name]);
  const root = "/sys/fs/cgroup";
  const hierarchies = existsSync(`${root}/cgroup.controllers`)
    ? [root]
    : [...Deno.readDirSync(root)].filter((entry) => entry.isDirectory).map((entry) => `${root}/${entry.name}`);
  const remove = (dir: string) => {
    for (const entry of Deno.readDirSync(dir)) if (entry.isDirectory) remove(`${dir}/${entry.name}`);
    try {
      Deno.removeSync(dir);
    } catch { /* in use */ }
  };
  for (const hierarchy of hierarchies) if (existsSync(`${hierarchy}/${name}`)) remove(`${hierarchy}/${name}`);
}

/** The chains that CNI's portmap makes once and never takes away; a chain that still forwards something stays. */
async function removePortmapChains(): Promise<void> {
  const { success, stdout } = await run("iptables", ["-t", "nat", "-S"]);
  if (!success || /^-A CNI-HOSTPORT-DNAT /m.test(stdout)) return;
  for (const rule of stdout.split("\n").filter((line) => /^-A (?!CNI-).* -j CNI-HOSTPORT-/.test(line))) {
    // Quotes stand around comments only.
    const words = [...rule.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]);
    await run("iptables", ["-t", "nat", "-D", ...words.slice(1)]);
  }
  for (const chain of ["CNI-HOSTPORT-DNAT", "CNI-HOSTPORT-MASQ", "CNI-HOSTPORT-SETMARK"]) {
    await run("iptables", ["-t", "nat", "-F", chain]);
    await run("iptables", ["-t", "nat", "-X", chain]);
  }
}

async function run(program: string, args: string[]): Promise<{ success: boolean; stdout: string }> {
  try {
    const { success, stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
    return { success, stdout: new TextDecoder().decode(stdout) };
  } catch {
    return { success: false, stdout: "" }; // not installed: nothing of it to remove
  }
}

async function answers(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false;
  }
}

/** Removes a directory; of one that is a mount, what is in it. */
async function removeDirectory(dir: string): Promise<void> {
  if (!existsSync(dir)) return;
  for (const { name } of Deno.readDirSync(dir)) await Deno.remove(join(dir, name), { recursive: true });
  try {
    await Deno.remove(dir);
  } catch (error) {
    if (!(error instanceof Deno.errors.Busy) && (error as { code?: string }).code !== "EBUSY") throw error;
  }
}
