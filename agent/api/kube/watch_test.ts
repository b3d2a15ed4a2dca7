import assert from "node:assert/strict";
import { testPod } from "../testing.ts";
import { client, configMap, configMaps, watchReader } from "./testing.ts";

type Node = ReturnType<typeof client>;

const open = async (node: Node, path: string, accept = "application/json") =>
  watchReader(await node.app.request(path, { headers: { accept } }));

Deno.test("a watch begins with what is there and goes on with changes", async () => {
  const node = client();
  await node.create(configMaps, configMap("a"));
  const watch = await open(node, `${configMaps}?watch=true`);
  assert.equal(await watch.next(), "ADDED a");
  const pending = watch.next();
  await node.create(configMaps, configMap("b"));
  assert.equal(await pending, "ADDED b");
  await node.put(`${configMaps}/a`, configMap("a", { data: {} }));
  await node.remove(`${configMaps}/a`);
  assert.equal(await watch.next(), "MODIFIED a");
  const gone = await watch.event();
  assert.equal(gone!.type, "DELETED");
  assert.equal(gone!.object.metadata.resourceVersion, node.store.resourceVersion);
  await watch.cancel();
});

Deno.test("a watch from a version tells of every change since, once, in order", async () => {
  const node = client();
  await node.create(configMaps, configMap("a"));
  const { body } = await node.get(configMaps);
  await node.create(configMaps, configMap("b"));
  await node.remove(`${configMaps}/a`);
  const watch = await open(node, `${configMaps}?watch=true&resourceVersion=${body.metadata.resourceVersion}`);
  await node.create(configMaps, configMap("c"));
  assert.deepEqual([await watch.next(), await watch.next(), await watch.next()], ["ADDED b", "DELETED a", "ADDED c"]);
  await watch.cancel();
});

Deno.test("a watch from an object's own version begins after it", async () => {
  const node = client();
  const { body } = await node.create(configMaps, configMap("a"));
  await node.get(`${configMaps}/a`);
  const query = `watch=true&resourceVersion=${body.metadata.resourceVersion}&fieldSelector=metadata.name=a`;
  const watch = await open(node, `${configMaps}?${query}`);
  await node.create(configMaps, configMap("b"));
  await node.put(`${configMaps}/a`, configMap("a", { data: {} }));
  assert.equal(await watch.next(), "MODIFIED a");
  await watch.cancel();
});

Deno.test("a watch from a version that is forgotten or unknown is 410", async () => {
  const node = client();
  await node.get(configMaps);
  for (const version of ["1", "999999"]) {
    const { code, body } = await node.get(`${configMaps}?watch=true&resourceVersion=${version}`);
    assert.deepEqual([code, body.reason], [410, "Expired"]);
    assert.match(body.message, /^too old resource version: /);
  }
  const { body } = await node.create(configMaps, configMap("a"));
  for (let count = 0; count < 1001; count++) {
    await node.put(`${configMaps}/a`, configMap("a", { data: { a: String(count) } }));
  }
  const late = await node.get(`${configMaps}?watch=true&resourceVersion=${body.metadata.resourceVersion}`);
  assert.equal(late.code, 410);
});

Deno.test("an object that comes to fit a selector is added, one that no longer fits is deleted as it last did", async () => {
  const node = client();
  const labelled = (labels: Record<string, string>) => ({ ...configMap("a"), metadata: { name: "a", labels } });
  await node.create(configMaps, labelled({ app: "db" }));
  const watch = await open(node, `${configMaps}?watch=true&labelSelector=app=web`);
  await node.put(`${configMaps}/a`, labelled({ app: "web" }));
  await node.put(`${configMaps}/a`, labelled({ app: "web", more: "yes" }));
  const { body } = await node.put(`${configMaps}/a`, labelled({ app: "db" }));
  await node.put(`${configMaps}/a`, labelled({ app: "cache" }));
  await node.put(`${configMaps}/a`, labelled({ app: "web" }));
  assert.deepEqual([await watch.next(), await watch.next()], ["ADDED a", "MODIFIED a"]);
  const { type, object } = (await watch.event())!;
  assert.deepEqual([type, object.metadata.labels], ["DELETED", { app: "web", more: "yes" }]);
  assert.equal(object.metadata.resourceVersion, body.metadata.resourceVersion);
  assert.equal(await watch.next(), "ADDED a");
  await watch.cancel();
});

Deno.test("a watch of one namespace hears nothing of others", async () => {
  const node = client();
  await node.create("/api/v1/namespaces", { metadata: { name: "other" } });
  const watch = await open(node, `${configMaps}?watch=true`);
  await node.create("/api/v1/namespaces/other/configmaps", configMap("x"));
  await node.create(configMaps, configMap("a"));
  assert.equal(await watch.next(), "ADDED a");
  await watch.cancel();
});

Deno.test("sendInitialEvents ends the state with a bookmark that says so", async () => {
  const node = client();
  await node.create(configMaps, configMap("a"));
  const query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
  const watch = await open(node, `${configMaps}?${query}`);
  const version = node.store.resourceVersion;
  await node.create(configMaps, configMap("b"));
  assert.equal(await watch.next(), "ADDED a");
  const { type, object } = (await watch.event())!;
  assert.equal(type, "BOOKMARK");
  assert.deepEqual(object, {
    kind: "ConfigMap",
    apiVersion: "v1",
    metadata: { resourceVersion: version, annotations: { "k8s.io/initial-events-end": "true" } },
  });
  assert.equal(await watch.next(), "ADDED b");
  await watch.cancel();
});

Deno.test("without sendInitialEvents there is no state and no bookmark at its end", async () => {
  const node = client();
  await node.create(configMaps, configMap("a"));
  const watch = await open(node, `${configMaps}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`);
  await node.create(configMaps, configMap("b"));
  assert.equal(await watch.next(), "ADDED b");
  await watch.cancel();
});

Deno.test("bookmarks tell the version once a minute and at the end, to who takes them", async () => {
  const node = client();
  const watch = await open(node, `${configMaps}?watch=1&allowWatchBookmarks=true&timeoutSeconds=90`);
  const plain = await open(node, `${configMaps}?watch=1&timeoutSeconds=90`);
  // Of another kind: the version grows, and the watcher would fall behind without knowing.
  await node.create("/api/v1/namespaces", { metadata: { name: "other" } });
  await node.clock.advance(60_000);
  const first = (await watch.event())!;
  assert.deepEqual([first.type, first.object.metadata.resourceVersion], ["BOOKMARK", node.store.resourceVersion]);
  await node.clock.advance(30_000);
  assert.equal((await watch.event())!.type, "BOOKMARK");
  assert.equal(await watch.next(), undefined);
  assert.equal(await plain.next(), undefined);
});

Deno.test("a watch ends at its time, and with the server", async () => {
  const node = client();
  const timed = await open(node, `${configMaps}?watch=true&timeoutSeconds=5`);
  const ended = timed.next();
  await node.clock.advance(5000);
  assert.equal(await ended, undefined);
  const kept = await open(node, "/api/v1/events?watch=true");
  const closed = kept.next();
  node.closing.abort();
  assert.equal(await closed, undefined);
});

Deno.test("a watcher that does not read is ended, and the others hear everything", async () => {
  const node = client();
  const stuck = await node.app.request(`${configMaps}?watch=true`);
  const watch = await open(node, `${configMaps}?watch=true`);
  await node.create(configMaps, configMap("a"));
  assert.equal(await watch.next(), "ADDED a");
  for (let count = 0; count < 5; count++) {
    await node.put(`${configMaps}/a`, configMap("a", { data: { a: String(count).repeat(300_000) } }));
    assert.equal(await watch.next(), "MODIFIED a");
  }
  assert.equal(await stuck.text(), "", "what it had not read is gone with it");
  await watch.cancel();
});

Deno.test("the state at the start may be larger than what a watcher may leave unread", async () => {
  const node = client();
  for (let count = 0; count < 8; count++) {
    await node.create(configMaps, configMap(`m${count}`, { data: { a: "x".repeat(300_000) } }));
  }
  const watch = await open(node, `${configMaps}?watch=true`);
  for (let count = 0; count < 8; count++) assert.equal(await watch.next(), `ADDED m${count}`);
  await node.create(configMaps, configMap("z"));
  assert.equal(await watch.next(), "ADDED z");
  await watch.cancel();
});

Deno.test("a Table watch sends rows, with the columns in the first event only", async () => {
  const node = client();
  node.store.put(testPod({ name: "a" }));
  const watch = await open(node, "/api/v1/pods?watch=true", "application/json;as=Table;g=meta.k8s.io;v=v1");
  const first = (await watch.event())!;
  assert.equal(first.object.kind, "Table");
  assert.equal(first.object.columnDefinitions.length, first.object.rows[0].cells.length);
  node.store.put(testPod({ name: "b" }));
  const second = (await watch.event())!;
  assert.deepEqual(second.object.columnDefinitions, []);
  assert.equal(second.object.rows[0].cells[0], "b");
  await watch.cancel();
});

Deno.test("a watch of metadata sends PartialObjectMetadata", async () => {
  const node = client();
  await node.create(configMaps, configMap("a"));
  const accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
  const watch = await open(node, `${configMaps}?watch=true`, accept);
  const { type, object } = (await watch.event())!;
  assert.deepEqual([type, object.kind, object.data], ["ADDED", "PartialObjectMetadata", undefined]);
  await watch.cancel();
});

Deno.test("events of the ring are watched under both their names", async () => {
  const node = client();
  const core = await open(node, "/api/v1/events?watch=true");
  const newer = await open(node, "/apis/events.k8s.io/v1/events?watch=true");
  const about = { kind: "Pod", namespace: "default", name: "web" };
  node.events.event(about, "Normal", "Started", "Container started");
  node.events.event(about, "Normal", "Started", "Container started");
  assert.match((await core.next())!, /^ADDED web\./);
  const { type, object } = (await core.event())!;
  assert.deepEqual([type, object.count, object.message], ["MODIFIED", 2, "Container started"]);
  assert.equal((await newer.event())!.object.note, "Container started");
  await core.cancel();
  await newer.cancel();
});

Deno.test("a kind that nobody has asked for in a quarter of an hour costs nothing any more", async () => {
  const node = client();
  const { body } = await node.get(configMaps);
  const before = node.store.watchers;
  await node.clock.advance(16 * 60_000);
  node.store.put({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "default" } });
  assert.equal(node.store.watchers, before - 1);
  const { code } = await node.get(`${configMaps}?watch=1&resourceVersion=${body.metadata.resourceVersion}`);
  assert.equal(code, 410);
});
