/**
 * What a resource of the Kubernetes API is made of. Handlers (read, write, patch, watch, discovery) are written once
 * against these types; a file in `resources/` per kind says what is particular to it.
 *
 *     request ─► RequestInfo ─► Resource ─► strategy (fill in, check) ─► backend (store, events, computed)
 */
import type { Context } from "hono";
import type { FieldErrors } from "../../objects/mod.ts";
import type { EndObject } from "../../store/mod.ts";
import type { AppEnv, UserInfo, Verb } from "../request.ts";

/** Any object of the API as it is stored and shown. Frozen and shared: never changed in place. */
export interface ApiObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    generateName?: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    creationTimestamp?: string | null;
    deletionTimestamp?: string | null;
    deletionGracePeriodSeconds?: number | null;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    managedFields?: unknown[];
    ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string }[];
  };
  spec?: unknown;
  status?: unknown;
}

export interface ApiEvent<T extends ApiObject = ApiObject> {
  type: "ADDED" | "MODIFIED" | "DELETED";
  /** For DELETED the last state, under a resourceVersion of its own. */
  object: T;
  previous?: T;
}

/** Where the objects of a resource are. */
export interface Backend<T extends ApiObject = ApiObject> {
  /** The latest version that a list shows. */
  resourceVersion(): string;
  get(namespace: string, name: string): T | undefined;
  /** In the order of namespace and name. All namespaces when undefined. */
  list(namespace?: string): T[];
  /** Awaited before each get and list: what is computed from a look at the machine takes it now. */
  prepare?(): Promise<void>;
  /** Every change from now on, in the order of resourceVersion. */
  watch(listener: (event: ApiEvent<T>) => void): () => void;
  /**
   * Changes one object: `change` is called with what is there at the moment of the write and returns what shall be
   * there: another object, the same one (nothing is written), what `end` gives (deletion and grace are stamped; who owns
   * the object removes it later), or undefined (removed or never made). What it throws rejects the promise and changes
   * nothing. Of an object that exists the status is changed only with `options.status`.
   */
  write?(
    namespace: string,
    name: string,
    change: (current: T | undefined, end: EndObject<T>) => T | undefined,
    options?: WriteOptions,
  ): Promise<T | undefined>;
}

export type WritableBackend<T extends ApiObject = ApiObject> = Backend<T> & Required<Pick<Backend<T>, "write">>;

export interface WriteOptions {
  /** The status is written as well. */
  status?: boolean;
  /** Nothing is written: the promise tells what would have been there. */
  dryRun?: boolean;
}

/** What a write may know. */
export interface WriteContext {
  user: UserInfo;
  dryRun: boolean;
  /** Adds a `Warning:` header to the answer. */
  warn(text: string): void;
}

/** metav1.DeleteOptions, after reading query and body. */
export interface DeleteOptions {
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
  propagationPolicy?: "Orphan" | "Background" | "Foreground";
  dryRun: boolean;
}

/** What is particular to writing a kind. Objects given are copies that may be changed; shape and defaults are done. */
export interface Strategy<T extends ApiObject = ApiObject> {
  /** Fills in what the API server and its admission plugins fill in; throws an ApiError to refuse. */
  prepareForCreate?(object: T, context: WriteContext): T | Promise<T>;
  /** Called at the moment of the write, just before it: conflicts with other objects, allocation. May throw. */
  admitCreate?(object: T, context: WriteContext): T;
  prepareForUpdate?(object: T, current: T, context: WriteContext): T;
  /** What may not change, in the API server's words. */
  validateUpdate?(object: T, current: T, errors: FieldErrors): void;
  validateStatusUpdate?(object: T, current: T, errors: FieldErrors): void;
  /**
   * Whether this object may be changed by the API at all; throws a 403 that says what to do instead. Without it, objects
   * of the manifest directory may not, but for their status.
   */
  guard?(current: T, verb: Verb, subresource: string): void;
  /**
   * What DELETE does. Undefined: an object without finalizers is removed at once. "graceful": marked with this grace,
   * and its owner in the node removes it.
   */
  remove?(current: T, options: DeleteOptions): { graceSeconds: number } | undefined;
  /** Texts of `Warning:` headers for what was written. */
  warnings?(object: T): string[];
  /** An object that is to go is removed by its owner in the node, never by an update that takes its last finalizer. */
  ownerRemoves?: boolean;
  /** PUT of an object that is not there makes it. */
  createOnUpdate?: boolean;
  /** PUT must say the resourceVersion that it replaces. */
  needsVersion?: boolean;
  /** DELETE answers with the object even when it is gone at once. */
  returnsDeleted?: boolean;
}

/** Printed columns: kubectl's own names. Cells may be numbers where the column's type is integer. */
export interface TableColumn {
  name: string;
  type: "string" | "integer" | "boolean" | "date";
  format?: string;
  description: string;
  /** 0: always shown, 1: with `-o wide`. */
  priority?: 0 | 1;
}

export interface Printer<T extends ApiObject = ApiObject> {
  columns: readonly TableColumn[];
  cells(object: T, now: number): (string | number | boolean | null)[];
}

export type KubeHandler = (c: Context<AppEnv>) => Response | Promise<Response>;

/** One subresource: what answers each verb, and what it is called in discovery. */
export interface Subresource {
  /** Group, version and kind of what it takes and gives, for discovery: `{ group: "policy", version: "v1", kind: "Eviction" }`. */
  kind: { group?: string; version?: string; kind: string };
  verbs: readonly Verb[];
  handle: KubeHandler;
}

/** A subresource that shows the whole object and takes over a part of it: `ephemeralcontainers`, `resize`. */
export interface Part<T extends ApiObject = ApiObject> {
  /** The present object with the part as `object` has it. Metadata is taken care of. */
  take(object: T, current: T): T;
  validateUpdate(object: T, current: T, errors: FieldErrors): void;
}

/** A resource: everything the generic handlers need. */
export interface Resource<T extends ApiObject = ApiObject> {
  group: string;
  version: string;
  kind: string;
  /** `pods`. */
  plural: string;
  singular: string;
  shortNames?: readonly string[];
  categories?: readonly string[];
  namespaced: boolean;
  /** Those that are answered; all others are 405. */
  verbs: readonly Verb[];
  backend: Backend<T>;
  strategy?: Strategy<T>;
  /** Fields of a `fieldSelector` besides metadata.name and metadata.namespace. */
  fields?: Readonly<Record<string, (object: T) => string | undefined>>;
  printer?: Printer<T>;
  /** `status` is generic (get, update, patch of the status alone) when this is true. */
  hasStatus?: boolean;
  /** By name; get, update and patch of each are generic. */
  parts?: Readonly<Record<string, Part<T>>>;
  /** By name: `log`, `exec`, `eviction` … */
  subresources?: Readonly<Record<string, Subresource>>;
  /** Answers POST itself instead of storing: SelfSubjectAccessReview and its like. */
  create?: KubeHandler;
}
