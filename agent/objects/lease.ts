/** Lease: who leads, and since when. */
import { define, defineKind, int, lazily, microTime, opt, text, type z } from "./schema.ts";
import { objectMeta } from "./meta.ts";

export const leaseSchema = lazily(() =>
  defineKind("coordination.k8s.io/v1", "Lease", {
    metadata: objectMeta(),
    spec: opt(
      define("coordination.v1.LeaseSpec", {
        holderIdentity: text,
        leaseDurationSeconds: int,
        acquireTime: microTime,
        renewTime: microTime,
        leaseTransitions: int,
        strategy: text,
        preferredHolder: text,
      }),
    ),
  })
);
export interface Lease extends z.infer<ReturnType<typeof leaseSchema>> {}
