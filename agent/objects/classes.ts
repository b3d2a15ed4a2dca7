/** PriorityClass and RuntimeClass: names for a pod's importance and for how its containers run. */
import {
  atomicTextMap,
  define,
  defineKind,
  flag,
  lazily,
  list,
  neededInt,
  neededText,
  opt,
  resourceList,
  text,
  word,
  type z,
} from "./schema.ts";
import { objectMeta } from "./meta.ts";
import { toleration } from "./scheduling.ts";

export const priorityClassSchema = lazily(() =>
  defineKind("scheduling.k8s.io/v1", "PriorityClass", {
    metadata: objectMeta(),
    value: neededInt,
    globalDefault: flag,
    description: text,
    preemptionPolicy: word("Never", "PreemptLowerPriority"),
  })
);
export interface PriorityClass extends z.infer<ReturnType<typeof priorityClassSchema>> {}

export const runtimeClassSchema = lazily(() =>
  defineKind("node.k8s.io/v1", "RuntimeClass", {
    metadata: objectMeta(),
    handler: neededText,
    overhead: opt(define("node.v1.Overhead", { podFixed: resourceList })),
    scheduling: opt(define("node.v1.Scheduling", { nodeSelector: atomicTextMap, tolerations: list(toleration()) })),
  })
);
export interface RuntimeClass extends z.infer<ReturnType<typeof runtimeClassSchema>> {}
