/** What is posted to a pod to do something with it: Eviction and Binding. */
import { defineKind, lazily, opt, type z } from "./schema.ts";
import { objectMeta, objectReference } from "./meta.ts";
import { deleteOptionsShape } from "./options.ts";

export const evictionSchema = lazily(() =>
  defineKind("policy/v1", "Eviction", { metadata: objectMeta(), deleteOptions: opt(deleteOptionsShape()) })
);
export interface Eviction extends z.infer<ReturnType<typeof evictionSchema>> {}

export const bindingSchema = lazily(() =>
  defineKind("v1", "Binding", { metadata: objectMeta(), target: objectReference() })
);
export interface Binding extends z.infer<ReturnType<typeof bindingSchema>> {}
