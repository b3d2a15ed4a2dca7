/** Conditions of a pod that others than its worker set: the scheduler, evictions. Pure. */
import { timestamp } from "../clock.ts";
import type { Pod, PodCondition, PodStatus } from "../objects/mod.ts";

/** The pod's status with this condition; its transition is now if its status changes. `now` is wall-clock ms. */
export function withPodCondition({ status = {}, metadata }: Pod, condition: PodCondition, now: number): PodStatus {
  const conditions = status.conditions ?? [];
  const before = conditions.find(({ type }) => type === condition.type);
  const lastTransitionTime = before?.status === condition.status && before.lastTransitionTime
    ? before.lastTransitionTime
    : timestamp(now);
  const next = {
    ...condition,
    lastTransitionTime,
    ...(metadata.generation ? { observedGeneration: metadata.generation } : {}),
  };
  return {
    ...status,
    phase: status.phase ?? "Pending",
    conditions: before ? conditions.map((each) => each === before ? next : each) : [...conditions, next],
  };
}

/** The pod as it is bound to a node. */
export function boundPod(pod: Pod, nodeName: string, now: number): Pod {
  const status = withPodCondition(pod, { type: "PodScheduled", status: "True" }, now);
  return { ...pod, spec: { ...pod.spec, nodeName }, status };
}
