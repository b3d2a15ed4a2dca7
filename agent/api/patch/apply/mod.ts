/**
 * Server-side apply and what goes with it: every write notes in `metadata.managedFields` who set which fields, so that
 * several can share an object and nobody undoes another's work unknowingly.
 *
 *     create, update, patch ─► trackUpdate: compare before and after ─► who changed what now manages it
 *     apply ─► serverSideApply: merge, prune, find conflicts ─► merged object, who applied what manages it
 *
 * Both are pure. `keepTimestamps` is for the end of a write: one that changes nothing leaves no new time stamps.
 */
import { timestamp } from "../../../clock.ts";
import { deepEqual } from "../../../objects/equality.ts";
import { fieldMeta } from "../../../objects/schema.ts";
import { badRequest } from "../../status.ts";
import { copy, goText, isMap, type JsonMap, refuseDeep } from "../json.ts";
import { type Schema, type TypeView, viewOf } from "../schema_view.ts";
import { conflictError } from "./conflict.ts";
import { FieldSet } from "./field_set.ts";
import { foreignConflicts, kubectlManager, updateLastApplied } from "./last_applied.ts";
import {
  capUpdaters,
  type ManagedFieldsEntry,
  type Manager,
  type Managers,
  readManagers,
  writeManagers,
} from "./managers.ts";
import { afterApply, afterUpdate, Conflicts, type Write } from "./ownership.ts";
import { emptyObject, withStructs } from "./empty_object.ts";
import { fieldElement, NoIdentity } from "./path_element.ts";
import { shapeProblems } from "./validate.ts";
import { withoutEmpty } from "./without_empty.ts";

interface WriteOptions {
  /** The schema of the whole object. */
  schema: Schema;
  /** Milliseconds since 1970. */
  now: number;
  /** "" or absent for the object itself, `status` and its like otherwise. */
  subresource?: string;
}

export interface UpdateOptions extends WriteOptions {
  /** What is stored; absent when the object is created. */
  current?: object;
  /** What is about to be stored, decoded and defaulted, with managedFields as the client sent them. */
  next: object;
  /** The option `fieldManager`, or what `managerOf` makes of the User-Agent. */
  manager: string;
}

export interface ApplyOptions extends WriteOptions {
  current?: object;
  /** The configuration as it was sent. */
  applied: unknown;
  manager: string;
  force: boolean;
}

/** Notes who changed what by create, update or a patch of the three other types. Gives back a copy of `next`. */
export function trackUpdate(options: UpdateOptions): JsonMap {
  const { current, next, manager, schema, now, subresource = "" } = options;
  const object = copy(next) as JsonMap;
  const metadata = object.metadata as JsonMap;
  const sent = metadata.managedFields;
  delete metadata.managedFields;
  const live = current as JsonMap | undefined;
  const managers = startingManagers(live, sent, subresource);
  // Once nobody is known, nobody is noted until somebody applies.
  if (managers.size === 0 && live) return object;
  const write = writeOf(schema, subresource);
  const by = updater(manager, schema, now, subresource);
  const plain = (value: JsonMap) => withStructs(withoutEmpty(value, write.view) as JsonMap, write.view);
  const before = live ? plain(withoutManagers(live)) : emptyObject(object, write.view);
  return withManagers(object, capUpdaters(afterUpdate(before, plain(object), managers, by, write)));
}

/** Who manages the object before an update: as the client sent it, or else as it is stored. */
function startingManagers(live: JsonMap | undefined, sent: unknown, subresource: string): Managers {
  const stored = readManagers((live?.metadata as JsonMap | undefined)?.managedFields) ?? new Map();
  if (subresource !== "" || sent === undefined || sent === null) return stored;
  if (isReset(sent)) return new Map();
  const managers = readManagers(sent);
  return managers?.size ? managers : stored;
}

/** An empty list, or a list of one empty entry, forgets all managers. */
function isReset(sent: unknown): boolean {
  if (!Array.isArray(sent) || sent.length > 1) return false;
  return sent.length === 0 || (isMap(sent[0]) && Object.keys(sent[0]).length === 0);
}

/**
 * The object after an apply, before defaulting, with its managedFields. Throws an ApiError: 409 with the fields that
 * others manage, 400 for a configuration that is not of this kind.
 */
export function serverSideApply(options: ApplyOptions): JsonMap {
  const { current, applied, manager, force, schema, now, subresource = "" } = options;
  const write = writeOf(schema, subresource);
  const config = checkConfig(applied, schema, write.view);
  const live = current as JsonMap | undefined;
  const before = live ? withoutManagers(live) : kindOf(schema);
  const managers = live ? appliedTo(live, before as JsonMap, schema, now, subresource, write) : new Map();
  const by = { ...updater(manager, schema, now, subresource), operation: "Apply" as const };
  const result = applyOrConflict(before, config, managers, by, force, write);
  const object = copy(result.object) as JsonMap;
  if (manager === kubectlManager) updateLastApplied(object, config);
  return withManagers(object, result.managers);
}

/** Who manages an object that is applied to; fields of one that was never tracked get a manager of their own. */
function appliedTo(live: JsonMap, before: JsonMap, schema: Schema, now: number, subresource: string, write: Write) {
  const managers = readManagers((live.metadata as JsonMap).managedFields);
  if (managers?.size) return managers;
  const by = updater("before-first-apply", schema, now, subresource);
  const nothing = emptyObject(live, write.view);
  return capUpdaters(afterUpdate(nothing, withStructs(before, write.view), new Map(), by, write));
}

function applyOrConflict(
  before: object,
  config: JsonMap,
  managers: Managers,
  by: Omit<Manager, "fields">,
  force: boolean,
  write: Write,
) {
  try {
    return afterApply(before, config, managers, by, force, write);
  } catch (err) {
    if (err instanceof NoIdentity) throw badRequest(`failed to create typed live object: ${err.message}`);
    if (!(err instanceof Conflicts)) throw err;
    let { conflicts } = err;
    if (by.name === kubectlManager) conflicts = foreignConflicts(conflicts, before as JsonMap, write.view);
    if (conflicts.length > 0) throw conflictError(conflicts);
    return afterApply(before, config, managers, by, true, write);
  }
}

/** Checks that the configuration is an object of the schema's kind. */
function checkConfig(applied: unknown, schema: Schema, view: TypeView): JsonMap {
  refuseDeep(applied);
  if (!isMap(applied)) throw badRequest(`error decoding YAML: expected an object, got ${goText(applied)}`);
  const { apiVersion, kind } = kindOf(schema);
  if (applied.apiVersion !== apiVersion || applied.kind !== kind) {
    const [group, version = ""] = String(applied.apiVersion ?? "").includes("/")
      ? String(applied.apiVersion).split("/")
      : ["", String(applied.apiVersion ?? "")];
    throw badRequest(`invalid object type: ${group}/${version}, Kind=${goText(applied.kind ?? "")}`);
  }
  const metadata = isMap(applied.metadata) ? applied.metadata : {};
  if (metadata.managedFields !== undefined && metadata.managedFields !== null) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const problems = shapeProblems(applied, view);
  if (problems.length > 0) {
    const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    const name = `${metadata.namespace ?? ""}/${metadata.name ?? ""}; ${group}/${version}, Kind=${kind}`;
    const text = problems.length === 1 ? problems[0] : ["errors:", ...problems].join("\n  ");
    throw badRequest(`failed to create typed patch object (${name}): ${text}`);
  }
  return applied;
}

/** Whom a write is noted under. */
function updater(name: string, schema: Schema, now: number, subresource: string) {
  const { apiVersion } = kindOf(schema);
  const time = timestamp(now);
  return { name: name === "" ? "unknown" : name, operation: "Update" as const, apiVersion, subresource, time };
}

function kindOf(schema: Schema): { apiVersion: string; kind: string } {
  const gvk = fieldMeta.get(schema as Parameters<typeof fieldMeta.get>[0])?.gvk;
  if (!gvk) throw new Error("Cannot track the fields of an object: its schema says no apiVersion and kind");
  return gvk;
}

/** What an endpoint does not write: the object's own leaves the status alone, the status' own leaves the rest alone. */
function writeOf(schema: Schema, subresource: string): Write {
  const ignored = subresource === "" ? [["status"]] : subresource === "status" ? notOfStatus : [];
  return { view: viewOf(schema), ignored: FieldSet.of(ignored.map((path) => path.map(fieldElement))) };
}
const notOfStatus = [["spec"], ["metadata", "deletionTimestamp"], ["metadata", "ownerReferences"]];

function withoutManagers(object: JsonMap): JsonMap {
  const { managedFields: _, ...metadata } = object.metadata as JsonMap;
  return { ...object, metadata };
}

function withManagers(object: JsonMap, managers: Managers): JsonMap {
  const metadata = object.metadata = (object.metadata ?? {}) as JsonMap;
  const entries = writeManagers(managers);
  if (entries) metadata.managedFields = entries;
  else delete metadata.managedFields;
  return object;
}

/**
 * An object that differs from `current` only in the time stamps of managedFields is not changed: gives back `current`
 * then, else `next`. For the end of a write.
 */
export function keepTimestamps<T extends object>(current: T, next: T): T {
  const [before, after] = [entriesOf(current), entriesOf(next)];
  const same = deepEqual(before.map(untimed), after.map(untimed)) &&
    deepEqual(withoutManagers(current as JsonMap), withoutManagers(next as JsonMap));
  return same ? current : next;
}

function entriesOf(object: object): ManagedFieldsEntry[] {
  const { metadata } = object as { metadata?: { managedFields?: ManagedFieldsEntry[] } };
  return metadata?.managedFields ?? [];
}

function untimed({ time: _, ...entry }: ManagedFieldsEntry) {
  return entry;
}
