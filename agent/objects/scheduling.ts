/** What schedulers read of a pod: affinity, tolerations, spreading. A node by itself acts on little of it. */
import {
  define,
  int,
  lazily,
  list,
  long,
  neededInt,
  neededText,
  neededWord,
  opt,
  text,
  texts,
  word,
  type z,
} from "./schema.ts";
import { labelSelector, nodeSelector } from "./meta.ts";

const podAffinityTerm = lazily(() =>
  define("core.v1.PodAffinityTerm", {
    labelSelector: opt(labelSelector()),
    namespaces: texts,
    topologyKey: neededText,
    namespaceSelector: opt(labelSelector()),
    matchLabelKeys: texts,
    mismatchLabelKeys: texts,
  })
);

const weightedPodAffinityTerm = lazily(() =>
  define("core.v1.WeightedPodAffinityTerm", { weight: neededInt, podAffinityTerm: podAffinityTerm() })
);

const podAffinity = (definition: string) =>
  define(definition, {
    requiredDuringSchedulingIgnoredDuringExecution: list(podAffinityTerm()),
    preferredDuringSchedulingIgnoredDuringExecution: list(
      weightedPodAffinityTerm(),
    ),
  });

export const affinity = lazily(() => {
  const { term, selector } = nodeSelector();
  return define("core.v1.Affinity", {
    nodeAffinity: opt(
      define("core.v1.NodeAffinity", {
        requiredDuringSchedulingIgnoredDuringExecution: selector,
        preferredDuringSchedulingIgnoredDuringExecution: list(
          define("core.v1.PreferredSchedulingTerm", { weight: neededInt, preference: term }),
        ),
      }),
    ),
    podAffinity: opt(podAffinity("core.v1.PodAffinity")),
    podAntiAffinity: opt(podAffinity("core.v1.PodAntiAffinity")),
  });
});
export interface Affinity extends z.infer<ReturnType<typeof affinity>> {}

export const toleration = lazily(() =>
  define("core.v1.Toleration", {
    key: text,
    operator: word("Equal", "Exists", "Gt", "Lt"),
    value: text,
    effect: word("NoExecute", "NoSchedule", "PreferNoSchedule"),
    tolerationSeconds: long,
  })
);
export interface Toleration extends z.infer<ReturnType<typeof toleration>> {}

export const topologySpreadConstraint = lazily(() =>
  define("core.v1.TopologySpreadConstraint", {
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
