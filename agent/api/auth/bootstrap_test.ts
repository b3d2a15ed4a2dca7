import { deepEqual, equal } from "node:assert/strict";
import { bootstrapBindings, bootstrapChanges, bootstrapRoles } from "./bootstrap.ts";

type Stored = ReturnType<typeof bootstrapRoles>[number] | ReturnType<typeof bootstrapBindings>[number];

const all: Stored[] = [...bootstrapRoles(), ...bootstrapBindings()];
const among = (objects: readonly Stored[]) => (kind: string, name: string) =>
  objects.find((each) => each.kind === kind && each.metadata.name === name) as never;

Deno.test("everything is written once", () => {
  equal(bootstrapChanges(() => undefined).length, all.length);
  deepEqual(bootstrapChanges(among(all)), []);
});

Deno.test("what was lost or changed comes back at the next start, unless it is to stay as it is", () => {
  const change = (more: object) =>
    all.map((each) => each.metadata.name === "system:monitoring" ? { ...each, ...more } as unknown as Stored : each);
  deepEqual(bootstrapChanges(among(all.slice(1))).map(({ metadata }) => metadata.name), [all[0].metadata.name]);
  deepEqual(bootstrapChanges(among(change({ rules: [] }))).map(({ metadata }) => metadata.name), [
    "system:monitoring",
    "system:monitoring",
  ]);
  const annotations = { "rbac.authorization.kubernetes.io/autoupdate": "false" };
  deepEqual(bootstrapChanges(among(change({ rules: [], metadata: { name: "system:monitoring", annotations } }))), []);
});

Deno.test("the roles for people may have got rules from others, and have to aggregate", () => {
  const change = (more: object) =>
    all.map((each) => each.metadata.name === "view" ? { ...each, ...more } as unknown as Stored : each);
  deepEqual(bootstrapChanges(among(change({ rules: [{ verbs: ["get"] }] }))), []);
  deepEqual(bootstrapChanges(among(change({ aggregationRule: undefined }))).map(({ kind }) => kind), ["ClusterRole"]);
  const unlabelled = { metadata: { name: "view", labels: {} } };
  deepEqual(bootstrapChanges(among(change(unlabelled))).map(({ kind }) => kind), ["ClusterRole"]);
});

Deno.test("every binding names a role that is there", () => {
  const names = new Set(bootstrapRoles().map(({ metadata }) => metadata.name));
  for (const { roleRef } of bootstrapBindings()) equal(names.has(roleRef.name), true, roleRef.name);
});
