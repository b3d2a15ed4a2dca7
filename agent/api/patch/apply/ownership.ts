/**
 * How writes change who manages what.
 *
 *     update  who changes a field takes it from all others
 *     apply   who applies a field with another value is in conflict with its managers, or takes it by force;
 *             who applies the value that is there shares the field;
 *             a field that is no longer applied goes, unless somebody else manages it
 */
import { deepEqual } from "../../../objects/equality.ts";
import type { TypeView } from "../schema_view.ts";
import { compare, type Comparison } from "./compare.ts";
import { FieldSet } from "./field_set.ts";
import { fieldsOf } from "./field_walk.ts";
import { identityOf, type Manager, type Managers } from "./managers.ts";
import { merge } from "./merge.ts";
import { fieldElement, type PathElement } from "./path_element.ts";
import { removeFields } from "./remove.ts";

/** A field that somebody else manages. */
export interface Conflict {
  manager: Manager;
  path: PathElement[];
}

export class Conflicts extends Error {
  constructor(readonly conflicts: readonly Conflict[]) {
    super(`${conflicts.length} conflicts`);
  }
}

const set = (...paths: string[]) => FieldSet.of(paths.map((path) => path.split(".").map(fieldElement)));

/** What nobody is ever written down for. */
const unmanaged = set(
  "apiVersion",
  "kind",
  "metadata",
  "metadata.name",
  "metadata.namespace",
  "metadata.creationTimestamp",
  "metadata.selfLink",
  "metadata.uid",
  "metadata.clusterName",
  "metadata.generation",
  "metadata.managedFields",
  "metadata.resourceVersion",
);

export interface Write {
  view: TypeView;
  /** Paths that this endpoint does not write, with everything below. */
  ignored: FieldSet;
}

/** Takes what changed from everybody but `self`; throws Conflicts unless `force`. The kind has one version. */
function takeFrom(
  managers: Managers,
  changes: Comparison,
  { self, force, apiVersion }: { self?: string; force: boolean; apiVersion: string },
): Managers {
  const taken = changes.modified.union(changes.added);
  const gone = taken.union(changes.removed);
  const conflicts: Conflict[] = [];
  const left = new Map<string, Manager>();
  for (const [identity, manager] of [...managers].sort(([a], [b]) => a < b ? -1 : 1)) {
    let { fields } = manager;
    if (manager.apiVersion !== apiVersion) continue; // of a version that is no more
    if (identity !== self) {
      if (!force) { for (const path of fields.intersection(taken).paths()) conflicts.push({ manager, path }); }
      fields = fields.difference(gone);
    }
    if (!fields.isEmpty) left.set(identity, { ...manager, fields });
  }
  if (conflicts.length > 0) throw new Conflicts(conflicts);
  return left;
}

function changesOf(before: unknown, after: unknown, { view, ignored }: Write): Comparison {
  const { added, modified, removed } = compare(before, after, view);
  return { added: added.without(ignored), modified: modified.without(ignored), removed: removed.without(ignored) };
}

/** Managers after `by` changed `live` to `next`. */
export function afterUpdate(
  live: unknown,
  next: unknown,
  managers: Managers,
  by: Omit<Manager, "fields">,
  write: Write,
): Managers {
  const changes = changesOf(live, next, write);
  const left = new Map(takeFrom(managers, changes, { force: true, apiVersion: by.apiVersion }));
  const fields = changes.modified.union(changes.added).difference(unmanaged);
  if (fields.isEmpty) return left;
  const identity = identityOf(by);
  left.set(identity, { ...by, fields: fields.union(left.get(identity)?.fields ?? FieldSet.empty) });
  return left;
}

/** The object and its managers after `by` applied `config` to `live`. Throws Conflicts. */
export function afterApply(
  live: unknown,
  config: unknown,
  managers: Managers,
  by: Omit<Manager, "fields">,
  force: boolean,
  write: Write,
): { object: unknown; managers: Managers } {
  const identity = identityOf(by);
  const before = managers.get(identity);
  const previous = before?.apiVersion === by.apiVersion ? before : undefined;
  const fields = fieldsOf(config, write.view).without(write.ignored);
  const merged = merge(live, config, write.view);
  const applied = new Map(managers).set(identity, { ...by, fields });
  const object = previous ? prune(merged, applied, previous.fields, write.view) : merged;
  // Who applies what is there already has done nothing at this time.
  const { time: _, ...untimed } = by;
  const timed = deepEqual(live, object) ? { ...untimed, ...timeOf(previous) } : by;
  const left = new Map(
    takeFrom(applied, changesOf(live, object, write), { self: identity, force, apiVersion: by.apiVersion }),
  );
  const managed = fields.difference(unmanaged);
  if (managed.isEmpty) left.delete(identity);
  else left.set(identity, { ...timed, fields: managed });
  return { object, managers: left };
}

function timeOf(manager: Manager | undefined): Pick<Manager, "time"> {
  return manager?.time === undefined ? {} : { time: manager.time };
}

/** Removes what the applier managed before and nobody manages now. */
function prune(merged: unknown, managers: Managers, before: FieldSet, view: TypeView): unknown {
  const named = (fields: FieldSet) => fields.withNamedFields(view);
  const all = named(fieldsOf(merged, view));
  const last = named(before);
  const bare = removeFields(merged, last, view);
  let managed = FieldSet.empty;
  for (const { fields } of managers.values()) managed = managed.union(fields);
  const kept = named(fieldsOf(bare, view)).union(named(managed));
  const owned = removeFields(merged, all.difference(kept), view);
  // What was removed though the applier never managed it comes back.
  return removeFields(merged, all.difference(named(fieldsOf(owned, view))).intersection(last), view);
}
