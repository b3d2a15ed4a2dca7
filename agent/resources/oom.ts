/**
 * Who the kernel kills first when memory runs out. A burstable container's adjustment is chosen so that one that uses
 * more than it requested scores 1000 and dies before one that keeps within its request.
 */
import { type Container, isSidecar, type Pod } from "../objects/mod.ts";
import { qosClass } from "./qos.ts";
import { containerRequests, podLevel, podRequests } from "./requests.ts";

/** For pods that must outlive everything else but the node's own daemons. */
export const guaranteedOomScoreAdj = -997;
/** For pods that asked for nothing. */
export const bestEffortOomScoreAdj = 1000;
/** For the agent and the container runtime, where the machine allows negative values. */
export const agentOomScoreAdj = -999;

const burstableMin = 1000 + guaranteedOomScoreAdj;
const burstableMax = bestEffortOomScoreAdj - 1;

/** The priority from which a pod counts as critical to the system. */
const systemCriticalPriority = 2_000_000_000;

/** Whether the pod is critical to this node: a critical priority by the class `system-node-critical`. */
export function isNodeCritical(pod: Pod): boolean {
  return pod.spec.priorityClassName === "system-node-critical" &&
    (pod.spec.priority === undefined || pod.spec.priority >= systemCriticalPriority);
}

/** The `oom_score_adj` of a container's processes on a node with `memoryCapacity` bytes of memory. */
export function oomScoreAdj(pod: Pod, container: Container, memoryCapacity: number): number {
  if (isNodeCritical(pod)) return guaranteedOomScoreAdj;
  const qos = qosClass(pod);
  if (qos === "Guaranteed") return guaranteedOomScoreAdj;
  if (qos === "BestEffort") return bestEffortOomScoreAdj;

  const spread = spreadPerContainer(pod);
  const score = (request: number) => 1000 - Math.trunc((1000 * (request + spread)) / memoryCapacity);
  const memory = (of: Container) => containerRequests(of).memory ?? 0;
  let adj = score(memory(container));
  if (isSidecarOf(pod, container)) {
    // A sidecar must not die before the containers that need it.
    adj = Math.min(adj, score(Math.min(...pod.spec.containers.map(memory))));
  }
  return Math.min(burstableMax, Math.max(burstableMin, adj));
}

/** What the pod-level memory request leaves beyond the containers' own, an equal share for each of them. */
function spreadPerContainer(pod: Pod): number {
  const whole = podLevel(pod, "requests").memory;
  if (!whole) return 0;
  const own = podRequests(pod, { withoutPodLevel: true, withoutOverhead: true }).memory ?? 0;
  return Math.trunc((whole - own) / (pod.spec.containers.length + (pod.spec.initContainers?.length ?? 0)));
}

function isSidecarOf(pod: Pod, container: Container): boolean {
  return isSidecar(container) && (pod.spec.initContainers ?? []).some(({ name }) => name === container.name);
}
