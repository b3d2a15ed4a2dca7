/**
 * Does a pod fit onto the node? kube-scheduler's filters as far as one node can judge, in their order and words; the
 * first one that refuses is told. Room and host ports are not asked here: kubelet's admission refuses with its own
 * reasons, so that a pod does not wait for room that may never come.
 */
import type { Pod } from "../../objects/mod.ts";
import { copesWithMemoryPressure, matchesNode, pressureTaints, tolerates } from "../../node/mod.ts";
import { podAffinityProblem } from "./pod_affinity.ts";
import type { Misfit, SchedulableNode, SchedulerState } from "./state.ts";
import { spreadProblem } from "./spread.ts";
import { claimsProblem, volumeProblem } from "./volumes.ts";

export function misfit(pod: Pod, node: SchedulableNode, state: SchedulerState): Misfit | undefined {
  const claims = claimsProblem(pod, state);
  if (claims) return { reason: claims, ofPod: true };
  const tolerations = pod.spec.tolerations ?? [];
  const cordon = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
  if (node.unschedulable && !tolerations.some((each) => tolerates(each, cordon))) {
    return { reason: "node(s) were unschedulable" };
  }
  // the cordon's own taint follows `unschedulable`, a moment later
  const taint = node.taints.find((taint) =>
    taint.effect !== "PreferNoSchedule" && taint.key !== cordon.key &&
    !(taint.key === pressureTaints.MemoryPressure && copesWithMemoryPressure(pod)) &&
    !tolerations.some((each) => tolerates(each, taint))
  );
  if (taint) return { reason: `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}` };
  if (!matchesNode(pod, node)) return { reason: "node(s) didn't match Pod's node affinity/selector" };
  const volume = volumeProblem(pod, node, state);
  if (volume) return volume;
  return spreadProblem(pod, node, state) ?? podAffinityProblem(pod, node, state);
}
