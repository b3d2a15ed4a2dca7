/** Pods that the node is to keep whatever happens. */
import type { Pod } from "../objects/mod.ts";

/** The priority from which pods are critical: Kubernetes' SystemCriticalPriority. */
export const criticalPriority = 2_000_000_000;

const criticalClasses = ["system-node-critical", "system-cluster-critical"];

/** Pods of manifests are not critical by that alone: a difference from kubelet, which holds every static pod so. */
export function isCritical({ spec: { priority = 0, priorityClassName } }: Pod): boolean {
  return priority >= criticalPriority || criticalClasses.includes(priorityClassName ?? "");
}
