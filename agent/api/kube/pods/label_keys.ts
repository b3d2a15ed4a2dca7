/**
 * `matchLabelKeys` of affinity terms and spread constraints: at creation kube-apiserver writes the pod's own values of
 * these labels into the selector, so that nobody has to look at the pod's labels later.
 */
import type { LabelSelector, Pod } from "../../../objects/mod.ts";

interface Keyed {
  labelSelector?: LabelSelector;
  matchLabelKeys?: string[];
  mismatchLabelKeys?: string[];
}

export function resolveLabelKeys({ metadata, spec }: Pod): void {
  const labels = metadata.labels ?? {};
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  for (const affinity of [podAffinity, podAntiAffinity]) {
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) resolve(term, labels);
    for (const { podAffinityTerm } of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
      resolve(podAffinityTerm, labels);
    }
  }
  for (const constraint of spec.topologySpreadConstraints ?? []) resolve(constraint, labels);
}

function resolve(keyed: Keyed, labels: Readonly<Record<string, string>>): void {
  if (!keyed.labelSelector) return;
  const requirement = (operator: string) => (key: string) => ({ key, operator, values: [labels[key]] });
  const present = (key: string) => Object.hasOwn(labels, key);
  const added = [
    ...(keyed.matchLabelKeys ?? []).filter(present).map(requirement("In")),
    ...(keyed.mismatchLabelKeys ?? []).filter(present).map(requirement("NotIn")),
  ];
  if (added.length === 0) return;
  const { matchExpressions = [] } = keyed.labelSelector;
  keyed.labelSelector = { ...keyed.labelSelector, matchExpressions: [...matchExpressions, ...added] };
}
