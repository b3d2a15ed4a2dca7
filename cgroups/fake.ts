/**
 * A kernel's cgroup file systems in memory, for tests without root: directories that come with control files, v2
 * controllers that must be handed down, limits rounded to pages, and the errors that the real one answers with.
 *
 *     const kernel = new FakeCgroups(2);
 *     const cgroups = kernel.fs();
 */
import type { CgroupFs } from "./cgroup_fs.ts";
import { CgroupError } from "./errors.ts";
import type { CgroupFiles } from "./files.ts";
import { detect } from "./hierarchy.ts";
import type { CgroupVersion } from "./plan.ts";

const root = "/sys/fs/cgroup";
const noLimitV1 = "9223372036854771712";

/** Files that a controller gives to a cgroup, as a new one has them. */
const v2Files: Record<string, Record<string, string>> = {
  cpu: { "cpu.weight": "100", "cpu.max": "max 100000" },
  cpuset: { "cpuset.cpus": "" },
  memory: {
    "memory.max": "max",
    "memory.min": "0",
    "memory.low": "0",
    "memory.high": "max",
    "memory.current": "0",
    "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0",
  },
  pids: { "pids.max": "max" },
  io: { "io.weight": "default 100" },
  hugetlb: { "hugetlb.2MB.max": "max", "hugetlb.2MB.rsvd.max": "max" },
};

const v1Files: Record<string, Record<string, string>> = {
  cpu: { "cpu.shares": "1024", "cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000" },
  cpuacct: {},
  cpuset: { "cpuset.cpus": "", "cpuset.mems": "" },
  memory: {
    "memory.limit_in_bytes": noLimitV1,
    "memory.usage_in_bytes": "0",
    "memory.use_hierarchy": "1",
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 0",
  },
  pids: { "pids.max": "max" },
  hugetlb: { "hugetlb.2MB.limit_in_bytes": noLimitV1 },
};

export class FakeCgroups implements CgroupFiles {
  readonly pageSize = 4096;
  /** Full path → text, for all files of all directories. */
  readonly #files = new Map<string, string>();
  readonly #directories = new Set<string>();
  /** Every write, as `/kubepods/cpu.shares=2`, in order. */
  readonly writes: string[] = [];
  readonly #controllers: string[];

  /** @param controllers those that this kernel has. */
  constructor(readonly version: CgroupVersion, controllers?: string[]) {
    this.#controllers = controllers ?? Object.keys(version === 2 ? v2Files : v1Files);
    if (version === 2) {
      this.#directories.add(root);
      this.#files.set(`${root}/cgroup.controllers`, this.#controllers.join(" "));
      this.#files.set(`${root}/cgroup.subtree_control`, "");
      this.#files.set(`${root}/cgroup.procs`, "");
    } else {
      for (const controller of this.#controllers) {
        this.#directories.add(`${root}/${controller}`);
        this.#files.set(`${root}/${controller}/cgroup.procs`, "");
        if (controller === "cpuset") {
          this.#files.set(`${root}/cpuset/cpuset.cpus`, "0-1");
          this.#files.set(`${root}/cpuset/cpuset.mems`, "0");
        }
      }
    }
  }

  /** The room's view of it. */
  fs(): CgroupFs {
    const mounts = this.#controllers.map((name) => `cgroup ${root}/${name} cgroup rw,${name} 0 0`).join("\n");
    return detect(root, { files: this, mounts: this.version === 1 ? mounts : "" });
  }

  /** Sets a file that the kernel itself writes (`memory.current`, counters), or puts processes into cgroup.procs. */
  set(path: string, file: string, value: string): void {
    for (const mount of this.#mounts()) {
      if (this.#files.has(`${mount}${path}/${file}`)) this.#files.set(`${mount}${path}/${file}`, value);
    }
  }

  /** Gives a cgroup of v2 a file that only some kernels have. */
  add(path: string, file: string, value: string): void {
    this.#files.set(`${root}${path === "/" ? "" : path}/${file}`, value);
  }

  /** Ends a process: it is in no cgroup any more. */
  endProcess(pid: number): void {
    for (const [path, text] of this.#files) {
      if (!path.endsWith("/cgroup.procs")) continue;
      this.#files.set(path, text.split("\n").filter((each) => each !== String(pid)).join("\n"));
    }
  }

  read(path: string): string | undefined {
    const text = this.#files.get(path);
    return text === undefined ? undefined : `${text}\n`;
  }

  async write(path: string, value: string): Promise<void> {
    if (!this.#files.has(path)) throw failure("ENOENT", path);
    const [directory, file] = [path.slice(0, path.lastIndexOf("/")), path.slice(path.lastIndexOf("/") + 1)];
    this.writes.push(`${this.#cgroupOf(directory)}/${file}=${value}`);
    if (file === "cgroup.subtree_control") this.#handDown(directory, value.slice(1));
    else if (file === "cgroup.kill") this.#killTree(directory);
    else if (file === "cgroup.procs") {
      this.endProcess(Number(value));
      this.#files.set(path, `${this.#files.get(path)}\n${value}`.trim());
    } else this.#files.set(path, this.#kept(directory, file, value));
  }

  mkdir(path: string): boolean {
    if (this.#directories.has(path)) return false;
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (!this.#directories.has(parent)) throw failure("ENOENT", path);
    this.#directories.add(path);
    this.#files.set(`${path}/cgroup.procs`, "");
    if (this.version === 2) {
      this.#files.set(`${path}/cgroup.subtree_control`, "");
      this.#files.set(`${path}/cgroup.events`, "populated 0");
      this.#files.set(`${path}/cgroup.kill`, "");
      this.#show(path, this.#files.get(`${parent}/cgroup.subtree_control`)!.split(" ").filter(Boolean));
    } else {
      const controller = path.slice(root.length + 1).split("/")[0];
      for (const [file, text] of Object.entries(v1Files[controller] ?? {})) this.#files.set(`${path}/${file}`, text);
    }
    return true;
  }

  rmdir(path: string): boolean {
    if (!this.#directories.has(path)) return false;
    if (this.directories(path)!.length > 0 || this.#files.get(`${path}/cgroup.procs`)) throw failure("EBUSY", path);
    this.#directories.delete(path);
    for (const file of this.#files.keys()) if (file.startsWith(`${path}/`)) this.#files.delete(file);
    return true;
  }

  directories(path: string): string[] | undefined {
    if (!this.#directories.has(path)) return undefined;
    return [...this.#directories].filter((each) => each.slice(0, each.lastIndexOf("/")) === path)
      .map((each) => each.slice(path.length + 1)).sort();
  }

  #mounts(): string[] {
    return this.version === 2 ? [root] : this.#controllers.map((name) => `${root}/${name}`);
  }

  #cgroupOf(directory: string): string {
    const mount = this.#mounts().find((each) => directory === each || directory.startsWith(`${each}/`))!;
    return directory.slice(mount.length);
  }

  /** What reading gives back after writing `value`. */
  #kept(directory: string, file: string, value: string): string {
    if (file === "memory.limit_in_bytes" || /\.limit_in_bytes$/.test(file)) {
      if (value === "-1") return noLimitV1;
      const bytes = Math.floor(Number(value) / 4096) * 4096;
      if (Number(this.#files.get(`${directory}/memory.usage_in_bytes`) ?? 0) > bytes) throw failure("EBUSY", directory);
      return String(bytes);
    }
    if (/^(memory|hugetlb)\./.test(file) && /^\d+$/.test(value)) return String(Math.floor(Number(value) / 4096) * 4096);
    if (file === "io.weight") return `default ${value}`;
    return value;
  }

  #handDown(directory: string, controller: string): void {
    if (!this.#files.get(`${directory}/cgroup.controllers`)!.split(" ").includes(controller)) {
      throw failure("ENOENT", directory);
    }
    if (directory !== root && this.#files.get(`${directory}/cgroup.procs`)) throw failure("EBUSY", directory);
    const now = this.#files.get(`${directory}/cgroup.subtree_control`)!.split(" ").filter(Boolean);
    if (now.includes(controller)) return;
    this.#files.set(`${directory}/cgroup.subtree_control`, [...now, controller].join(" "));
    for (const name of this.directories(directory)!) this.#show(`${directory}/${name}`, [...now, controller]);
  }

  #show(directory: string, controllers: string[]): void {
    this.#files.set(`${directory}/cgroup.controllers`, controllers.join(" "));
    for (const controller of controllers) {
      for (const [file, text] of Object.entries(v2Files[controller] ?? {})) {
        if (!this.#files.has(`${directory}/${file}`)) this.#files.set(`${directory}/${file}`, text);
      }
    }
  }

  #killTree(directory: string): void {
    for (const path of this.#files.keys()) {
      if (path.startsWith(`${directory}/`) && path.endsWith("/cgroup.procs")) this.#files.set(path, "");
    }
  }
}

function failure(code: string, path: string): CgroupError {
  return new CgroupError(`${code}: ${path}`, { code });
}
