import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { createLogger, silentLogger } from "../telemetry/log.ts";
import { isConflict, isStorageFull, isTooLarge, isUnwritable } from "./errors.ts";
import type { Change, Journal } from "./journal.ts";
import { Store, type StoreOptions } from "./store.ts";
import type { StoreEvent, StoreObject } from "./types.ts";

const pod = (name: string, more: Partial<StoreObject> = {}): StoreObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default" },
  spec: { containers: [{ name: "main", image: "web:1" }] },
  ...more,
});

/** A store in memory whose transactions are recorded and can be made to fail. */
function recorded(options: Partial<StoreOptions> = {}) {
  const clock = new ManualClock();
  const transactions: { durable: boolean; changes: Change[] }[] = [];
  const fault: { message?: string } = {};
  const wrapJournal = (journal: Journal): Journal => ({
    write(changes, how) {
      if (fault.message) throw new Error(fault.message);
      const all = [...changes];
      journal.write(all, how);
      transactions.push({ durable: how.durable, changes: all });
    },
    close: () => journal.close(),
  });
  const store = Store.open(":memory:", { log: silentLogger, clock, wrapJournal, ...options });
  const events: StoreEvent[] = [];
  store.watch((event) => events.push(event));
  const told = () => events.splice(0).map(({ type, object }) => `${type} ${object.metadata.name}`);
  const get = (name: string) => store.get<StoreObject>("local", "Pod", "default", name);
  return { store, clock, transactions, fault, events, told, get };
}

Deno.test("put() gives a new object uid, creationTimestamp, generation 1 and a resourceVersion, and drops its status", async () => {
  const { store, get } = recorded({ newUid: () => "uid-1" });
  const stored = await store.put("local", pod("web", { status: { phase: "Running" } }));
  const { resourceVersion, ...metadata } = stored.metadata;
  assert.deepEqual(metadata, {
    name: "web",
    namespace: "default",
    uid: "uid-1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    generation: 1,
  });
  assert.match(resourceVersion!, /^\d+$/);
  assert.equal(stored.status, undefined);
  assert.equal(get("web"), stored);
  assert.ok(Object.isFrozen((stored.spec as { containers: unknown[] }).containers[0]));
  await store.close();
});

Deno.test("put() of what is stored already writes nothing and tells nobody", async () => {
  const { store, transactions, told } = recorded();
  const first = await store.put("local", pod("web"));
  assert.deepEqual(told(), ["ADDED web"]);
  const again = await store.put("local", { ...pod("web"), spec: { containers: [{ image: "web:1", name: "main" }] } });
  assert.equal(again, first);
  assert.deepEqual(told(), []);
  assert.equal(transactions.length, 1);
  await store.close();
});

Deno.test("put() bumps the generation when the spec changed, not when labels did, and keeps the status", async () => {
  const { store } = recorded();
  const { metadata: { uid } } = await store.put("local", pod("web"));
  store.putStatus("local", "Pod", "default", "web", uid!, { phase: "Running" });
  const labelled = await store.put(
    "local",
    pod("web", { metadata: { name: "web", namespace: "default", labels: { a: "b" } } }),
  );
  assert.equal(labelled.metadata.generation, 1);
  assert.deepEqual(labelled.status, { phase: "Running" });
  const edited = await store.put("local", pod("web", { spec: { containers: [] } }));
  assert.equal(edited.metadata.generation, 2);
  assert.equal(edited.metadata.uid, uid);
  assert.equal(edited.metadata.labels, undefined);
  assert.deepEqual(edited.status, { phase: "Running" });
  await store.close();
});

Deno.test("put() under another UID is a conflict; what has no kind or name is refused", async () => {
  const { store } = recorded();
  await store.put("local", pod("web", { metadata: { name: "web", namespace: "default", uid: "a" } }));
  await assert.rejects(
    store.put("local", pod("web", { metadata: { name: "web", namespace: "default", uid: "b" } })),
    isConflict,
  );
  await assert.rejects(store.put("local", { ...pod("web"), kind: "" }), /without kind or metadata.name/);
  await store.close();
});

Deno.test("realms are apart, and a control plane's own stamps are kept", async () => {
  const { store } = recorded();
  await store.put("local", pod("web"));
  const upstream = {
    name: "web",
    namespace: "default",
    uid: "up",
    generation: 7,
    creationTimestamp: "2020-01-01T00:00:00Z",
    deletionTimestamp: "2026-01-01T00:00:30Z",
    deletionGracePeriodSeconds: 30,
  };
  const stored = await store.put(
    "control-plane",
    pod("web", { metadata: { ...upstream, resourceVersion: "upstream" } }),
  );
  const { resourceVersion, ...rest } = stored.metadata;
  assert.deepEqual(rest, upstream);
  assert.notEqual(resourceVersion, "upstream");
  assert.deepEqual(store.list("Pod").map(({ realm }) => realm), ["local", "control-plane"]);
  assert.deepEqual(store.list("Pod", { realm: "control-plane" }).map(({ object }) => object), [stored]);
  assert.deepEqual(store.list("Pod", { namespace: "other" }), []);
  await store.close();
});

Deno.test("all source writes of one turn are one transaction, in order", async () => {
  const { store, transactions, told, get } = recorded();
  const results = await Promise.all([
    store.put("local", pod("a")),
    store.put("local", pod("b")),
    store.markDeleted("local", "Pod", "default", "a", { gracePeriodSeconds: 5 }),
    store.remove("local", "Pod", "default", "a"),
    store.put("local", pod("a")),
    store.remove("local", "Pod", "default", "b"),
  ]);
  assert.equal(transactions.length, 1);
  assert.deepEqual(told(), ["ADDED a", "ADDED b", "MODIFIED a", "DELETED a", "ADDED a", "DELETED b"]);
  assert.equal(get("a"), results[4]);
  assert.equal(get("b"), undefined);
  assert.notEqual((results[0] as StoreObject).metadata.uid, get("a")!.metadata.uid);
  assert.deepEqual(transactions[0].changes.map(({ type }) => type), ["object"]);
  await store.close();
});

Deno.test("nobody sees a source write before it is on disk", async () => {
  const { store, get, told } = recorded();
  const writing = store.put("local", pod("web"));
  assert.equal(get("web"), undefined);
  assert.deepEqual(told(), []);
  await writing;
  assert.ok(get("web"));
  assert.deepEqual(told(), ["ADDED web"]);
  await store.close();
});

Deno.test("resourceVersions grow with every event", async () => {
  const { store, events } = recorded();
  const { metadata: { uid } } = await store.put("local", pod("a"));
  store.putStatus("local", "Pod", "default", "a", uid!, { phase: "Running" });
  await Promise.all([
    store.remove("local", "Pod", "default", "a"),
    store.put("local", pod("a")),
    store.put("local", pod("b")),
  ]);
  const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
  assert.equal(versions.length, 5);
  assert.deepEqual(versions, [...new Set(versions)].sort((a, b) => a - b));
  assert.equal(store.resourceVersion, String(versions.at(-1)));
  await store.close();
});

Deno.test("markDeleted() stamps the end of the grace; a shorter grace overtakes, a longer one does not", async () => {
  const { store, clock, get } = recorded();
  const mark = (gracePeriodSeconds: number) =>
    store.markDeleted("local", "Pod", "default", "web", { gracePeriodSeconds });
  const stamps = () => [get("web")!.metadata.deletionTimestamp, get("web")!.metadata.deletionGracePeriodSeconds];
  await store.put("local", pod("web"));
  await mark(30);
  assert.deepEqual(stamps(), ["2026-01-01T00:00:30Z", 30]);
  assert.equal(get("web")!.metadata.generation, 2);
  const version = store.resourceVersion;
  await mark(30);
  await mark(60);
  assert.equal(store.resourceVersion, version);
  await clock.advance(5000);
  await mark(10);
  assert.deepEqual(stamps(), ["2026-01-01T00:00:10Z", 10]);
  await clock.advance(7000);
  await mark(1);
  assert.deepEqual(stamps(), ["2026-01-01T00:00:12Z", 1]);
  await mark(0);
  assert.deepEqual(stamps(), ["2026-01-01T00:00:12Z", 0]);
  // A source that writes again does not bring it back.
  await store.put("local", pod("web", { spec: { containers: [] } }));
  assert.deepEqual(stamps(), ["2026-01-01T00:00:12Z", 0]);
  await store.close();
});

Deno.test("a clock that was set back does not lengthen a shorter grace", async () => {
  const { store, clock, get } = recorded();
  await store.put("local", pod("web"));
  await store.markDeleted("local", "Pod", "default", "web", { gracePeriodSeconds: 600 });
  clock.setWall(Date.UTC(2020, 0, 1));
  await store.markDeleted("local", "Pod", "default", "web", { gracePeriodSeconds: 10 });
  assert.equal(get("web")!.metadata.deletionTimestamp, "2020-01-01T00:00:10Z");
  await store.close();
});

Deno.test("markDeleted() and remove() leave another incarnation and what is gone alone", async () => {
  const { store, get, transactions } = recorded();
  await store.put("local", pod("web"));
  await store.markDeleted("local", "Pod", "default", "web", { uid: "other", gracePeriodSeconds: 1 });
  await store.remove("local", "Pod", "default", "web", "other");
  await store.remove("local", "Pod", "default", "nothing");
  await store.markDeleted("local", "Pod", "default", "nothing", { gracePeriodSeconds: 1 });
  assert.equal(get("web")!.metadata.deletionTimestamp, undefined);
  assert.equal(transactions.length, 1);
  await store.close();
});

Deno.test("putStatus() is seen at once and written once a second at most, without touching the object", async () => {
  const { store, clock, transactions, told, get } = recorded();
  const { metadata: { uid, generation } } = await store.put("local", pod("web"));
  told();
  transactions.length = 0;
  const status = (phase: string) => store.putStatus("local", "Pod", "default", "web", uid!, { phase });
  status("Pending");
  status("Running");
  assert.deepEqual(get("web")!.status, { phase: "Running" });
  assert.equal(get("web")!.metadata.generation, generation);
  assert.deepEqual(told(), ["MODIFIED web", "MODIFIED web"]);
  assert.equal(transactions.length, 0);
  await clock.advance(1000);
  assert.deepEqual(transactions.map(({ durable, changes }) => [durable, changes.map(({ type }) => type)]), [
    [false, ["status"]],
  ]);
  status("Running");
  store.putStatus("local", "Pod", "default", "web", "other", { phase: "Failed" });
  await clock.advance(10_000);
  assert.deepEqual(told(), []);
  assert.equal(transactions.length, 1);
  status("Failed");
  await clock.advance(999);
  assert.equal(transactions.length, 1);
  await clock.advance(1);
  assert.equal(transactions.length, 2);
  await store.close();
});

Deno.test("a status that waits goes out with the next source write", async () => {
  const { store, clock, transactions } = recorded();
  const { metadata: { uid } } = await store.put("local", pod("web"));
  store.putStatus("local", "Pod", "default", "web", uid!, { phase: "Running" });
  await store.put("local", pod("other"));
  await clock.advance(5000);
  assert.deepEqual(transactions.map(({ changes }) => changes.map(({ type }) => type)), [["object"], [
    "status",
    "object",
  ]]);
  await store.close();
});

Deno.test("a watcher that throws, writes or leaves disturbs neither the others nor the order", async () => {
  const lines: string[] = [];
  const { store, told } = recorded({ log: createLogger({ write: (line) => lines.push(line), format: "json" }) });
  const seen: string[] = [];
  store.watch(() => {
    throw new Error("broken watcher");
  });
  store.watch(({ type, object: { metadata: { name, uid } } }) => {
    seen.push(`first ${type}`);
    if (type === "ADDED") store.putStatus("local", "Pod", "default", name, uid!, { phase: "Pending" });
  });
  const leave = store.watch(({ type }) => {
    seen.push(`second ${type}`);
    leave();
  });
  store.watch(() => seen.push("config maps only"), { kind: "ConfigMap" });
  await store.put("local", pod("web"));
  assert.deepEqual(seen, ["first ADDED", "second ADDED", "first MODIFIED"]);
  assert.deepEqual(told(), ["ADDED web", "MODIFIED web"]);
  assert.equal(lines.length, 2);
  await store.close();
});

Deno.test("a full disk refuses source writes, keeps statuses in memory and writes them when there is room", async () => {
  const { store, clock, transactions, fault, get, told } = recorded();
  const { metadata: { uid } } = await store.put("local", pod("web"));
  await store.put("local", pod("ending"));
  told();
  transactions.length = 0;
  fault.message = "database or disk is full";
  await assert.rejects(store.put("local", pod("new")), (err) => isStorageFull(err) && isUnwritable(err));
  await assert.rejects(
    store.markDeleted("local", "Pod", "default", "web", { gracePeriodSeconds: 1 }),
    isStorageFull,
  );
  assert.equal(get("new"), undefined);
  assert.deepEqual(told(), []);
  assert.equal(isStorageFull(store.problem), true);
  // A pod can end all the same, and its status is known.
  store.putStatus("local", "Pod", "default", "web", uid!, { phase: "Running" });
  await store.markDeleted("local", "Pod", "default", "ending", { gracePeriodSeconds: 1, evenIfUnwritable: true });
  await store.remove("local", "Pod", "default", "ending");
  assert.deepEqual(told(), ["MODIFIED web", "MODIFIED ending", "DELETED ending"]);
  await assert.rejects(store.flush(), isStorageFull);
  await clock.advance(120_000);
  assert.equal(transactions.length, 0);
  fault.message = undefined;
  await clock.advance(30_000);
  assert.deepEqual(transactions.flatMap(({ changes }) => changes.map(({ type }) => type)).sort(), ["delete", "status"]);
  assert.equal(store.problem, undefined);
  await store.put("local", pod("new"));
  await store.close();
});

Deno.test("one write that cannot be made does not spoil the others of its turn", async () => {
  const { store, get } = recorded();
  const results = await Promise.allSettled([
    store.put("local", pod("a")),
    store.put("local", pod("huge", { spec: { text: "x".repeat(2 * 1024 * 1024) } })),
    store.put("local", pod("b")),
  ]);
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assert.ok(isTooLarge((results[1] as PromiseRejectedResult).reason));
  assert.ok(get("a") && get("b") && !get("huge"));
  await store.close();
});

Deno.test("records are kept, compared, bounded and listed", async () => {
  const { store, clock, transactions } = recorded();
  store.setRecord("backoff", "a", { level: 1 });
  store.setRecord("backoff", "b", { level: 2 });
  assert.deepEqual(store.record("backoff", "a"), { level: 1 });
  await clock.advance(1000);
  assert.equal(transactions.length, 1);
  store.setRecord("backoff", "a", { level: 1 });
  await clock.advance(5000);
  assert.equal(transactions.length, 1);
  store.setRecord("backoff", "a", undefined);
  assert.deepEqual(store.records("backoff"), [["b", { level: 2 }]]);
  store.setRecord("owner", "id", "x", { durable: true });
  await store.flush();
  assert.equal(transactions.length, 2);
  assert.equal(transactions[1].durable, true);
  assert.throws(() => store.setRecord("t", "k", "x".repeat(70_000)), isTooLarge);
  await store.close();
});

Deno.test("after close() writes are refused", async () => {
  const { store } = recorded();
  await store.close();
  await store.close();
  await assert.rejects(store.put("local", pod("web")), /closed/);
});
