import { deepEqual } from "node:assert/strict";
import { configSource } from "../../sources/mod.ts";
import type { StoreObject } from "../../store/mod.ts";
import { type OwnerReference, planOwners } from "./plan.ts";

const knows = (_apiVersion: string, kind: string) =>
  ({ ConfigMap: { namespaced: true }, Pod: { namespaced: true }, Node: { namespaced: false } })[kind];

interface More {
  owners?: Partial<OwnerReference>[];
  finalizers?: string[];
  ending?: boolean;
  file?: boolean;
  namespace?: string;
}

/** A ConfigMap whose UID is its name; owners likewise. */
function object(
  name: string,
  { owners = [], finalizers, ending, file, namespace = "default" }: More = {},
): StoreObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name,
      namespace,
      uid: name,
      ...(ending ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
      ...(finalizers ? { finalizers } : {}),
      ...(file ? { annotations: { [configSource]: "file" } } : {}),
      ownerReferences: owners.map((owner) => ({ apiVersion: "v1", kind: "ConfigMap", uid: owner.name, ...owner })),
    } as StoreObject["metadata"],
  };
}

const cases: [name: string, objects: StoreObject[], expected: string[]][] = [
  ["nothing follows where nothing is owned", [object("a"), object("b", { ending: true })], []],
  ["a dependent stays with its owner", [object("a"), object("b", { owners: [{ name: "a" }] })], []],
  ["a dependent goes after its owner", [object("b", { owners: [{ name: "a" }] })], ["delete b"]],
  [
    "another object of the owner's name is not the owner",
    [object("a"), object("b", { owners: [{ name: "a", uid: "earlier" }] })],
    ["delete b"],
  ],
  [
    "an owner of another namespace is none",
    [object("a", { namespace: "other" }), object("b", { owners: [{ name: "a" }] })],
    ["delete b"],
  ],
  [
    "a dependent of two owners outlives one of them, and forgets it",
    [object("a"), object("b", { owners: [{ name: "a" }, { name: "gone" }] })],
    ["disown b of gone"],
  ],
  [
    "of an owner of a kind that is unknown here nobody says that it is gone",
    [object("b", { owners: [{ name: "a", kind: "ReplicaSet", apiVersion: "apps/v1" }] })],
    [],
  ],
  ["what a manifest says stays", [object("b", { owners: [{ name: "a" }], file: true })], []],
  ["a dependent is deleted once", [object("b", { owners: [{ name: "a" }], ending: true, finalizers: ["x"] })], []],
  [
    "an owner that is being deleted is still there",
    [object("a", { ending: true, finalizers: ["x"] }), object("b", { owners: [{ name: "a" }] })],
    [],
  ],
  [
    "an owner that waits in the foreground has its dependents deleted first",
    [
      object("a", { ending: true, finalizers: ["foregroundDeletion"] }),
      object("b", { owners: [{ name: "a", blockOwnerDeletion: true }] }),
    ],
    ["delete b"],
  ],
  [
    "a dependent that does not block is not waited for",
    [object("a", { ending: true, finalizers: ["foregroundDeletion"] }), object("b", { owners: [{ name: "a" }] })],
    ["delete b", "release a of foregroundDeletion"],
  ],
  [
    "an owner without dependents is let go",
    [object("a", { ending: true, finalizers: ["foregroundDeletion"] })],
    ["release a of foregroundDeletion"],
  ],
  [
    "an owner that leaves orphans is let go when they do not know it any more",
    [object("a", { ending: true, finalizers: ["orphan"] }), object("b", { owners: [{ name: "a" }] })],
    ["disown b of a"],
  ],
  ["an owner whose orphans are free is let go", [object("a", { ending: true, finalizers: ["orphan"] })], [
    "release a of orphan",
  ]],
];

for (const [name, objects, expected] of cases) {
  Deno.test(`planOwners(): ${name}`, () => {
    const told = planOwners(objects, knows).map((action) => {
      const what = `${action.type} ${action.object.metadata.name}`;
      if (action.type === "delete") return what;
      return `${what} of ${action.type === "disown" ? action.uids : action.finalizer}`;
    });
    deepEqual(told, expected);
  });
}
