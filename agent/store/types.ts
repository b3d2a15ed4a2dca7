/** The store's words: objects, realms, events. */

/** Who may write an object: this machine (manifest directory, local API) or a control plane. */
export type Realm = "local" | "control-plane";

/** The part of metadata that the store itself reads or writes; other fields pass through. */
export interface Metadata {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string | null;
  deletionTimestamp?: string | null;
  deletionGracePeriodSeconds?: number | null;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** Any Kubernetes object. What a kind holds besides is that kind's business (`agent/objects`). */
export interface StoreObject {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  spec?: unknown;
  status?: unknown;
}

/** A change that has happened: source writes are on disk when it is told, status writes only in memory. */
export interface StoreEvent<T = StoreObject> {
  type: "ADDED" | "MODIFIED" | "DELETED";
  realm: Realm;
  /** For DELETED the last state, under a resourceVersion of its own. */
  object: T;
  previous?: T;
}

export type StoreListener<T = StoreObject> = (event: StoreEvent<T>) => void;

/**
 * Makes of an object what shall be there. `end` gives the object with its deletion stamped, for a grace in seconds, and
 * with other finalizers than it had, if any are given.
 */
export type MakeChange<T = StoreObject> = (current: T | undefined, end: EndObject<T>) => T | undefined;
export type EndObject<T = StoreObject> = (graceSeconds: number, finalizers?: readonly string[]) => T;

export interface ChangeOptions {
  /** The status is changed as well; else it is taken from a new object only. */
  status?: boolean;
  /** Nothing is written: the promise tells what would have been there. */
  dryRun?: boolean;
}

export interface Listed<T = StoreObject> {
  realm: Realm;
  object: T;
}

/** Why a store began empty although there was one before. */
export type RebuildReason = "corrupt" | "unreadable" | "missing" | "newer-version";

/** The name of a row. */
export interface RowKey {
  realm: Realm;
  kind: string;
  namespace: string;
  name: string;
}

/** A key as one string, for maps. Names and namespaces cannot hold a slash. */
export function keyText({ realm, kind, namespace, name }: RowKey): string {
  return `${realm}/${kind}/${namespace}/${name}`;
}
