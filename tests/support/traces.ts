/**
 * What a test node has on the machine: its processes, mounts, cgroups, network links, nftables rules and CNI leases. Others
 * may be at work on the machine, so that a difference of everything would tell of them, too: a trace is the node's when it is
 * in its namespaces, its cgroup or its directory.
 */
import { join } from "node:path";
import { mountPoints, type Namespaces } from "./namespaces.ts";

export interface NodePlaces {
  /** The directory that holds rootDir and runDir. */
  dir: string;
  runDir: string;
  rootDir: string;
  /** Name of the node's top cgroup. */
  cgroup: string;
  namespaces: Namespaces;
}

/** Traces as sentences, in order; nothing is left when there are none. */
export type Traces = string[];

/**
 * What others mount while the tests run shows in the node's mounts, too: network namespaces, of which containerd's are called
 * `cni-…`, and the pods of an islet that is installed on the machine.
 */
const foreign = /^(\/var)?\/run\/netns(\/(?!cni-)|$)|^\/(run|var\/lib)\/islet\//;

/** All traces there are now, the namespaces' own processes and mounts among them. */
export async function traces(places: NodePlaces): Promise<Traces> {
  return [
    ...processes(places),
    ...mountPoints("/proc/self/mountinfo").filter((point) => point.startsWith(places.dir)).map((point) =>
      `mount of the machine: ${point}`
    ),
    ...places.namespaces.mounts().filter((point) => !foreign.test(point)).map((point) => `mount: ${point}`),
    ...podCgroups(places.cgroup).map((path) => `cgroup: ${path}`),
    ...await links(places.namespaces),
    ...await routes(places.namespaces),
    ...await rules(places.namespaces),
    ...leases(places.runDir),
    ...podDirectories(places.rootDir),
  ].sort();
}

/** The traces that `before` does not have. */
export function difference(before: Traces, after: Traces): Traces {
  const known = new Set(before);
  return after.filter((trace) => !known.has(trace));
}

function processes({ namespaces, cgroup, dir }: NodePlaces): Traces {
  const found: Traces = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const cgroups = read(`/proc/${pid}/cgroup`);
    const command = read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
    const ours = namespaces.holds(pid) || cgroups.includes(`/${cgroup}/`) || command.includes(dir);
    if (ours && pid !== namespaces.pid && pid !== Deno.pid && /\d/.test(read(`/proc/${pid}/stat`))) {
      found.push(`process: ${pid} ${command || read(`/proc/${pid}/comm`).trim()}`);
    }
  }
  return found;
}

/** Every directory of a pod's cgroup in every hierarchy; the ones above pods are the node's own. */
export function podCgroups(cgroup: string): string[] {
  const root = "/sys/fs/cgroup";
  const found: string[] = [];
  const walk = (dir: string, ofPod: boolean) => {
    for (const entry of list(dir)) {
      if (!entry.isDirectory) continue;
      const path = join(dir, entry.name);
      const isPod = ofPod || /^pod|pod[0-9a-f_]{36}\.slice$/.test(entry.name);
      if (isPod) found.push(path);
      walk(path, isPod);
    }
  };
  for (const path of [root, ...list(root).map(({ name }) => join(root, name))]) walk(join(path, cgroup), false);
  return found;
}

async function links(namespaces: Namespaces): Promise<Traces> {
  const { stdout } = await namespaces.run("ip", "-oneline", "link");
  return stdout.trim().split("\n").map((line) => `link: ${line.split(": ")[1]?.split("@")[0]}`);
}

/** Routes of the node's own, whatever device they name. */
async function routes(namespaces: Namespaces): Promise<Traces> {
  const outputs = await Promise.all(["-4", "-6"].map((family) => namespaces.run("ip", family, "route")));
  return outputs.flatMap(({ stdout }) => stdout.trim().split("\n")).filter((line) => line.includes(" dev lo "))
    .map((line) => `route: ${line.trim()}`);
}

/** nftables rules one by one, with the table and chain they are in; empty chains do nothing. */
async function rules(namespaces: Namespaces): Promise<Traces> {
  const { stdout } = await namespaces.run("nft", "--json", "--stateless", "list", "ruleset");
  const { nftables = [] } = stdout.trim() === "" ? {} : JSON.parse(stdout);
  return (nftables as { rule?: { table: string; chain: string; family: string; expr: unknown } }[]).flatMap((
    { rule },
  ) => rule ? [`nft rule: ${rule.family} ${rule.table} ${rule.chain} ${JSON.stringify(rule.expr)}`] : []);
}

function leases(runDir: string): Traces {
  return list(join(runDir, "cni")).flatMap(({ name: network }) =>
    list(join(runDir, "cni", network)).filter(({ name }) => /^[0-9a-f.:]+$/.test(name) && name !== "lock")
      .map(({ name }) => `CNI lease: ${name}`)
  );
}

function podDirectories(rootDir: string): Traces {
  const pods = list(join(rootDir, "pods")).map(({ name }) => `directory: ${rootDir}/pods/${name}`);
  return [...pods, ...list(join(rootDir, "logs/pods")).map(({ name }) => `logs: ${rootDir}/logs/pods/${name}`)];
}

function list(dir: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(dir)];
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return "";
  }
}
