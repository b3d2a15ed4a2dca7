/** The answer of `/stats/summary`: kubelet's `stats/v1alpha1`, field for field. */

/** RFC 3339, whole seconds. */
export type Time = string;

export interface Summary {
  node: NodeStats;
  pods: PodStats[];
}

export interface NodeStats {
  nodeName: string;
  systemContainers?: ContainerStats[];
  startTime: Time;
  cpu?: CpuStats;
  memory?: MemoryStats;
  io?: IoStats;
  network?: NetworkStats;
  fs?: FsStats;
  runtime?: { imageFs?: FsStats; containerFs?: FsStats };
  rlimit?: { time: Time; maxpid?: number; curproc?: number };
  swap?: SwapStats;
}

export interface PodStats {
  podRef: { name: string; namespace: string; uid: string };
  startTime: Time;
  containers: ContainerStats[] | null;
  cpu?: CpuStats;
  memory?: MemoryStats;
  io?: IoStats;
  network?: NetworkStats;
  volume?: VolumeStats[];
  "ephemeral-storage"?: FsStats;
  process_stats?: { process_count?: number };
  swap?: SwapStats;
}

export interface ContainerStats {
  name: string;
  startTime: Time;
  cpu?: CpuStats;
  memory?: MemoryStats;
  io?: IoStats;
  rootfs?: FsStats;
  logs?: FsStats;
  swap?: SwapStats;
}

export interface CpuStats {
  time: Time;
  usageNanoCores?: number;
  usageCoreNanoSeconds?: number;
  psi?: PsiStats;
}

export interface MemoryStats {
  time: Time;
  availableBytes?: number;
  usageBytes?: number;
  workingSetBytes?: number;
  rssBytes?: number;
  pageFaults?: number;
  majorPageFaults?: number;
  psi?: PsiStats;
}

export interface IoStats {
  time: Time;
  psi?: PsiStats;
}

export interface SwapStats {
  time: Time;
  swapAvailableBytes?: number;
  swapUsageBytes?: number;
}

export interface PsiStats {
  full: PsiData;
  some: PsiData;
}

export interface PsiData {
  /** Nanoseconds. */
  total: number;
  avg10: number;
  avg60: number;
  avg300: number;
}

export interface InterfaceStats {
  name: string;
  rxBytes?: number;
  rxErrors?: number;
  txBytes?: number;
  txErrors?: number;
}

export interface NetworkStats extends InterfaceStats {
  time: Time;
  interfaces?: InterfaceStats[];
}

export interface FsStats {
  time: Time;
  availableBytes?: number;
  capacityBytes?: number;
  usedBytes?: number;
  inodesFree?: number;
  inodes?: number;
  inodesUsed?: number;
}

export interface VolumeStats extends FsStats {
  name: string;
  pvcRef?: { name: string; namespace: string };
}
