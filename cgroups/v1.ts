/**
 * Cgroup v1: the same path in one tree per controller. A cgroup is made in every mounted hierarchy, as kubelet does,
 * because runtimes make their containers' cgroups in all of them and remove only the leaves.
 */
import { CgroupError } from "./errors.ts";
import type { CgroupFiles } from "./files.ts";
import type { Applied, CgroupFs, Hierarchy, RemoveOptions } from "./cgroup_fs.ts";
import type { CgroupLimits } from "./limits.ts";
import { ancestry, normalizePath, properPath } from "./path.ts";
import { applyLimits, deepestFirst, message, parsePids, removeTrees } from "./tree.ts";

export class CgroupV1 implements CgroupFs {
  readonly version = 1;
  readonly controllers: ReadonlySet<string>;
  readonly #mounts: string[];
  readonly #mountOf = new Map<string, string>();

  constructor(readonly hierarchies: Hierarchy[], private readonly files: CgroupFiles) {
    this.#mounts = hierarchies.map(({ mountPoint }) => mountPoint);
    for (const { mountPoint, controllers } of hierarchies) {
      for (const controller of controllers) this.#mountOf.set(controller, mountPoint);
    }
    this.controllers = new Set(this.#mountOf.keys());
  }

  async create(path: string, limits: CgroupLimits = {}): Promise<Applied> {
    const normal = properPath(path, "create");
    for (const { mountPoint, controllers } of this.hierarchies) {
      for (const each of ancestry(normal)) {
        const directory = mountPoint + each;
        try {
          if (this.files.mkdir(directory)) await this.#prepare(directory, controllers);
          else if (controllers.includes("cpuset")) await this.#inheritCpuset(directory);
        } catch (err) {
          throw new CgroupError(`Cannot create cgroup ${each} in ${mountPoint}: ${message(err)}`, { cause: err });
        }
      }
    }
    return this.apply(normal, limits);
  }

  apply(path: string, limits: CgroupLimits): Promise<Applied> {
    const normal = properPath(path, "limit");
    return applyLimits(1, this.files, normal, limits, (file) => this.#locate(normal, file));
  }

  remove(path: string, options: RemoveOptions = {}): Promise<void> {
    const normal = properPath(path, "remove");
    return removeTrees(this.files, normal, this.#mounts.map((mount) => mount + normal), options);
  }

  exists(path: string): boolean {
    const normal = normalizePath(path);
    return this.#mounts.some((mount) => this.files.directories(mount + normal) !== undefined);
  }

  list(path: string): string[] {
    const normal = normalizePath(path);
    return [...new Set(this.#mounts.flatMap((mount) => this.files.directories(mount + normal) ?? []))].sort();
  }

  processes(path: string, { recursive = false } = {}): number[] {
    const normal = normalizePath(path);
    const pids = this.#mounts
      .flatMap((mount) => recursive ? deepestFirst(this.files, mount + normal) : [mount + normal])
      .flatMap((directory) => parsePids(this.files.read(`${directory}/cgroup.procs`)));
    return [...new Set(pids)].sort((a, b) => a - b);
  }

  async addProcess(path: string, pid: number): Promise<void> {
    const normal = normalizePath(path);
    for (const mount of this.#mounts) {
      if (this.files.directories(mount + normal) === undefined) continue;
      try {
        await this.files.write(`${mount}${normal}/cgroup.procs`, String(pid));
      } catch (err) {
        throw new CgroupError(`Cannot move process ${pid} to cgroup ${path} in ${mount}: ${message(err)}`, {
          cause: err,
        });
      }
    }
  }

  read(path: string, file: string): string | undefined {
    const full = this.#locate(normalizePath(path), file);
    return full === undefined ? undefined : this.files.read(full)?.trim();
  }

  async write(path: string, file: string, value: string): Promise<void> {
    const full = this.#locate(normalizePath(path), file);
    try {
      if (full === undefined) throw new CgroupError(`${file.split(".")[0]} is not mounted`, { code: "ENOENT" });
      await this.files.write(full, value);
    } catch (err) {
      throw new CgroupError(`Cannot write ${value} to ${file} of cgroup ${path}: ${message(err)}`, { cause: err });
    }
  }

  memoryUsage(path: string): number | undefined {
    const text = this.read(path, "memory.usage_in_bytes");
    return text === undefined ? undefined : Number(text);
  }

  /** `cpu.shares` → the file under the mount that has the cpu controller; `cgroup.procs` is in every one. */
  #locate(path: string, file: string): string | undefined {
    const controller = file.slice(0, file.indexOf("."));
    const mount = controller === "cgroup" ? this.#mounts[0] : this.#mountOf.get(controller);
    return mount === undefined ? undefined : `${mount}${path}/${file}`;
  }

  async #prepare(directory: string, controllers: string[]): Promise<void> {
    if (controllers.includes("cpuset")) await this.#inheritCpuset(directory);
    // Kernels before 5.11 count children in the parent only when asked to.
    if (controllers.includes("memory") && this.files.read(`${directory}/memory.use_hierarchy`)?.trim() === "0") {
      await this.files.write(`${directory}/memory.use_hierarchy`, "1");
    }
  }

  /** A new v1 cpuset is empty, and nothing can run in it: it gets its parent's. */
  async #inheritCpuset(directory: string): Promise<void> {
    const parent = directory.slice(0, directory.lastIndexOf("/"));
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      if (this.files.read(`${directory}/${file}`)?.trim() !== "") continue;
      const value = this.files.read(`${parent}/${file}`)?.trim();
      if (value) await this.files.write(`${directory}/${file}`, value);
    }
  }
}
