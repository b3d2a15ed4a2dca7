/** Does a pod's node selector and required node affinity fit this node? */
import { type NodeIdentity, type Pod, selectsNode } from "../objects/mod.ts";

/** True when every nodeSelector label is the node's and one of the required terms, if there are any, matches. */
export function matchesNode(pod: Pod, node: NodeIdentity): boolean {
  const selected = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => node.labels[key] === value);
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return selected && (!required || selectsNode(required.nodeSelectorTerms ?? [], node));
}
