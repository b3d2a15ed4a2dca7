/**
 * Which waiting pods are bound to the node, and what is told to those that are not. Pure.
 *
 * The order is kube-scheduler's: by priority, then the older one; each sees those that were placed before it.
 */
import type { Pod } from "../../objects/mod.ts";
import { misfit } from "./fit.ts";
import type { SchedulerState } from "./state.ts";

export type SchedulerAction =
  | { type: "bind"; pod: Pod; nodeName: string }
  /** It waits; `message` is what its PodScheduled condition says. */
  | { type: "hold"; pod: Pod; reason: "Unschedulable" | "SchedulingGated"; message: string };

/** The scheduler's own name: pods that ask for another one are left to it. */
export const schedulerName = "default-scheduler";

/** What is to be done now; nothing for a pod that is told already what keeps it waiting. */
export function planScheduling(state: SchedulerState): SchedulerAction[] {
  const waiting = state.pods.filter(isWaiting).sort(order);
  const placed = new Map<string, Pod>();
  const actions: SchedulerAction[] = [];
  for (const pod of waiting) {
    if (pod.spec.schedulingGates?.length) {
      const message = "Scheduling is blocked due to non-empty scheduling gates";
      actions.push({ type: "hold", pod, reason: "SchedulingGated", message });
      continue;
    }
    const pods = placed.size > 0 ? state.pods.map((each) => placed.get(each.metadata.uid!) ?? each) : state.pods;
    const problem = unschedulable(pod, { ...state, pods });
    if (problem !== undefined) actions.push({ type: "hold", pod, reason: "Unschedulable", message: problem });
    else {
      const nodeName = state.node!.name;
      placed.set(pod.metadata.uid!, { ...pod, spec: { ...pod.spec, nodeName } });
      actions.push({ type: "bind", pod, nodeName });
    }
  }
  return actions.filter((action) => action.type === "bind" || !isTold(action));
}

/** Whether the pod waits for this scheduler. */
export function isWaiting({ spec, metadata, status }: Pod): boolean {
  return !spec.nodeName && !metadata.deletionTimestamp && (spec.schedulerName ?? schedulerName) === schedulerName &&
    status?.phase !== "Succeeded" && status?.phase !== "Failed";
}

function unschedulable(pod: Pod, state: SchedulerState): string | undefined {
  if (!state.node) return "no nodes available to schedule pods";
  const problem = misfit(pod, state.node, state);
  if (!problem) return undefined;
  const none = "0/1 nodes are available:";
  const help = problem.preemptible
    ? pod.spec.preemptionPolicy === "Never"
      ? "preemption: not eligible due to preemptionPolicy=Never."
      : `preemption: ${none} 1 No preemption victims found for incoming pod.`
    : `preemption: ${none} 1 Preemption is not helpful for scheduling.`;
  return `${none} ${problem.ofPod ? "" : "1 "}${problem.reason}. ${help}`;
}

function isTold({ pod, reason, message }: Extract<SchedulerAction, { type: "hold" }>): boolean {
  return pod.status?.conditions?.some((condition) =>
    condition.type === "PodScheduled" && condition.status === "False" && condition.reason === reason &&
    condition.message === message
  ) ?? false;
}

function order(a: Pod, b: Pod): number {
  return (b.spec.priority ?? 0) - (a.spec.priority ?? 0) ||
    Date.parse(a.metadata.creationTimestamp ?? "") - Date.parse(b.metadata.creationTimestamp ?? "") ||
    (a.metadata.name < b.metadata.name ? -1 : 1);
}
