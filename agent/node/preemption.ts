/**
 * Whom a critical pod displaces when there is no room for it: kubelet's choice. Best-effort pods before burstable before
 * guaranteed ones, within a class the pods that come nearest to what is lacking, of equals the smaller one; never a pod that
 * is critical itself and no more important. Pure.
 */
import type { Pod } from "../objects/mod.ts";
import { type Amounts, podRequests, type QosClass, qosClass } from "../resources/mod.ts";
import { isCritical } from "./critical.ts";

export const preemptionMessage = "Preempted in order to admit critical pod";
/** Of the condition DisruptionTarget. */
export const preemptionDisruption = "Pod was preempted by Kubelet to accommodate a critical pod.";

/** May `pod` push `other` out? */
export function preempts(pod: Pod, other: Pod): boolean {
  return isCritical(pod) && !isCritical(other) || (pod.spec.priority ?? 0) > (other.spec.priority ?? 0);
}

/**
 * The pods to end so that `lacking` amounts become free, by resource; undefined with what would still be lacking if all
 * went that may.
 */
export function planPreemption(
  pod: Pod,
  others: readonly Pod[],
  lacking: Amounts,
): { victims: Pod[] } | { lacking: Amounts } {
  const classes: Record<QosClass, Pod[]> = { BestEffort: [], Burstable: [], Guaranteed: [] };
  for (const other of others) if (preempts(pod, other)) classes[qosClass(other)].push(other);
  const { BestEffort, Burstable, Guaranteed } = classes;
  const hopeless = without(lacking, [...BestEffort, ...Burstable, ...Guaranteed]);
  if (Object.keys(hopeless).length > 0) return { lacking: hopeless };
  // a better class gives only what would be lacking if all of the lesser ones went
  const guaranteed = nearest(Guaranteed, without(lacking, [...BestEffort, ...Burstable]));
  const burstable = nearest(Burstable, without(lacking, [...BestEffort, ...guaranteed]));
  const bestEffort = nearest(BestEffort, without(lacking, [...burstable, ...guaranteed]));
  return { victims: [...bestEffort, ...burstable, ...guaranteed] };
}

/** The fewest pods that free this much, as far as taking the one that comes nearest each time finds them. */
function nearest(pods: readonly Pod[], lacking: Amounts): Pod[] {
  const left = [...pods];
  const chosen: Pod[] = [];
  while (Object.keys(lacking).length > 0 && left.length > 0) {
    const best = left.reduce((a, b) => {
      const difference = distance(a, lacking) - distance(b, lacking);
      return difference < 0 || difference === 0 && isSmaller(a, b) ? a : b;
    });
    left.splice(left.indexOf(best), 1);
    chosen.push(best);
    lacking = without(lacking, [best]);
  }
  return chosen;
}

/** 0: the pod alone frees enough of everything; each resource counts by the part that would still be lacking, squared. */
function distance(pod: Pod, lacking: Amounts): number {
  return Object.entries(lacking).reduce((sum, [name, amount]) => {
    const rest = Math.max(0, amount - held(pod, name));
    return sum + (rest / amount) ** 2;
  }, 0);
}

function isSmaller(a: Pod, b: Pod): boolean {
  for (const name of ["memory", "cpu"]) if (held(a, name) !== held(b, name)) return held(a, name) < held(b, name);
  return true;
}

/** What of these amounts is still lacking when the pods are gone. */
export function without(lacking: Amounts, pods: readonly Pod[]): Amounts {
  const left: Amounts = {};
  for (const [name, amount] of Object.entries(lacking)) {
    const rest = pods.reduce((rest, pod) => rest - held(pod, name), amount);
    if (rest > 0) left[name] = rest;
  }
  return left;
}

function held(pod: Pod, name: string): number {
  return name === "pods" ? 1 : podRequests(pod)[name] ?? 0;
}
