/** Namespace and ServiceAccount. */
import { fieldMeta, flag, lazily, list, mapList, neededWord, object, opt, texts, word, type z } from "./schema.ts";
import { condition, localObjectReference, objectMeta, objectReference } from "./meta.ts";

export const namespaceSchema = lazily(() => {
  const schema = object({
    apiVersion: neededWord("v1"),
    kind: neededWord("Namespace"),
    metadata: objectMeta(),
    spec: opt(object({ finalizers: texts })),
    status: opt(object({ phase: word("Active", "Terminating"), conditions: mapList(condition(), "type") })),
  });
  fieldMeta.add(schema, { gvk: { apiVersion: "v1", kind: "Namespace" } });
  return schema;
});
export interface Namespace extends z.infer<ReturnType<typeof namespaceSchema>> {}

export const serviceAccountSchema = lazily(() => {
  const schema = object({
    apiVersion: neededWord("v1"),
    kind: neededWord("ServiceAccount"),
    metadata: objectMeta(),
    secrets: mapList(objectReference(), "name"),
    imagePullSecrets: list(localObjectReference()),
    automountServiceAccountToken: flag,
  });
  fieldMeta.add(schema, { gvk: { apiVersion: "v1", kind: "ServiceAccount" } });
  return schema;
});
export interface ServiceAccount extends z.infer<ReturnType<typeof serviceAccountSchema>> {}
