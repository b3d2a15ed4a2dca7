/** Namespace and ServiceAccount. */
import {
  define,
  defineKind,
  flag,
  lazily,
  list,
  mapList,
  neededText,
  opt,
  text,
  texts,
  time,
  word,
  type z,
} from "./schema.ts";
import { conditionStatus, localObjectReference, objectMeta, objectReference } from "./meta.ts";

export const namespaceSchema = lazily(() => {
  const condition = define("core.v1.NamespaceCondition", {
    type: neededText,
    status: conditionStatus,
    lastTransitionTime: time,
    reason: text,
    message: text,
  });
  return defineKind("v1", "Namespace", {
    metadata: objectMeta(),
    spec: opt(define("core.v1.NamespaceSpec", { finalizers: texts })),
    status: opt(
      define("core.v1.NamespaceStatus", {
        phase: word("Active", "Terminating"),
        conditions: mapList(condition, "type"),
      }),
    ),
  });
});
export interface Namespace extends z.infer<ReturnType<typeof namespaceSchema>> {}

export const serviceAccountSchema = lazily(() =>
  defineKind("v1", "ServiceAccount", {
    metadata: objectMeta(),
    secrets: mapList(objectReference(), "name"),
    imagePullSecrets: list(localObjectReference()),
    automountServiceAccountToken: flag,
  })
);
export interface ServiceAccount extends z.infer<ReturnType<typeof serviceAccountSchema>> {}
