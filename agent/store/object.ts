/**
 * What a write makes of an object: the rules of ownership as pure functions, without memory or disk.
 *
 *   source   metadata (what it may say of it) and everything but status
 *   store    uid, creationTimestamp, generation, resourceVersion, deletionTimestamp
 *   status   its own writer, see `withStatus`
 *
 * In the realm `control-plane` generation, creation and deletion are the control plane's own and are taken over.
 */
import { timestamp } from "../clock.ts";
import { StoreError } from "./errors.ts";
import type { ChangeOptions, MakeChange, Metadata, Realm, RowKey, StoreObject } from "./types.ts";
import { deepFreeze, sameValue } from "./values.ts";

export interface Stamps {
  now: number;
  resourceVersion: () => string;
  newUid: () => string;
}

/** The object after a source wrote `input` over `previous`; `previous` itself when nothing changed. */
export function afterPut(realm: Realm, previous: StoreObject | undefined, input: StoreObject, at: Stamps): StoreObject {
  const { status: _, metadata: given, ...rest } = input;
  if (previous && given.uid !== undefined && given.uid !== previous.metadata.uid) {
    throw new StoreError(
      "conflict",
      `Cannot write ${named(input)} with uid ${given.uid}: the stored one has uid ${previous.metadata.uid}`,
    );
  }
  const metadata: Metadata = { ...given };
  const kept: (keyof Metadata)[] = ["uid", "resourceVersion"];
  const foreign: (keyof Metadata)[] = [
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
  ];
  for (const field of realm === "local" ? [...kept, ...foreign] : kept) {
    if (previous?.metadata[field] !== undefined) metadata[field] = previous.metadata[field] as never;
    else if (realm === "local" && field !== "uid" && field !== "creationTimestamp") delete metadata[field];
  }
  if (realm === "control-plane" && previous) {
    metadata.creationTimestamp ??= previous.metadata.creationTimestamp;
    metadata.generation ??= previous.metadata.generation;
  }
  if (!previous) {
    metadata.uid ??= at.newUid();
    metadata.creationTimestamp ??= timestamp(at.now);
    if (rest.spec !== undefined && metadata.generation === undefined) metadata.generation = 1;
  } else if (realm === "local" && rest.spec !== undefined && !sameValue(rest.spec, previous.spec)) {
    metadata.generation = (previous.metadata.generation ?? 0) + 1;
  }
  const { status, ...before } = previous ?? {};
  if (previous && sameValue({ ...rest, metadata }, before)) return previous;
  metadata.resourceVersion = at.resourceVersion();
  return deepFreeze({ ...rest, metadata, ...(status === undefined ? {} : { status }) });
}

/**
 * The object after a deletion with `grace` seconds, as kube-apiserver stamps it: the deletion time is when the grace
 * ends; a shorter grace overtakes, counted from the first request and never into the past; a longer one changes nothing.
 */
export function afterDelete(previous: StoreObject, grace: number, at: Stamps): StoreObject {
  const { metadata } = previous;
  grace = Math.max(0, Math.floor(grace));
  let ends = at.now + grace * 1000;
  if (metadata.deletionTimestamp) {
    const before = metadata.deletionGracePeriodSeconds ?? 0;
    if (grace >= before) return previous;
    const first = Date.parse(metadata.deletionTimestamp) - before * 1000;
    // A clock that was set back must not lengthen the grace: never later than now + grace.
    ends = Math.min(Math.max(first + grace * 1000, at.now), ends);
  }
  return deepFreeze({
    ...previous,
    metadata: {
      ...metadata,
      ...(metadata.generation === undefined ? {} : { generation: metadata.generation + 1 }),
      resourceVersion: at.resourceVersion(),
      deletionTimestamp: timestamp(ends),
      deletionGracePeriodSeconds: grace,
    },
  });
}

/** The object with another status; `previous` itself when the status says the same. */
export function withStatus(previous: StoreObject, status: unknown, at: Stamps): StoreObject {
  if (sameValue(previous.status, status)) return previous;
  const { status: _, ...rest } = previous;
  return deepFreeze({
    ...rest,
    metadata: { ...previous.metadata, resourceVersion: at.resourceVersion() },
    ...(status === undefined ? {} : { status }),
  });
}

/**
 * The object after a change by the API: as `afterPut` for metadata and everything but the status. A new object keeps
 * the status it was given, as its first one; of an existing one it is changed only with `status`.
 */
function afterChange(
  realm: Realm,
  previous: StoreObject | undefined,
  input: StoreObject,
  at: Stamps,
  options: { status?: boolean } = {},
): StoreObject {
  let version: string | undefined;
  const once = { ...at, resourceVersion: () => version ??= at.resourceVersion() };
  const after = afterPut(realm, previous, input, once);
  return !previous || options.status ? withStatus(after, input.status, once) : after;
}

/** What a change makes of an object. */
export function makeChange(
  key: RowKey,
  current: StoreObject | undefined,
  make: MakeChange,
  stamps: Stamps,
  options: ChangeOptions,
): StoreObject | undefined {
  const ends = new Set<StoreObject>();
  const next = make(current, (grace, finalizers) => {
    if (!current) throw new StoreError("invalid", "Cannot end an object that is not there");
    const held = finalizers ? { ...current, metadata: { ...current.metadata, finalizers: [...finalizers] } } : current;
    const ended = afterDelete(held, grace, stamps);
    const object = ended === held ? current : ended;
    ends.add(object);
    return object;
  });
  if (!next || next === current || ends.has(next)) return next;
  const { kind, metadata } = next;
  if (kind !== key.kind || metadata.name !== key.name || (metadata.namespace ?? "") !== key.namespace) {
    throw new StoreError("invalid", `Cannot write ${named(next)} in the place of ${key.kind} ${key.name}`);
  }
  return afterChange(key.realm, current, next, stamps, options);
}

/** `Pod default/web`, for messages. */
export function named({ kind, metadata }: StoreObject): string {
  return `${kind} ${metadata.namespace ? metadata.namespace + "/" : ""}${metadata.name}`;
}
