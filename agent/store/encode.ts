/** Rows as they are written: every change is encoded once. */
import { StoreError } from "./errors.ts";
import type { Change } from "./journal.ts";
import { named } from "./object.ts";
import type { RowKey, StoreObject } from "./types.ts";

/** An object in memory under its number on disk. */
export interface Row {
  id: number;
  key: RowKey;
  object: StoreObject;
}

/** Bytes of one object's JSON, as etcd takes them (1.5 MiB). */
const maxObject = 1.5 * 1024 * 1024;

/** JSON without the status, once per object. */
const bodies = new WeakMap<StoreObject, string>();

/** An object's JSON without its status; throws a StoreError for one that is too large. */
export function encodeBody(object: StoreObject): string {
  let body = bodies.get(object);
  if (body === undefined) bodies.set(object, body = checkedBody(object));
  return body;
}

/** As `encodeBody`, for an object that nobody will write. */
export function checkedBody(object: StoreObject): string {
  const { status: _, ...rest } = object;
  const body = JSON.stringify(rest);
  if (body.length <= maxObject) return body;
  throw new StoreError("tooLarge", `Cannot store ${named(object)}: ${body.length} bytes, at most ${maxObject}`);
}

export function objectChange({ id, key, object }: Row): Change {
  const body = encodeBody(object);
  bodies.delete(object);
  return { type: "object", id, key, version: Number(object.metadata.resourceVersion), body };
}

export function statusChange({ id, object }: Row): Change {
  const status = object.status === undefined ? undefined : JSON.stringify(object.status);
  return { type: "status", id, version: Number(object.metadata.resourceVersion), status };
}
