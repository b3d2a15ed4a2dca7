/** What schedulers read of a pod: affinity, tolerations, spreading. A node by itself acts on little of it. */
import {
  int,
  lazily,
  list,
  neededInt,
  neededText,
  neededWord,
  object,
  opt,
  text,
  texts,
  word,
  type z,
} from "./schema.ts";
import { labelSelector, nodeSelector } from "./meta.ts";

const podAffinityTerm = lazily(() =>
  object({
    labelSelector: opt(labelSelector()),
    namespaces: texts,
    topologyKey: neededText,
    namespaceSelector: opt(labelSelector()),
    matchLabelKeys: texts,
    mismatchLabelKeys: texts,
  })
);

const podAffinity = lazily(() =>
  object({
    requiredDuringSchedulingIgnoredDuringExecution: list(podAffinityTerm()),
    preferredDuringSchedulingIgnoredDuringExecution: list(
      object({ weight: neededInt, podAffinityTerm: podAffinityTerm() }),
    ),
  })
);

export const affinity = lazily(() => {
  const { term, selector } = nodeSelector();
  return object({
    nodeAffinity: opt(
      object({
        requiredDuringSchedulingIgnoredDuringExecution: selector,
        preferredDuringSchedulingIgnoredDuringExecution: list(object({ weight: neededInt, preference: term })),
      }),
    ),
    podAffinity: opt(podAffinity()),
    podAntiAffinity: opt(podAffinity()),
  });
});
export interface Affinity extends z.infer<ReturnType<typeof affinity>> {}

export const toleration = lazily(() =>
  object({
    key: text,
    operator: word("Equal", "Exists", "Gt", "Lt"),
    value: text,
    effect: word("NoExecute", "NoSchedule", "PreferNoSchedule"),
    tolerationSeconds: int,
  })
);
export interface Toleration extends z.infer<ReturnType<typeof toleration>> {}

export const topologySpreadConstraint = lazily(() =>
  object({
    maxSkew: neededInt,
    topologyKey: neededText,
    whenUnsatisfiable: neededWord("DoNotSchedule", "ScheduleAnyway"),
    labelSelector: opt(labelSelector()),
    minDomains: int,
    nodeAffinityPolicy: word("Honor", "Ignore"),
    nodeTaintsPolicy: word("Honor", "Ignore"),
    matchLabelKeys: texts,
  })
);
