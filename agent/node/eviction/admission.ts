/** May a pod begin while the node is short of something? As kubelet's eviction manager admits. Pure. */
import type { Pod } from "../../objects/mod.ts";
import { qosClass } from "../../resources/mod.ts";
import { isCritical } from "../critical.ts";
import { tolerates } from "../taints.ts";
import { refusalMessage } from "./messages.ts";
import { type Pressure, pressureTaints } from "./signals.ts";

/** Why not; undefined: it may. Memory alone keeps away only those that ask for none: they would be the first to go. */
export function pressureRefusal(
  pod: Pod,
  pressures: readonly Pressure[],
): { reason: string; message: string } | undefined {
  if (pressures.length === 0 || isCritical(pod)) return undefined;
  const memoryOnly = pressures.every((pressure) => pressure === "MemoryPressure");
  if (memoryOnly && copesWithMemoryPressure(pod)) return undefined;
  return { reason: "Evicted", message: refusalMessage(pressures) };
}

/**
 * Whether the pod may be placed on a node that is short of memory: every pod that asks for some tolerates that, as in any
 * cluster, and who says so.
 */
export function copesWithMemoryPressure(pod: Pod): boolean {
  const taint = { key: pressureTaints.MemoryPressure, effect: "NoSchedule" };
  return qosClass(pod) !== "BestEffort" || (pod.spec.tolerations ?? []).some((each) => tolerates(each, taint));
}
