/** ConfigMap and Secret. */
import { bytesMap, defineKind, flag, lazily, text, textMap, type z } from "./schema.ts";
import { objectMeta } from "./meta.ts";

export const configMapSchema = lazily(() =>
  defineKind("v1", "ConfigMap", {
    metadata: objectMeta(),
    immutable: flag,
    data: textMap,
    /** base64. */
    binaryData: bytesMap,
  })
);
export interface ConfigMap extends z.infer<ReturnType<typeof configMapSchema>> {}

export const secretSchema = lazily(() =>
  defineKind("v1", "Secret", {
    metadata: objectMeta(),
    immutable: flag,
    /** base64; after defaulting `stringData` is in here too. */
    data: bytesMap,
    stringData: textMap,
    type: text,
  })
);
export interface Secret extends z.infer<ReturnType<typeof secretSchema>> {}
