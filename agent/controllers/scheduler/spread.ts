/**
 * topologySpreadConstraints with one node: there is one domain at most, so that skew only grows where more domains are
 * demanded than there are (minDomains). Pure.
 */
import type { Pod } from "../../objects/mod.ts";
import { selectsLabels } from "../label_selector.ts";
import type { Misfit, SchedulableNode, SchedulerState } from "./state.ts";

const reason = "node(s) didn't match pod topology spread constraints";

export function spreadProblem(pod: Pod, node: SchedulableNode, { pods }: SchedulerState): Misfit | undefined {
  for (const constraint of pod.spec.topologySpreadConstraints ?? []) {
    const { whenUnsatisfiable, topologyKey, labelSelector, maxSkew, minDomains = 1 } = constraint;
    if (whenUnsatisfiable !== "DoNotSchedule") continue;
    if (!Object.hasOwn(node.labels, topologyKey)) return { reason: `${reason} (missing required label)` };
    const counted = pods.filter((other) =>
      other.spec.nodeName && !other.metadata.deletionTimestamp &&
      other.metadata.namespace === pod.metadata.namespace && selectsLabels(labelSelector, other.metadata.labels)
    ).length;
    const self = selectsLabels(labelSelector, pod.metadata.labels) ? 1 : 0;
    const least = minDomains > 1 ? 0 : counted;
    if (counted + self - least > maxSkew) return { reason, preemptible: true };
  }
  return undefined;
}
