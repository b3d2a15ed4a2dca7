/**
 * Cgroup v2: one tree. A controller's files appear in a cgroup only when every cgroup above it hands the controller
 * down in cgroup.subtree_control, so `create` opens the way from the root.
 */
import { CgroupError, isBusy } from "./errors.ts";
import type { CgroupFiles } from "./files.ts";
import type { Applied, CgroupFs, RemoveOptions } from "./cgroup_fs.ts";
import type { CgroupLimits } from "./limits.ts";
import { ancestry, normalizePath, properPath } from "./path.ts";
import { applyLimits, deepestFirst, message, parsePids, removeTrees } from "./tree.ts";

/** The controllers that pods need, of those that the kernel has. */
const wanted = ["cpu", "cpuset", "io", "memory", "pids", "hugetlb"];

export class CgroupV2 implements CgroupFs {
  readonly version = 2;
  readonly controllers: ReadonlySet<string>;

  constructor(private readonly root: string, private readonly files: CgroupFiles) {
    const available = words(files.read(`${root}/cgroup.controllers`));
    this.controllers = new Set(wanted.filter((controller) => available.includes(controller)));
  }

  async create(path: string, limits: CgroupLimits = {}): Promise<Applied> {
    const normal = properPath(path, "create");
    let parent = "";
    for (const each of ancestry(normal)) {
      await this.#handDown(parent);
      try {
        this.files.mkdir(this.root + each);
      } catch (err) {
        throw new CgroupError(`Cannot create cgroup ${each}: ${message(err)}`, { cause: err });
      }
      parent = each;
    }
    return this.apply(normal, limits);
  }

  apply(path: string, limits: CgroupLimits): Promise<Applied> {
    const normal = properPath(path, "limit");
    return applyLimits(2, this.files, normal, limits, (file) => `${this.root}${normal}/${file}`);
  }

  remove(path: string, options: RemoveOptions = {}): Promise<void> {
    const normal = properPath(path, "remove");
    return removeTrees(this.files, normal, [this.root + normal], options);
  }

  exists(path: string): boolean {
    return this.files.directories(this.root + normalizePath(path)) !== undefined;
  }

  list(path: string): string[] {
    return this.files.directories(this.root + normalizePath(path)) ?? [];
  }

  processes(path: string, { recursive = false } = {}): number[] {
    const directory = this.root + normalizePath(path);
    return (recursive ? deepestFirst(this.files, directory) : [directory])
      .flatMap((each) => parsePids(this.files.read(`${each}/cgroup.procs`)))
      .sort((a, b) => a - b);
  }

  async addProcess(path: string, pid: number): Promise<void> {
    await this.write(path, "cgroup.procs", String(pid));
  }

  read(path: string, file: string): string | undefined {
    return this.files.read(`${this.root}${normalizePath(path)}/${file}`)?.trim();
  }

  async write(path: string, file: string, value: string): Promise<void> {
    try {
      await this.files.write(`${this.root}${normalizePath(path)}/${file}`, value);
    } catch (err) {
      throw new CgroupError(`Cannot write ${value} to ${file} of cgroup ${path}: ${message(err)}`, { cause: err });
    }
  }

  memoryUsage(path: string): number | undefined {
    const text = this.read(path, "memory.current");
    return text === undefined ? undefined : Number(text);
  }

  /** Enables for the children of `path` what is available there and not yet enabled. */
  async #handDown(path: string): Promise<void> {
    const directory = this.root + path;
    const available = words(this.files.read(`${directory}/cgroup.controllers`));
    const enabled = words(this.files.read(`${directory}/cgroup.subtree_control`));
    // One by one: a controller that the kernel refuses must not take the others with it.
    for (const controller of wanted) {
      if (!available.includes(controller) || enabled.includes(controller)) continue;
      try {
        await this.files.write(`${directory}/cgroup.subtree_control`, `+${controller}`);
      } catch (err) {
        const why = isBusy(err) ? "it has processes of its own, which cgroup v2 does not allow" : message(err);
        throw new CgroupError(`Cannot enable controller ${controller} below cgroup ${path || "/"}: ${why}`, {
          cause: err,
        });
      }
    }
  }
}

function words(text: string | undefined): string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}
