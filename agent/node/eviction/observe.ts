/**
 * What is left of everything now. A few small files and statfs calls: cheap enough for every look.
 *
 * Memory is counted as kubelet does: capacity without the working set, which is the use without page cache that was not
 * touched of late. A cgroup above the node's own with a limit (a node inside a container, a test node) is the node's
 * capacity where it leaves less than the machine.
 */
import { type CgroupReader, memoryLimitBytes, memoryStats, pidsStats } from "../../../cgroups/mod.ts";
import type { FilesystemUsage, MachineUsage } from "../../stats/mod.ts";
import type { Disk } from "./layout.ts";
import type { Observation, Signal } from "./signals.ts";

export interface NodeView {
  cgroups: CgroupReader;
  machine(): MachineUsage;
  /** Cgroups whose limits are the node's: the root of the tree, the one that pods' cgroups are under. */
  roots: readonly string[];
  /** The cgroup of all pods, where it is held to what is allocatable. */
  kubepods?: string;
  /** Undefined: unknown, or one whose thresholds are those of another that it is part of. */
  disk(which: Disk): FilesystemUsage | undefined;
}

/** Memory of the machine or of a cgroup. */
export interface MemoryPlace {
  signal: Signal;
  /** The cgroup whose use it is. */
  path: string;
  capacity: number;
  /** With page cache. */
  usageBytes: number;
  workingSetBytes: number;
}

/** Everything that has memory of its own, the machine first. */
export function memoryPlaces({ cgroups, machine, roots, kubepods }: NodeView, seen = machine()): MemoryPlace[] {
  const places: MemoryPlace[] = [];
  if (seen.memory) {
    const { usageBytes, workingSetBytes } = seen.memory;
    places.push({ signal: "memory.available", path: "/", capacity: seen.memoryBytes, usageBytes, workingSetBytes });
  }
  const add = (signal: Signal, path: string) => {
    const capacity = memoryLimitBytes(cgroups, path);
    if (capacity === undefined || capacity > seen.memoryBytes) return;
    const memory = memoryStats(cgroups, path);
    if (!memory) return;
    const { usageBytes, workingSetBytes } = memory;
    places.push({ signal, path, capacity, usageBytes, workingSetBytes });
  };
  for (const path of roots) add("memory.available", path);
  if (kubepods !== undefined) add("allocatableMemory.available", kubepods);
  return places;
}

export interface NodeLook {
  observations: Map<Signal, Observation>;
  places: MemoryPlace[];
}

/** @param at monotonic ms. */
export function lookAtNode(view: NodeView, at: number): NodeLook {
  const observations = new Map<Signal, Observation>();
  const add = (signal: Signal, available: number, capacity: number) => {
    const before = observations.get(signal);
    if (!before || available < before.available) observations.set(signal, { available, capacity, at });
  };
  const machine = view.machine();
  const places = memoryPlaces(view, machine);
  for (const { signal, capacity, workingSetBytes } of places) {
    add(signal, Math.max(0, capacity - workingSetBytes), capacity);
  }
  for (const disk of ["nodefs", "imagefs", "containerfs"] as const) {
    const usage = view.disk(disk);
    if (!usage) continue;
    add(`${disk}.available`, usage.availableBytes, usage.capacityBytes);
    // some file systems (btrfs) have no fixed number of inodes
    if (usage.inodes > 0) add(`${disk}.inodesFree`, usage.inodesFree, usage.inodes);
  }
  const { maxPid, tasks } = machine;
  if (maxPid !== undefined && tasks !== undefined) add("pid.available", Math.max(0, maxPid - tasks), maxPid);
  for (const path of view.roots) {
    const pids = pidsStats(view.cgroups, path);
    if (pids?.limit !== undefined) add("pid.available", Math.max(0, pids.limit - pids.current), pids.limit);
  }
  return { observations, places };
}
