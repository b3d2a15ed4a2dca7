/**
 * What the node does when memory, disk or process ids run short: conditions and taints, nothing new is let in, what
 * nobody needs is removed, and pods are evicted in the order that Kubernetes documents.
 *
 *     signals.ts thresholds.ts   what can run short, and when that is
 *     observe.ts pace.ts memory_roads.ts   how it is learned
 *     plan.ts rank.ts layout.ts local_storage.ts messages.ts admission.ts   what follows, all of it pure
 *     manager.ts comeback.ts   who acts
 */
export { Comebacks } from "./comeback.ts";
export { hasStorageLimits } from "./local_storage.ts";
export {
  type Eviction,
  EvictionManager,
  type EvictionManagerOptions,
  type MemoryUse,
  type Reclaimers,
} from "./manager.ts";
export { openMemoryRoad } from "./memory_roads.ts";
export { type Disk, type DiskLayout, layoutName } from "./layout.ts";
export { lookAtNode, type NodeView } from "./observe.ts";
export { type Pressure, pressureTaints } from "./signals.ts";
export { thresholdsOf } from "./thresholds.ts";
