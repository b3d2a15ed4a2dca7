/** What a pod's claims say to its placing: they must be there and bound, to volumes that this node has. Pure. */
import { type Pod, selectsNode } from "../../objects/mod.ts";
import type { Misfit, SchedulableNode, SchedulerState } from "./state.ts";

/** Why no node would do; undefined when all of the pod's claims are bound. */
export function claimsProblem(pod: Pod, { claim, volume }: SchedulerState): string | undefined {
  let unbound = false;
  for (const name of claimNames(pod)) {
    const quoted = JSON.stringify(name);
    const found = claim(pod.metadata.namespace!, name);
    if (!found) return `persistentvolumeclaim ${quoted} not found`;
    if (found.metadata.deletionTimestamp) return `persistentvolumeclaim ${quoted} is being deleted`;
    const { volumeName } = found.spec;
    if (found.status?.phase === "Lost") {
      return `persistentvolumeclaim ${quoted} bound to non-existent persistentvolume ${JSON.stringify(volumeName)}`;
    }
    if (!volumeName || (found.status?.phase ?? "Bound") !== "Bound" || !volume(volumeName)) unbound = true;
  }
  return unbound ? "pod has unbound immediate PersistentVolumeClaims" : undefined;
}

/** Whether another pod has a claim for itself, or a volume is on another node. */
export function volumeProblem(pod: Pod, node: SchedulableNode, state: SchedulerState): Misfit | undefined {
  const namespace = pod.metadata.namespace!;
  for (const name of claimNames(pod)) {
    const claim = state.claim(namespace, name);
    const alone = claim?.spec.accessModes?.includes("ReadWriteOncePod");
    if (alone && state.pods.some((other) => other.metadata.uid !== pod.metadata.uid && holds(other, namespace, name))) {
      return {
        reason: "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",
        preemptible: true,
      };
    }
    const required = state.volume(claim?.spec.volumeName ?? "")?.spec.nodeAffinity?.required;
    if (required && !selectsNode(required.nodeSelectorTerms ?? [], node)) {
      return { reason: "node(s) had volume node affinity conflict" };
    }
  }
  return undefined;
}

export function claimNames({ spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) => claim ? [claim.claimName] : []);
}

function holds(pod: Pod, namespace: string, claim: string): boolean {
  const over = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
  return !over && !!pod.spec.nodeName && pod.metadata.namespace === namespace && claimNames(pod).includes(claim);
}
