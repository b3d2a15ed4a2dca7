/** What the API itself speaks beside objects: DeleteOptions and Status. */
import { define, flag, int, lazily, list, long, neededWord, opt, text, texts, type z } from "./schema.ts";

/** DeleteOptions where kind and apiVersion may be left out: inside an Eviction, as the body of a DELETE. */
export const deleteOptionsShape = lazily(() =>
  define("meta.v1.DeleteOptions", {
    apiVersion: text,
    kind: text,
    gracePeriodSeconds: long,
    preconditions: opt(define("meta.v1.Preconditions", { uid: text, resourceVersion: text })),
    orphanDependents: flag,
    propagationPolicy: text,
    dryRun: texts,
    ignoreStoreReadErrorWithClusterBreakingPotential: flag,
  })
);

export const listMeta = lazily(() =>
  define("meta.v1.ListMeta", { selfLink: text, resourceVersion: text, continue: text, remainingItemCount: long })
);

export const statusSchema = lazily(() =>
  define("meta.v1.Status", {
    apiVersion: neededWord("v1"),
    kind: neededWord("Status"),
    metadata: opt(listMeta()),
    status: text,
    message: text,
    reason: text,
    details: opt(
      define("meta.v1.StatusDetails", {
        name: text,
        group: text,
        kind: text,
        uid: text,
        causes: list(define("meta.v1.StatusCause", { reason: text, message: text, field: text })),
        retryAfterSeconds: int,
      }),
    ),
    code: int,
  }, { gvk: { apiVersion: "v1", kind: "Status" } })
);
export interface StatusObject extends z.infer<ReturnType<typeof statusSchema>> {}
