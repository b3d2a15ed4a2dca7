import assert from "node:assert/strict";
import fc from "fast-check";
import { findKind } from "../../../objects/mod.ts";
import type { JsonMap } from "../json.ts";
import { applyPatch } from "../mod.ts";
import { essence, pods, strategicPatches } from "../testing.ts";
import { FieldSet } from "./field_set.ts";
import { fieldsOf } from "./field_walk.ts";
import { keepTimestamps, serverSideApply, trackUpdate } from "./mod.ts";
import { viewOf } from "../schema_view.ts";

const schema = findKind("v1", "Pod")!.schema();
const view = viewOf(schema);
const apply = (current: JsonMap | undefined, applied: JsonMap, manager: string, now = 0, force = true) =>
  serverSideApply({ current, applied, manager, force, schema, now });
const update = (current: JsonMap | undefined, next: JsonMap, manager: string, now = 0) =>
  trackUpdate({ current, next, manager, schema, now });

const unmanaged = ({ metadata, ...object }: JsonMap) => {
  const { managedFields: _, ...rest } = metadata as JsonMap;
  return { ...object, metadata: rest };
};
interface Entry {
  manager: string;
  time?: string;
  fieldsV1: JsonMap;
}
const entries = (object: JsonMap) => ((object.metadata as JsonMap).managedFields ?? []) as Entry[];
const ownedBy = (object: JsonMap, manager: string) =>
  FieldSet.fromFields(entries(object).find((entry) => entry.manager === manager)?.fieldsV1 ?? {})!;
const texts = (set: FieldSet) => [...set.paths()].map((path) => path.join("\n"));

Deno.test("applying the same again changes nothing, not even a time stamp", () => {
  fc.assert(fc.property(pods, pods, (start, applied) => {
    const first = apply(update(undefined, start, "someone"), applied, "me", 1000);
    assert.deepEqual(apply(first, applied, "me", 9000), first);
  }));
});

Deno.test("what was applied is there, and is the applier's", () => {
  fc.assert(fc.property(pods, pods, (start, applied) => {
    const result = apply(update(undefined, start, "someone"), applied, "me");
    assert.deepEqual(unmanaged(apply(undefined, applied, "me")), applied);
    assert.deepEqual(unmanaged(apply(result, applied, "other")), unmanaged(result));
    const fields = texts(fieldsOf(applied, view).difference(ownedBy(result, "me")));
    const system = ["apiVersion", "kind", "metadata\nf:name", "metadata\nf:namespace"].map((path) => `f:${path}`);
    assert.deepEqual(fields.sort(), system.sort());
  }));
});

Deno.test("an apply keeps the fields of others, whatever it no longer has", () => {
  fc.assert(fc.property(pods, pods, strategicPatches, (config, next, patch) => {
    const first = apply(undefined, config, "me");
    const edited = update(first, applyPatch("strategic", first, patch, schema) as JsonMap, "editor");
    const theirs = ownedBy(edited, "editor");
    const result = apply(edited, next, "me");
    const there = fieldsOf(unmanaged(result), view).withNamedFields(view);
    const kept = ownedBy(result, "editor");
    assert.deepEqual(texts(kept.difference(theirs)), [], "the editor gains nothing by it");
    assert.deepEqual(texts(kept.withNamedFields(view).difference(there)), [], "what the editor manages is there");
    const applied = new Set(texts(ownedBy(edited, "me")));
    for (const path of theirs.difference(kept).difference(ownedBy(result, "me")).paths()) {
      // neither there nor the applier's now: it was inside an element that the applier had made and took away
      const parents = path.map((_, length) => path.slice(0, length).join("\n"));
      assert.ok(parents.some((parent) => applied.has(parent)), `the editor lost ${path}`);
    }
  }));
});

Deno.test("what only the applier had goes when it is applied no more", () => {
  fc.assert(fc.property(pods, pods, (applied, next) => {
    const result = apply(apply(undefined, applied, "me"), next, "me");
    // the order of lists may be the older one's
    const fields = (object: JsonMap) => texts(fieldsOf(essence(object), view)).sort();
    assert.deepEqual(fields(unmanaged(result)), fields(next));
  }));
});

Deno.test("a conflict is told exactly when a forced apply takes fields from others", () => {
  let conflicts = 0, peaces = 0;
  fc.assert(fc.property(pods, pods, (start, applied) => {
    const live = update(undefined, start, "someone");
    const forced = apply(live, applied, "me");
    const changed = applyChanges(live, forced);
    try {
      assert.deepEqual(apply(live, applied, "me", 0, false), forced);
      assert.equal(changed, false);
      peaces++;
    } catch (err) {
      if (err instanceof assert.AssertionError) throw err;
      assert.equal((err as { code: number }).code, 409);
      assert.equal(changed, true);
      conflicts++;
    }
  }));
  assert.ok(conflicts > 10 && peaces > 0, `${conflicts} conflicts, ${peaces} without`);
});

function applyChanges(before: JsonMap, after: JsonMap): boolean {
  return texts(ownedBy(before, "someone").difference(ownedBy(after, "someone"))).length > 0;
}

Deno.test("who updates takes exactly what it changed", () => {
  fc.assert(fc.property(pods, pods, (start, next) => {
    const live = update(undefined, start, "first");
    const result = update(live, next, "second", 5000);
    const lost = ownedBy(live, "first").difference(ownedBy(result, "first"));
    const gained = ownedBy(result, "second");
    assert.deepEqual(texts(gained.intersection(ownedBy(result, "first"))), []);
    const there = fieldsOf(next, view).withNamedFields(view);
    assert.deepEqual(texts(lost.difference(gained).intersection(there)), [], "who loses a field that is still there");
    assert.deepEqual(unmanaged(result), next);
  }));
});

Deno.test("a write that changes nothing keeps the stored object, time stamps and all", () => {
  fc.assert(fc.property(pods, (pod) => {
    const live = update(undefined, pod, "me", 1000);
    assert.equal(keepTimestamps(live, update(live, pod, "me", 9000)), live);
    const later = { ...live, metadata: { ...live.metadata as JsonMap, managedFields: [] } };
    assert.equal(keepTimestamps(live, later), later);
  }));
});

Deno.test("FieldsV1 can be read back, and sets behave as sets", () => {
  fc.assert(fc.property(pods, pods, pods, (first, second, third) => {
    const [a, b, c] = [first, second, third].map((pod) => fieldsOf(pod, view));
    const same = (left: FieldSet, right: FieldSet) => assert.deepEqual(texts(left), texts(right));
    same(FieldSet.fromFields(a.toFields())!, a);
    same(a.union(b), b.union(a));
    same(a.union(b).union(c), a.union(b.union(c)));
    same(a.intersection(b), a.difference(a.difference(b)));
    same(a.difference(b).union(a.intersection(b)), a);
    same(a.union(b).difference(b), a.difference(b));
    same(a.union(FieldSet.empty), a);
    assert.ok(a.difference(a).isEmpty);
  }));
});
