/** What can run short on a node, in kubelet's names. Source: Kubernetes "Node-pressure Eviction". */

/** The node conditions that say so. */
export type Pressure = "MemoryPressure" | "DiskPressure" | "PIDPressure";

/** What is to be won back, as messages name it. */
export type StarvedResource = "memory" | "ephemeral-storage" | "inodes" | "pids";

export const signals = {
  "memory.available": { pressure: "MemoryPressure", resource: "memory" },
  "allocatableMemory.available": { pressure: "MemoryPressure", resource: "memory" },
  "nodefs.available": { pressure: "DiskPressure", resource: "ephemeral-storage" },
  "nodefs.inodesFree": { pressure: "DiskPressure", resource: "inodes" },
  "imagefs.available": { pressure: "DiskPressure", resource: "ephemeral-storage" },
  "imagefs.inodesFree": { pressure: "DiskPressure", resource: "inodes" },
  "containerfs.available": { pressure: "DiskPressure", resource: "ephemeral-storage" },
  "containerfs.inodesFree": { pressure: "DiskPressure", resource: "inodes" },
  "pid.available": { pressure: "PIDPressure", resource: "pids" },
} as const satisfies Record<string, { pressure: Pressure; resource: StarvedResource }>;

export type Signal = keyof typeof signals;

/** One signal at one moment: bytes, inodes or process ids. */
export interface Observation {
  available: number;
  capacity: number;
  /** Monotonic milliseconds. */
  at: number;
}

export type Observations = ReadonlyMap<Signal, Observation>;

/** The taint that keeps new pods away while a pressure lasts, as the node lifecycle controller sets it. */
export const pressureTaints: Readonly<Record<Pressure, string>> = {
  MemoryPressure: "node.kubernetes.io/memory-pressure",
  DiskPressure: "node.kubernetes.io/disk-pressure",
  PIDPressure: "node.kubernetes.io/pid-pressure",
};

/** Whether a threshold is of a file system. */
export function isOfDisk({ signal }: { signal: Signal }): boolean {
  return signals[signal].pressure === "DiskPressure";
}
