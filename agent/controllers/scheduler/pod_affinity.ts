/** Required affinity and anti-affinity between pods, where every placed pod is on this node. Pure. */
import type { LabelSelector, Pod } from "../../objects/mod.ts";
import { selectsLabels } from "../label_selector.ts";
import type { Misfit, SchedulableNode, SchedulerState } from "./state.ts";

interface Term {
  labelSelector?: LabelSelector;
  namespaces?: string[];
  namespaceSelector?: LabelSelector;
  topologyKey: string;
}

export function podAffinityProblem(pod: Pod, node: SchedulableNode, state: SchedulerState): Misfit | undefined {
  const placed = state.pods.filter((other) =>
    other.spec.nodeName && other.metadata.uid !== pod.metadata.uid && !over(other)
  );
  const has = ({ topologyKey }: Term) => Object.hasOwn(node.labels, topologyKey);
  const wanted = terms(pod, "podAffinity");
  if (!wanted.every((term) => has(term) && placed.some((other) => selects(term, pod, other, state)))) {
    // the first of a group that wants its own company has to begin somewhere
    const first = wanted.every((term) =>
      has(term) && selects(term, pod, pod, state) && !placed.some((other) => selects(term, pod, other, state))
    );
    if (!first) return { reason: "node(s) didn't match pod affinity rules" };
  }
  const unwanted = terms(pod, "podAntiAffinity");
  if (unwanted.some((term) => has(term) && placed.some((other) => selects(term, pod, other, state)))) {
    return { reason: "node(s) didn't match pod anti-affinity rules", preemptible: true };
  }
  const refused = placed.some((other) =>
    terms(other, "podAntiAffinity").some((term) => has(term) && selects(term, other, pod, state))
  );
  if (refused) return { reason: "node(s) didn't satisfy existing pods anti-affinity rules", preemptible: true };
  return undefined;
}

function terms({ spec }: Pod, kind: "podAffinity" | "podAntiAffinity"): Term[] {
  return spec.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

/** Whether a term of `owner` means `other`: its namespaces are the owner's own unless it names any. */
function selects(term: Term, owner: Pod, other: Pod, { namespaceLabels }: SchedulerState): boolean {
  const namespace = other.metadata.namespace!;
  const { namespaces = [], namespaceSelector } = term;
  const own = namespaces.length === 0 && !namespaceSelector;
  const meant = own
    ? namespace === owner.metadata.namespace
    : namespaces.includes(namespace) || selectsLabels(namespaceSelector, namespaceLabels(namespace));
  return meant && selectsLabels(term.labelSelector, other.metadata.labels);
}

function over({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}
