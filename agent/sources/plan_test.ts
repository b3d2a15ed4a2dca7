import assert from "node:assert/strict";
import fc from "fast-check";
import type { StoreObject } from "../store/mod.ts";
import { annotate, fileOf, specHash } from "./annotations.ts";
import { editKind } from "./edit.ts";
import { planSource, type SourceState } from "./plan.ts";
import { configMap, pod, type Spec } from "./testing.ts";
import { identityOf, type SourcePlan, type Write } from "./types.ts";

const file = "/m/a.yaml";
const want = (object: StoreObject, origin = file) => ({ object: annotate(object, origin), origin });
const stored = (object: StoreObject, metadata: Partial<StoreObject["metadata"]> = {}, origin = file): StoreObject => {
  const written = annotate(object, origin);
  return { ...written, metadata: { ...written.metadata, uid: `uid-${object.metadata.name}`, ...metadata } };
};
const image = (image: string): Spec => ({ containers: [{ name: "main", image }] });

function plan(state: Partial<SourceState>): SourcePlan {
  return planSource({ desired: [], rows: [], keeps: () => false, adoptable: [], editKind, ...state });
}

/** A plan in words: `put web (new)`, `end web 7 (replaced)`. */
function words({ writes, waiting }: SourcePlan): string[] {
  const word = (write: Write) => {
    if (write.type === "put") return `put ${write.object.metadata.name} (${write.reason})`;
    if (write.type === "remove") return `remove ${write.name} (${write.reason})`;
    return `end ${write.name} ${write.gracePeriodSeconds} (${write.reason})`;
  };
  return [...writes.map(word), ...waiting.map(({ name, for: what }) => `${name} waits: ${what}`)];
}

const ending = { deletionTimestamp: "2026-01-01T00:00:00Z" };
const adoptable = (specHash?: string) => [{ namespace: "default", name: "web", uid: "left", specHash }];
const hashOf = (object: StoreObject) => annotate(object, file).metadata.annotations![specHash];

/** What is wanted and stored, and what is to be done. */
const cases: [string, Partial<SourceState>, string[]][] = [
  ["a wanted pod that is not stored is put", { desired: [want(pod("web"))] }, ["put web (new)"]],
  ["a pod that is stored as wanted is left alone", { desired: [want(pod("web"))], rows: [stored(pod("web"))] }, []],
  [
    "a renamed file changes the annotation only",
    { desired: [want(pod("web"), "/m/b.yaml")], rows: [stored(pod("web"))] },
    ["put web (moved)"],
  ],
  [
    "another image is put in place",
    { desired: [want(pod("web", image("web:2")))], rows: [stored(pod("web"))] },
    ["put web (edited)"],
  ],
  [
    "another label is put in place",
    { desired: [want(pod("web", {}, { labels: { a: "b" } }))], rows: [stored(pod("web"))] },
    ["put web (edited)"],
  ],
  [
    "any other edit ends the incarnation with its own grace, and the next one waits",
    {
      desired: [want(pod("web", { hostNetwork: true, terminationGracePeriodSeconds: 99 }))],
      rows: [stored(pod("web"))],
    },
    ["end web 7 (replaced)", "web waits: previous incarnation"],
  ],
  [
    "a pod without a grace of its own has 30 seconds",
    { rows: [stored(pod("web", { terminationGracePeriodSeconds: undefined }))] },
    ["end web 30 (removed)"],
  ],
  [
    "while the row is ending nothing is written, whatever the file says",
    { desired: [want(pod("web"))], rows: [stored(pod("web"), ending)] },
    ["web waits: previous incarnation"],
  ],
  ["a pod that is not wanted is ended", { rows: [stored(pod("web"))] }, ["end web 7 (removed)"]],
  ["a pod that is ending already is not ended again", { rows: [stored(pod("web"), ending)] }, []],
  ["a row that is kept stays", { rows: [stored(pod("web")), stored(configMap("c"))], keeps: () => true }, []],
  [
    "config objects come before pods and go after them",
    {
      desired: [want(pod("new")), want(configMap("wanted"))],
      rows: [stored(configMap("unwanted")), stored(pod("old"))],
    },
    ["put wanted (new)", "put new (new)", "end old 7 (removed)", "remove unwanted (removed)"],
  ],
  [
    "an edited ConfigMap is put",
    { desired: [want(configMap("c", { key: "other" }))], rows: [stored(configMap("c"))] },
    ["put c (edited)"],
  ],
  [
    "a UID that the source names is an incarnation of its own",
    {
      desired: [{ object: pod("web", {}, { uid: "upstream-2" }), origin: "control plane" }],
      rows: [pod("web", {}, { uid: "upstream-1" })],
    },
    ["end web 7 (replaced)", "web waits: previous incarnation"],
  ],
  [
    "a sandbox of the same spec is adopted",
    { desired: [want(pod("web"))], adoptable: adoptable(hashOf(pod("web"))) },
    ["put web (adopted)"],
  ],
  [
    "a sandbox whose pod was only edited in place meanwhile is adopted",
    { desired: [want(pod("web", image("web:9")))], adoptable: adoptable(hashOf(pod("web"))) },
    ["put web (adopted)"],
  ],
  [
    "a sandbox of another spec is waited for",
    { desired: [want(pod("web"))], adoptable: adoptable("other") },
    ["web waits: orphaned sandbox"],
  ],
  [
    "a sandbox that does not say its spec is waited for",
    { desired: [want(pod("web"))], adoptable: adoptable() },
    ["web waits: orphaned sandbox"],
  ],
  [
    "a sandbox of another namespace is none of ours",
    { desired: [want(pod("web"))], adoptable: [{ namespace: "other", name: "web", uid: "left" }] },
    ["put web (new)"],
  ],
  [
    "a sandbox that a row knows is not adopted",
    {
      desired: [want(pod("web")), want(pod("second"))],
      rows: [stored(pod("web"), { uid: "left" })],
      adoptable: [{ namespace: "default", name: "second", uid: "left" }],
    },
    ["put second (new)"],
  ],
];

for (const [name, state, expected] of cases) {
  Deno.test(`planSource(): ${name}`, () => assert.deepEqual(words(plan(state)), expected));
}

Deno.test("planSource() takes over the UID and the nodeName, and keeps defaults of an older version", () => {
  const [adopted] = plan({ desired: [want(pod("web"))], adoptable: adoptable(hashOf(pod("web"))) }).writes;
  assert.equal(adopted.type === "put" && adopted.object.metadata.uid, "left");
  // The same manifest, stored with a default that this version does not set.
  const row = stored(pod("web"));
  const older = { ...row, spec: { ...row.spec as Spec, olderDefault: 1, nodeName: "old" } };
  assert.deepEqual(plan({ desired: [want(pod("web"))], rows: [older] }).writes, []);
  const wanted = want(pod("web"));
  const here = { ...wanted, object: { ...wanted.object, spec: { ...wanted.object.spec as Spec, nodeName: "new" } } };
  const [moved] = plan({ desired: [here], rows: [older] }).writes;
  assert.ok(moved.type === "put");
  assert.deepEqual(moved.object.spec, { ...older.spec, nodeName: "new" });
});

/** What the store makes of a plan, and the pod manager of ending pods. */
function apply(rows: Map<string, StoreObject>, writes: Write[], nextUid: () => string): void {
  for (const write of writes) {
    if (write.type === "put") {
      const row = rows.get(identityOf(write.object));
      assert.equal(row?.metadata.deletionTimestamp, undefined, "an ending row was written over");
      const uid = row?.metadata.uid ?? write.object.metadata.uid ?? nextUid();
      rows.set(identityOf(write.object), { ...write.object, metadata: { ...write.object.metadata, uid } });
      continue;
    }
    const key = `${write.kind}/${write.namespace}/${write.name}`;
    const row = rows.get(key)!;
    assert.equal(row.metadata.uid, write.uid);
    if (write.type === "remove") rows.delete(key);
    else rows.set(key, { ...row, metadata: { ...row.metadata, ...ending } });
  }
}

const names = fc.constantFrom("a", "b", "c");
const anyObject = fc.oneof(
  fc.record({ name: names, image: fc.constantFrom("web:1", "web:2"), host: fc.boolean() })
    .map(({ name, image: tag, host }) => pod(name, { ...image(tag), hostNetwork: host })),
  fc.record({ name: names, value: fc.constantFrom("1", "2") }).map(({ name, value }) => configMap(name, { value })),
);
const anySet = fc.uniqueArray(anyObject, { selector: identityOf, maxLength: 6 });

Deno.test("planSource() converges from any rows to what is wanted, and then plans nothing", () => {
  fc.assert(fc.property(anySet, anySet, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), (from, to, ends) => {
    let uid = 0;
    const rows = new Map(
      from.map((object, i) => [identityOf(object), stored(object, object.kind === "Pod" && ends[i] ? ending : {})]),
    );
    const desired = to.map((object) => want(object, "/m/other.yaml"));
    for (let round = 0; round < 4; round++) {
      apply(rows, plan({ desired, rows: [...rows.values()] }).writes, () => `new-${uid++}`);
      for (const [key, row] of rows) if (row.metadata.deletionTimestamp) rows.delete(key);
    }
    assert.deepEqual(plan({ desired, rows: [...rows.values()] }), { writes: [], waiting: [] });
    const bare = ({ metadata: { uid: _, ...metadata }, ...rest }: StoreObject) => ({ ...rest, metadata });
    assert.deepEqual(
      [...rows.values()].map(bare).sort((a, b) => identityOf(a) < identityOf(b) ? -1 : 1),
      desired.map(({ object }) => object).sort((a, b) => identityOf(a) < identityOf(b) ? -1 : 1),
    );
    // A pod that was not edited beyond what is allowed in place kept its incarnation.
    for (const object of from.filter((one) => one.kind === "Pod")) {
      const wanted = to.find((one) => identityOf(one) === identityOf(object));
      const before = stored(object).metadata.uid;
      const i = from.indexOf(object);
      if (wanted && !ends[i] && editKind(object, wanted) === "inPlace") {
        assert.equal(rows.get(identityOf(object))!.metadata.uid, before);
        assert.equal(fileOf(rows.get(identityOf(object))!), "/m/other.yaml");
      }
    }
  }));
});
