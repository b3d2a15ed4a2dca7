/** What every kind has: ObjectMeta, label selectors, references, conditions. */
import {
  anything,
  flag,
  int,
  lazily,
  list,
  mapList,
  neededText,
  neededWord,
  object,
  opt,
  setList,
  text,
  textMap,
  texts,
  time,
  type z,
} from "./schema.ts";

const ownerReference = lazily(() =>
  object({
    apiVersion: neededText,
    kind: neededText,
    name: neededText,
    uid: neededText,
    controller: flag,
    blockOwnerDeletion: flag,
  })
);

export const objectMeta = lazily(() =>
  object({
    name: neededText,
    generateName: text,
    namespace: text,
    selfLink: text,
    uid: text,
    resourceVersion: text,
    generation: int,
    creationTimestamp: time,
    deletionTimestamp: time,
    deletionGracePeriodSeconds: int,
    labels: textMap,
    annotations: textMap,
    ownerReferences: mapList(ownerReference(), "uid"),
    finalizers: setList("merge"),
    managedFields: list(anything),
  })
);
export interface ObjectMeta extends z.infer<ReturnType<typeof objectMeta>> {}

export const labelSelector = lazily(() =>
  object({
    matchLabels: textMap,
    matchExpressions: list(object({ key: neededText, operator: neededText, values: texts })),
  })
);
export interface LabelSelector extends z.infer<ReturnType<typeof labelSelector>> {}

/** A reference to an object of the same namespace. */
export const localObjectReference = lazily(() => object({ name: text }));
export interface LocalObjectReference extends z.infer<ReturnType<typeof localObjectReference>> {}

export const objectReference = lazily(() =>
  object({
    kind: text,
    namespace: text,
    name: text,
    uid: text,
    apiVersion: text,
    resourceVersion: text,
    fieldPath: text,
  })
);
export interface ObjectReference extends z.infer<ReturnType<typeof objectReference>> {}

export const conditionStatus = neededWord("True", "False", "Unknown");

/** metav1.Condition. */
export const condition = lazily(() =>
  object({
    type: neededText,
    status: conditionStatus,
    observedGeneration: int,
    lastTransitionTime: time,
    reason: text,
    message: text,
  })
);
export interface Condition extends z.infer<ReturnType<typeof condition>> {}

/** What any stored object shows before its kind is known. */
export interface BaseObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** Node selector terms, shared by affinity and persistent volumes. */
export const nodeSelector = lazily(() => {
  const requirement = object({ key: neededText, operator: neededText, values: texts });
  const term = object({ matchExpressions: list(requirement), matchFields: list(requirement) });
  return { term, selector: opt(object({ nodeSelectorTerms: list(term) })) };
});
