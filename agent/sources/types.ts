/** The words of sources: what is wanted, what is stored, what is to be written. */
import type { StoreObject } from "../store/mod.ts";

/** Where a problem is, and what it is. `severity: "warning"`: the object is accepted all the same. */
export interface Problem {
  file: string;
  severity: "error" | "warning";
  message: string;
  line?: number;
  column?: number;
  /** `spec.containers[0].name` */
  path?: string;
  /** The object that it is about, as far as it could be read. */
  object?: { apiVersion?: string; kind?: string; namespace?: string; name?: string };
}

/** An object that a source wants to exist. */
export interface Desired {
  object: StoreObject;
  /** What it comes from: a file's path. */
  origin: string;
}

/** A sandbox that the runtime still has from a store that was lost. */
export interface Adoptable {
  namespace: string;
  name: string;
  uid: string;
  specHash?: string;
  sourceFile?: string;
}

/** One write to the store, with its reason for the log. */
export type Write =
  | { type: "put"; object: StoreObject; reason: "new" | "adopted" | "edited" | "moved" }
  | {
    type: "markDeleted";
    kind: string;
    namespace: string;
    name: string;
    uid?: string;
    gracePeriodSeconds: number;
    reason: "removed" | "replaced";
  }
  | { type: "remove"; kind: string; namespace: string; name: string; uid?: string; reason: "removed" };

/** Why a wanted object is not written yet. */
export interface Waiting {
  kind: string;
  namespace: string;
  name: string;
  for: "previous incarnation" | "orphaned sandbox";
  uids: string[];
}

export interface SourcePlan {
  writes: Write[];
  waiting: Waiting[];
}

/** `Pod default/web`. */
export function objectName(kind: string, namespace: string | undefined, name: string): string {
  return `${kind} ${namespace ? namespace + "/" : ""}${name}`;
}

/** An object's identity among those of a source. */
export function identityOf({ kind, metadata }: StoreObject): string {
  return `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;
}
