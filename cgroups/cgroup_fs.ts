/**
 * The interface that v1 and v2 share. A cgroup's path is absolute from the mount points
 * (`/kubepods/burstable/pod…`), the same in all hierarchies.
 */
import type { CgroupLimits } from "./limits.ts";
import type { CgroupVersion } from "./plan.ts";

/** What `apply` and `create` did. */
export interface Applied {
  /** Files written, as `memory.max`; empty when everything was already so. */
  written: string[];
  /** Limits that this machine has no file for and that a node can do without (hugetlb, io, v2-only memory knobs). */
  unsupported: string[];
}

export interface RemoveOptions {
  /** How long a busy cgroup is tried again; default 2000. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** Cgroups of one machine. */
export interface CgroupFs {
  readonly version: CgroupVersion;
  /** Controllers that can be used. */
  readonly controllers: ReadonlySet<string>;
  /** Makes the cgroup, its parents and the way of the controllers to it, or adopts what is there; then applies. */
  create(path: string, limits?: CgroupLimits): Promise<Applied>;
  /** Brings the limits of an existing cgroup to `limits`; writes only what differs. */
  apply(path: string, limits: CgroupLimits): Promise<Applied>;
  /** Removes the cgroup and all below it, waiting for dying processes; kills nothing. Absent is done. */
  remove(path: string, options?: RemoveOptions): Promise<void>;
  /** Is it there, in any hierarchy? */
  exists(path: string): boolean;
  /** Names of the cgroups directly below; empty when `path` is absent. */
  list(path: string): string[];
  /** Process ids inside, and inside those below with `recursive`. */
  processes(path: string, options?: { recursive?: boolean }): number[];
  /** Moves a process in. */
  addProcess(path: string, pid: number): Promise<void>;
  /** A control file's text, trimmed: `read("/kubepods", "memory.max")`. Undefined where absent. */
  read(path: string, file: string): string | undefined;
  /** Writes a control file. */
  write(path: string, file: string, value: string): Promise<void>;
  /** Bytes of memory in use; undefined without the memory controller. */
  memoryUsage(path: string): number | undefined;
}

/** One mounted v1 hierarchy. */
export interface Hierarchy {
  mountPoint: string;
  /** `["cpu", "cpuacct"]`; empty for a named one without controllers (`name=systemd`) and for the hybrid v2 tree. */
  controllers: string[];
}
