/** ConfigMap and Secret. */
import { fieldMeta, flag, lazily, neededWord, object, text, textMap, type z } from "./schema.ts";
import { objectMeta } from "./meta.ts";

export const configMapSchema = lazily(() => {
  const schema = object({
    apiVersion: neededWord("v1"),
    kind: neededWord("ConfigMap"),
    metadata: objectMeta(),
    immutable: flag,
    data: textMap,
    /** base64. */
    binaryData: textMap,
  });
  fieldMeta.add(schema, { gvk: { apiVersion: "v1", kind: "ConfigMap" } });
  return schema;
});
export interface ConfigMap extends z.infer<ReturnType<typeof configMapSchema>> {}

export const secretSchema = lazily(() => {
  const schema = object({
    apiVersion: neededWord("v1"),
    kind: neededWord("Secret"),
    metadata: objectMeta(),
    immutable: flag,
    /** base64; after defaulting `stringData` is in here too. */
    data: textMap,
    stringData: textMap,
    type: text,
  });
  fieldMeta.add(schema, { gvk: { apiVersion: "v1", kind: "Secret" } });
  return schema;
});
export interface Secret extends z.infer<ReturnType<typeof secretSchema>> {}
