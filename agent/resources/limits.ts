/**
 * From requests and limits to what the kernel is told: for a container (by way of the runtime), for a pod's cgroup and for
 * the QoS classes' cgroups (by way of `cgroups/`).
 */
import type { CgroupLimits } from "../../cgroups/mod.ts";
import { defaultPeriodUs, minShares, quotaOfMillis, sharesOfMillis, unlimited } from "../../cgroups/mod.ts";
import type { Container, Pod } from "../objects/mod.ts";
import { oomScoreAdj } from "./oom.ts";
import { type QosClass, qosClass } from "./qos.ts";
import {
  type Amounts,
  amounts,
  containerLimits,
  containerRequests,
  hasPodLevelResources,
  podLevel,
  podLimits,
  podRequests,
} from "./requests.ts";

/** How the node turns amounts into limits; fields of the KubeletConfiguration where it has them. */
export interface LimitOptions {
  /** `cpuCFSQuota`: enforce CPU limits. Default true. */
  cpuQuota?: boolean;
  /** `cpuCFSQuotaPeriod` in µs. Default 100 ms. */
  cpuPeriodUs?: number;
}

export interface PodLimitOptions extends LimitOptions {
  /** `podPidsLimit`; 0 or less for none. */
  podPidsLimit?: number;
  /** Whether requests are kept from reclaim; undefined where the kernel has no such protection (cgroup v1). */
  reserveMemory?: boolean;
  /** Weight of the disk for a guaranteed pod, which has no class's cgroup above it. */
  ioWeight?: number;
  /** Whether a pod has containers with CPUs of their own: these need no quota, and it would only slow them down. */
  ownCpus?(pod: Pod): boolean;
}

export interface ContainerLimitOptions extends LimitOptions {
  /** Bytes of memory of the machine. */
  memoryCapacity: number;
  /** Huge page sizes that the kernel has, as it names them (`2MB`, `1GB`): the others' limit is zero. */
  hugePageSizes?: readonly string[];
  /** How swap is held back; absent where the kernel does not account swap. */
  swap?: SwapOptions;
  /** Protect requests and throttle near the limit by memory.min, memory.low and memory.high (v2 only). */
  memoryQos?: MemoryQosOptions;
  /** Out of memory ends all processes of a container (v2 only). */
  oomGroup?: boolean;
  /** The CPUs that a container has, where the node hands them out; `own`: nobody else has them. */
  cpus?(pod: Pod, container: Container): { list: string; own: boolean } | undefined;
}

export interface MemoryQosOptions {
  /** `memoryThrottlingFactor`. */
  throttlingFactor: number;
  /** `memoryReservationPolicy: TieredReservation`. */
  reserve: boolean;
  pageSize: number;
  /** Bytes of memory that pods may request: the ceiling of a container without a limit. */
  nodeAllocatable: number;
}

export interface SwapOptions {
  cgroupVersion: 1 | 2;
  /** `memorySwap.swapBehavior`. Default NoSwap. */
  behavior?: "NoSwap" | "LimitedSwap";
  /** For LimitedSwap: bytes of swap that pods share. */
  swapCapacity?: number;
}

/** What a container's cgroup is to be; undefined is unspecified. */
export interface ContainerLimits {
  cpuShares: number;
  cpuQuotaUs?: number;
  cpuPeriodUs?: number;
  memoryBytes?: number;
  memorySwapBytes?: number;
  oomScoreAdj: number;
  hugePages: { pageSize: string; limit: number }[];
  /** cgroup v2 files by name. */
  unified: Record<string, string>;
  /** `0-1,4`; undefined: all there are. */
  cpuset?: string;
  /** Nobody else has them. */
  ownCpus?: boolean;
}

/**
 * A container's limits. A CPU weight comes from the request, or from the limit where only that is given; a limit that the
 * container lacks is the pod's own where `spec.resources` has one.
 */
export function containerResources(pod: Pod, container: Container, options: ContainerLimitOptions): ContainerLimits {
  const requests = containerRequests(container);
  const own = containerLimits(container);
  const above = podLevel(pod, "limits");
  const cpuLimit = own.cpu || above.cpu;
  const memoryLimit = own.memory || above.memory;
  const cpus = options.cpus?.(pod, container);
  const out: ContainerLimits = {
    ...weights(requests.cpu ?? own.cpu ?? 0, cpus?.own ? undefined : cpuLimit, memoryLimit, options),
    oomScoreAdj: oomScoreAdj(pod, container, options.memoryCapacity),
    hugePages: hugePages(own, options.hugePageSizes ?? []),
    unified: {},
  };
  if (cpus) Object.assign(out, { cpuset: cpus.list, ownCpus: cpus.own });
  if (options.oomGroup) out.unified["memory.oom.group"] = "1";
  if (options.memoryQos) {
    Object.assign(out.unified, memoryQos(qosClass(pod), requests.memory ?? 0, memoryLimit, options.memoryQos));
  }
  if (options.swap) holdSwap(out, pod, container, requests.memory ?? 0, options.swap, options.memoryCapacity);
  return out;
}

/** The sandbox's own share: what the pod's containers have together, and apart from it the runtime's overhead. */
export function sandboxResources(
  pod: Pod,
  options: LimitOptions = {},
): { resources: SandboxLimits; overhead?: SandboxLimits } {
  const requests = podRequests(pod, { withoutOverhead: true });
  const limits = podLimits(pod, { withoutOverhead: true });
  const overhead = amounts(pod.spec.overhead);
  return {
    resources: weights(requests.cpu ?? limits.cpu ?? 0, limits.cpu, limits.memory, options),
    ...(Object.keys(overhead).length > 0
      ? { overhead: weights(overhead.cpu ?? 0, overhead.cpu, overhead.memory, options) }
      : {}),
  };
}

export type SandboxLimits = Pick<ContainerLimits, "cpuShares" | "cpuQuotaUs" | "cpuPeriodUs" | "memoryBytes">;

/**
 * The pod's cgroup: weight by what the pod requests; a quota or a memory limit only where every container has one, or the
 * pod itself. A best-effort pod has the least weight and no limit.
 */
export function podCgroupLimits(pod: Pod, options: PodLimitOptions = {}): CgroupLimits {
  const out: CgroupLimits = {};
  if (options.podPidsLimit !== undefined && options.podPidsLimit > 0) out.pidsMax = options.podPidsLimit;
  const qos = qosClass(pod);
  const requests = podRequests(pod);
  const hugetlb = hugePageAmounts(requests);
  if (Object.keys(hugetlb).length > 0) out.hugetlb = hugetlb;
  if (options.reserveMemory !== undefined) {
    Object.assign(out, protection(qos, options.reserveMemory ? requests.memory ?? 0 : 0));
  }
  if (qos === "Guaranteed" && options.ioWeight !== undefined) out.ioWeight = options.ioWeight;
  if (qos === "BestEffort") return { cpuShares: minShares, ...out };

  const limits = podLimits(pod);
  const limited = (name: "cpu" | "memory") => {
    if (qos === "Guaranteed" || (hasPodLevelResources(pod) && podLevel(pod, "limits")[name] > 0)) return true;
    const all = [...pod.spec.containers, ...pod.spec.initContainers ?? []];
    return all.every((container) => containerLimits(container)[name] > 0);
  };
  out.cpuShares = sharesOfMillis(requests.cpu ?? 0);
  if (limited("cpu") && limits.cpu > 0) {
    const period = options.cpuPeriodUs ?? defaultPeriodUs;
    out.cpuPeriodUs = period;
    const free = options.cpuQuota === false || options.ownCpus?.(pod);
    out.cpuQuotaUs = free ? unlimited : quotaOfMillis(limits.cpu, period);
  }
  if (limited("memory") && limits.memory > 0) out.memoryBytes = limits.memory;
  return out;
}

/** Limits within which both fit; what only one of them limits is not limited. */
export function widest(a: CgroupLimits, b: CgroupLimits): CgroupLimits {
  const limit = (one = unlimited, other = unlimited) =>
    one === unlimited || other === unlimited ? unlimited : Math.max(one, other);
  return {
    ...a,
    ...b,
    cpuShares: Math.max(a.cpuShares ?? 0, b.cpuShares ?? 0),
    cpuPeriodUs: b.cpuPeriodUs ?? a.cpuPeriodUs ?? defaultPeriodUs,
    cpuQuotaUs: limit(a.cpuQuotaUs, b.cpuQuotaUs),
    memoryBytes: limit(a.memoryBytes, b.memoryBytes),
  };
}

/**
 * What the cgroups above pods get by what pods request together: burstable ones their weight, and where memory is reserved
 * as much protection as the pods below have, since the kernel gives none that is not given above. `Guaranteed` is the
 * cgroup of all pods.
 */
export function qosCgroupLimits(
  pods: Iterable<Pod>,
  reserveMemory?: boolean,
): Record<Exclude<QosClass, "BestEffort">, CgroupLimits> {
  let millis = 0;
  const memory: Record<QosClass, number> = { Guaranteed: 0, Burstable: 0, BestEffort: 0 };
  for (const pod of pods) {
    const qos = qosClass(pod);
    const requests = podRequests(pod);
    if (qos === "Burstable") millis += requests.cpu ?? 0;
    memory[qos] += requests.memory ?? 0;
  }
  const { Guaranteed: memoryMinBytes, Burstable: memoryLowBytes } = reserveMemory
    ? memory
    : { Guaranteed: 0, Burstable: 0 };
  const known = reserveMemory !== undefined;
  return {
    Guaranteed: known ? { memoryMinBytes, memoryLowBytes } : {},
    Burstable: { cpuShares: sharesOfMillis(millis), ...(known ? { memoryLowBytes } : {}) },
  };
}

/** Guaranteed pods' memory is never reclaimed, burstable pods' only when nothing else can be (KEP-2570). */
function protection(qos: QosClass, bytes: number): CgroupLimits {
  return {
    memoryMinBytes: qos === "Guaranteed" ? bytes : 0,
    memoryLowBytes: qos === "Burstable" ? bytes : 0,
  };
}

/**
 * The limits of the cgroup that holds all pods, from the node's allocatable amounts (capacity − reserved, without the
 * eviction threshold): `cpu` in millicores, `memory` in bytes, `pid` in tasks.
 */
export function kubepodsLimits(allocatable: Amounts): CgroupLimits {
  const out: CgroupLimits = {};
  if (allocatable.cpu !== undefined) out.cpuShares = sharesOfMillis(allocatable.cpu);
  if (allocatable.memory !== undefined) out.memoryBytes = allocatable.memory;
  if (allocatable.pid !== undefined) out.pidsMax = allocatable.pid;
  const hugetlb = hugePageAmounts(allocatable);
  if (Object.keys(hugetlb).length > 0) out.hugetlb = hugetlb;
  return out;
}

/**
 * A huge page size as the kernel's cgroup files name it, from the resource's name: `hugepages-2Mi` → `2MB`. Undefined for
 * other resources.
 */
export function hugePageSize(resource: string): string | undefined {
  const match = /^hugepages-(\d+)([KMGT]i)$/.exec(resource);
  if (!match) return undefined;
  const units = ["KB", "MB", "GB", "TB"];
  let amount = Number(match[1]);
  let unit = ["Ki", "Mi", "Gi", "Ti"].indexOf(match[2]);
  while (amount >= 1024 && amount % 1024 === 0 && unit < units.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${amount}${units[unit]}`;
}

function weights(
  cpu: number,
  cpuLimit: number | undefined,
  memory: number | undefined,
  options: LimitOptions,
): SandboxLimits {
  const out: SandboxLimits = { cpuShares: sharesOfMillis(cpu) };
  if (options.cpuQuota !== false) {
    const period = options.cpuPeriodUs ?? defaultPeriodUs;
    out.cpuPeriodUs = period;
    if (cpuLimit) out.cpuQuotaUs = quotaOfMillis(cpuLimit, period);
  }
  if (memory) out.memoryBytes = memory;
  return out;
}

function hugePageAmounts(list: Amounts): Record<string, number> {
  const out: Record<string, number> = {};
  for (const [name, amount] of Object.entries(list)) {
    const size = hugePageSize(name);
    if (size !== undefined) out[size] = (out[size] ?? 0) + amount;
  }
  return out;
}

function hugePages(limits: Amounts, sizes: readonly string[]): { pageSize: string; limit: number }[] {
  const asked = hugePageAmounts(limits);
  return sizes.map((pageSize) => ({ pageSize, limit: asked[pageSize] ?? 0 }));
}

/** KEP-2570 as of 1.36: throttling by the gate, protection by memoryReservationPolicy. */
function memoryQos(
  qos: QosClass,
  request: number,
  limit: number | undefined,
  { throttlingFactor, reserve, pageSize, nodeAllocatable }: MemoryQosOptions,
): Record<string, string> {
  const out: Record<string, string> = {};
  if (reserve && request > 0) {
    if (qos === "Guaranteed") out["memory.min"] = String(request);
    if (qos === "Burstable") out["memory.low"] = String(request);
  }
  // A container whose request is its limit is never throttled: it may use all of it.
  if (limit === undefined || limit !== request) {
    const ceiling = limit || nodeAllocatable;
    const high = Math.floor((request + throttlingFactor * (ceiling - request)) / pageSize) * pageSize;
    if (high > request) out["memory.high"] = String(high);
  }
  // said, too: a container that runs may have had another one before it was resized
  out["memory.high"] ??= "max";
  return out;
}

function holdSwap(
  out: ContainerLimits,
  pod: Pod,
  container: Container,
  request: number,
  swap: SwapOptions,
  memoryCapacity: number,
): void {
  if (swap.cgroupVersion === 1) {
    // v1 limits memory and swap together: the same amount leaves nothing for swap.
    if (out.memoryBytes !== undefined) out.memorySwapBytes = out.memoryBytes;
    return;
  }
  out.unified["memory.swap.max"] = String(swapAllowance(pod, container, request, swap, memoryCapacity));
}

/** LimitedSwap gives burstable containers swap in proportion to their request; containers that may not swap get none. */
function swapAllowance(
  pod: Pod,
  container: Container,
  request: number,
  { behavior = "NoSwap", swapCapacity = 0 }: SwapOptions,
  memoryCapacity: number,
): number {
  const limit = containerLimits(container).memory ?? 0;
  const may = behavior === "LimitedSwap" && qosClass(pod) === "Burstable" && request > 0 && request !== limit &&
    pod.spec.priorityClassName !== "system-node-critical" && pod.spec.priorityClassName !== "system-cluster-critical";
  return may ? Math.trunc((request / memoryCapacity) * swapCapacity) : 0;
}
