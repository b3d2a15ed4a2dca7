/**
 * A pod's quality-of-service class: which promise about CPU and memory the node makes it. Only CPU and memory count, and
 * an amount of zero counts as none.
 */
import type { Pod } from "../objects/mod.ts";
import { type Amounts, containerLimits, containerRequests, hasPodLevelResources, podLevel } from "./requests.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const counted = ["cpu", "memory"] as const;

/**
 * Guaranteed: every container limits both CPU and memory and requests exactly that much. BestEffort: nobody asks for
 * anything. Burstable: everything between. A pod with resources of its own (`spec.resources`) is judged by those alone.
 */
export function qosClass(pod: Pod): QosClass {
  const requests: Amounts = {};
  const limits: Amounts = {};
  let allLimited = true;
  const count = (request: Amounts, limit: Amounts) => {
    for (const name of counted) {
      if (request[name] > 0) requests[name] = (requests[name] ?? 0) + request[name];
      if (limit[name] > 0) limits[name] = (limits[name] ?? 0) + limit[name];
      else allLimited = false;
    }
  };
  if (hasPodLevelResources(pod)) count(podLevel(pod, "requests"), podLevel(pod, "limits"));
  else {
    for (const container of [...pod.spec.containers, ...pod.spec.initContainers ?? []]) {
      count(containerRequests(container), containerLimits(container));
    }
  }
  if (Object.keys(requests).length === 0 && Object.keys(limits).length === 0) return "BestEffort";
  const equal = counted.every((name) => requests[name] === limits[name]);
  return allLimited && equal ? "Guaranteed" : "Burstable";
}
