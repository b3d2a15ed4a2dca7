/** What every kind has: ObjectMeta, label selectors, references, conditions. */
import {
  define,
  fieldsV1,
  flag,
  lazily,
  list,
  long,
  mapList,
  neededText,
  neededWord,
  opt,
  setList,
  text,
  textMap,
  texts,
  time,
  type z,
} from "./schema.ts";

const ownerReference = lazily(() =>
  define("meta.v1.OwnerReference", {
    apiVersion: neededText,
    kind: neededText,
    name: neededText,
    uid: neededText,
    controller: flag,
    blockOwnerDeletion: flag,
  }, { mapType: "atomic" })
);

const managedFieldsEntry = lazily(() =>
  define("meta.v1.ManagedFieldsEntry", {
    manager: text,
    operation: text,
    apiVersion: text,
    time,
    fieldsType: text,
    fieldsV1,
    subresource: text,
  })
);
export interface ManagedFieldsEntry extends z.infer<ReturnType<typeof managedFieldsEntry>> {}

export const objectMeta = lazily(() =>
  define("meta.v1.ObjectMeta", {
    name: neededText,
    generateName: text,
    namespace: text,
    selfLink: text,
    uid: text,
    resourceVersion: text,
    generation: long,
    creationTimestamp: time,
    deletionTimestamp: time,
    deletionGracePeriodSeconds: long,
    labels: textMap,
    annotations: textMap,
    ownerReferences: mapList(ownerReference(), "uid"),
    finalizers: setList("merge"),
    managedFields: list(managedFieldsEntry()),
  })
);
export interface ObjectMeta extends z.infer<ReturnType<typeof objectMeta>> {}

export const labelSelector = lazily(() =>
  define("meta.v1.LabelSelector", {
    matchLabels: textMap,
    matchExpressions: list(
      define("meta.v1.LabelSelectorRequirement", { key: neededText, operator: neededText, values: texts }),
    ),
  }, { mapType: "atomic" })
);
export interface LabelSelector extends z.infer<ReturnType<typeof labelSelector>> {}

/** A reference to an object of the same namespace. */
export const localObjectReference = lazily(() =>
  define("core.v1.LocalObjectReference", { name: text }, { mapType: "atomic" })
);
export interface LocalObjectReference extends z.infer<ReturnType<typeof localObjectReference>> {}

export const objectReference = lazily(() =>
  define("core.v1.ObjectReference", {
    kind: text,
    namespace: text,
    name: text,
    uid: text,
    apiVersion: text,
    resourceVersion: text,
    fieldPath: text,
  }, { mapType: "atomic" })
);
/** As `objectReference`, where server-side apply merges its fields one by one: a volume's claim. */
export const granularReference = lazily(() =>
  define("core.v1.ObjectReference", objectReference().shape, { mapType: "granular" })
);
export interface ObjectReference extends z.infer<ReturnType<typeof objectReference>> {}

export const conditionStatus = neededWord("True", "False", "Unknown");

/** metav1.Condition. */
export const condition = lazily(() =>
  define("meta.v1.Condition", {
    type: neededText,
    status: conditionStatus,
    observedGeneration: long,
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
  const requirement = define("core.v1.NodeSelectorRequirement", {
    key: neededText,
    operator: neededText,
    values: texts,
  });
  const term = define("core.v1.NodeSelectorTerm", {
    matchExpressions: list(requirement),
    matchFields: list(requirement),
  }, { mapType: "atomic" });
  return {
    term,
    selector: opt(define("core.v1.NodeSelector", { nodeSelectorTerms: list(term) }, { mapType: "atomic" })),
  };
});
