import assert from "node:assert/strict";
import { findKind } from "../../../objects/mod.ts";
import type { JsonMap } from "../json.ts";
import { serverSideApply, trackUpdate, type UpdateOptions } from "./mod.ts";

const schema = findKind("v1", "ConfigMap")!.schema();
const second = (n: number) => n * 1000;
const at = (n: number) => `1970-01-01T00:00:${String(n).padStart(2, "0")}Z`;

const config = (data: Record<string, string>, metadata: JsonMap = {}): JsonMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "m", namespace: "default", ...metadata },
  data,
});

const update = (options: Partial<UpdateOptions> & { next: object }) =>
  trackUpdate({ manager: "me", schema, now: second(1), ...options });

const entries = (object: JsonMap) => (object.metadata as JsonMap).managedFields as JsonMap[] | undefined;
const entry = (manager: string, time: string, fieldsV1: JsonMap) => ({
  manager,
  operation: "Update",
  apiVersion: "v1",
  time,
  fieldsType: "FieldsV1",
  fieldsV1,
});
const data = (...keys: string[]) => ({ "f:data": Object.fromEntries(keys.map((key) => [`f:${key}`, {}])) });

Deno.test("who creates an object manages its fields and the mappings that it made", () => {
  const made = update({ next: config({ a: "1" }, { uid: "u", generation: 1, resourceVersion: "5" }) });
  assert.deepEqual(entries(made), [entry("me", at(1), { "f:data": { ".": {}, "f:a": {} } })]);
});

Deno.test("who changes a field takes it; who only removes one gets nothing", () => {
  const made = update({ next: config({ a: "1", b: "1" }) });
  const changed = update({ current: made, next: config({ a: "2", c: "1" }), manager: "you", now: second(2) });
  assert.deepEqual(entries(changed), [
    entry("me", at(1), { "f:data": {} }),
    entry("you", at(2), data("a", "c")),
  ]);
  const shrunk = update({ current: changed, next: config({ a: "2" }), manager: "they", now: second(3) });
  assert.deepEqual(entries(shrunk), [
    entry("me", at(1), { "f:data": {} }),
    entry("you", at(2), data("a")),
  ]);
});

Deno.test("a write that changes nothing changes no entry", () => {
  const made = update({ next: config({ a: "1" }) });
  assert.deepEqual(update({ current: made, next: made, manager: "you", now: second(9) }), made);
  assert.deepEqual(update({ current: made, next: config({ a: "1" }), now: second(9) }), made);
});

Deno.test("another write of the same manager joins its entry and renews the time", () => {
  const made = update({ next: config({ a: "1" }) });
  const more = update({ current: made, next: config({ a: "1", b: "1" }), now: second(4) });
  assert.deepEqual(entries(more), [entry("me", at(4), { "f:data": { ".": {}, "f:a": {}, "f:b": {} } })]);
});

Deno.test("an update takes fields from who applied them", () => {
  const applied = serverSideApply({ applied: config({ a: "1" }), manager: "owner", force: false, schema, now: 0 });
  const changed = update({ current: applied, next: config({ a: "2" }) });
  assert.deepEqual(entries(changed)?.map(({ manager, fieldsV1 }) => [manager, fieldsV1]), [["me", data("a")]]);
});

Deno.test("the status has entries of its own, and each endpoint notes only what it writes", () => {
  const service = findKind("v1", "Service")!.schema();
  const object = (port: number, ip: string) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s", namespace: "default" },
    spec: { ports: [{ port, protocol: "TCP" }] },
    status: { loadBalancer: { ingress: [{ ip }] } },
  });
  const made = update({ next: object(80, "1.1.1.1"), schema: service });
  assert.deepEqual(Object.keys(entries(made)![0].fieldsV1 as JsonMap), ["f:spec"]);
  const status = update({ current: made, next: object(81, "2.2.2.2"), schema: service, subresource: "status" });
  assert.deepEqual(entries(status)!.slice(1), [{
    ...entry("me", at(1), { "f:status": { "f:loadBalancer": { "f:ingress": {} } } }),
    subresource: "status",
  }]);
});

for (const sent of [[], [{}]]) {
  Deno.test(`managedFields sent as ${JSON.stringify(sent)} are forgotten, and stay so until somebody applies`, () => {
    const made = update({ next: config({ a: "1" }) });
    const reset = update({ current: made, next: config({ a: "2" }, { managedFields: sent }) });
    assert.equal(entries(reset), undefined);
    assert.equal(entries(update({ current: reset, next: config({ a: "3" }) })), undefined);
    const applied = serverSideApply({
      current: reset,
      applied: config({ b: "1" }),
      manager: "owner",
      force: false,
      schema,
      now: second(7),
    });
    assert.deepEqual(entries(applied)?.map(({ manager }) => manager), ["owner", "before-first-apply"]);
  });
}

Deno.test("managedFields that a client sends are taken, unless they cannot be read", () => {
  const made = update({ next: config({ a: "1" }) });
  const mine = { ...entry("sent", at(3), data("a")), operation: "Apply" };
  const send = (managedFields: unknown, subresource = "") =>
    entries(update({ current: made, next: config({ a: "1" }, { managedFields }), subresource }));
  assert.deepEqual(send([mine]), [mine]);
  const unreadable: unknown[] = [
    null,
    "none",
    [null],
    [{ ...mine, operation: "Remove" }],
    [{ ...mine, apiVersion: "" }],
    [{ ...mine, fieldsType: "FieldsV2" }],
    [{ ...mine, fieldsV1: { "x:y": {} } }],
    [{ ...mine, fieldsV1: { "k:{": {} } }],
    [{ ...mine, fieldsV1: { "v:": {} } }],
    [{ ...mine, fieldsV1: { "i:one": {} } }],
    [{ ...mine, fieldsV1: { "f:data": 1 } }],
    [{ ...mine, manager: 5 }],
  ];
  for (const sent of unreadable) assert.deepEqual(send(sent), entries(made), JSON.stringify(sent));
  assert.deepEqual(send([mine], "status"), entries(made), "subresources do not take them");
});

Deno.test("managers of versions that are no more are dropped", () => {
  const made = update({ next: config({ a: "1" }) });
  const old = { ...entry("old", at(0), data("a")), apiVersion: "v1alpha1" };
  const live = { ...made, metadata: { ...made.metadata as JsonMap, managedFields: [old, ...entries(made)!] } };
  const next = update({ current: live, next: config({ a: "1", b: "2" }) });
  assert.deepEqual(entries(next)?.map(({ manager }) => manager), ["me"]);
});

Deno.test("of more than ten managers by update the oldest become one", () => {
  let live: JsonMap | undefined;
  const all: Record<string, string> = {};
  for (let i = 0; i < 14; i++) {
    all[`k${i}`] = "1";
    live = update({ current: live, next: config({ ...all }), manager: `m${i}`, now: second(i) });
  }
  const found = entries(live!)!;
  assert.deepEqual(found.map(({ manager }) => manager), [
    "ancient-changes",
    ...Array.from({ length: 9 }, (_, i) => `m${i + 5}`),
  ]);
  assert.deepEqual(found[0], {
    ...entry("ancient-changes", at(4), { "f:data": { ".": {}, ...data("k0", "k1", "k2", "k3", "k4")["f:data"] } }),
  });
});

Deno.test("empty lists and mappings are nobody's", () => {
  const made = update({ next: config({}, { labels: {}, finalizers: [] }) });
  assert.equal(entries(made), undefined);
  const role = findKind("rbac.authorization.k8s.io/v1", "Role")!.schema();
  const rules = update({
    next: { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: { name: "r" }, rules: [] },
    schema: role,
  });
  assert.deepEqual(entries(rules)?.map(({ fieldsV1 }) => fieldsV1), [{ "f:rules": {} }]);
});

Deno.test("an element that is in a list twice is one field", () => {
  const pod = findKind("v1", "Pod")!.schema();
  const object = (...images: string[]) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: { containers: images.map((image) => ({ name: "a", image })) },
  });
  const element = (fields: JsonMap) => ({ "f:spec": { "f:containers": { 'k:{"name":"a"}': fields } } });
  const fields = (live: JsonMap) => entries(live)?.map(({ fieldsV1 }) => fieldsV1);
  const twice = update({ next: object("x", "y"), schema: pod });
  assert.deepEqual(fields(twice), [element({})]);
  const once = update({ current: twice, next: object("x"), schema: pod, manager: "you" });
  assert.deepEqual(fields(once), [element({ ".": {}, "f:image": {}, "f:name": {} })]);
});

Deno.test("what is handed out shares nothing with what was given", () => {
  const next = config({ a: "1" }, { labels: { x: "y" } });
  const made = update({ next });
  (made.data as JsonMap).a = "2";
  ((made.metadata as JsonMap).labels as JsonMap).x = "z";
  assert.deepEqual(next, config({ a: "1" }, { labels: { x: "y" } }));
});
