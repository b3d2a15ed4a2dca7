import assert from "node:assert/strict";
import { testNode, testPod } from "./testing.ts";

/** Reads events of a watch one by one. */
function reader(response: Response) {
  const decoder = new TextDecoder();
  const chunks = response.body!.getReader();
  return {
    async next(): Promise<string | undefined> {
      const { done, value } = await chunks.read();
      if (done) return undefined;
      const { type, object } = JSON.parse(decoder.decode(value));
      return `${type} ${object.metadata.name}`;
    },
    cancel: () => chunks.cancel(),
  };
}

Deno.test("a watch begins with what is there and goes on with changes", async () => {
  const { app, store } = testNode();
  store.put(testPod({ name: "a" }));
  const watch = reader(await app.request("/api/v1/pods?watch=true"));
  assert.equal(await watch.next(), "ADDED a");
  const pending = watch.next();
  store.put(testPod({ name: "b" }));
  assert.equal(await pending, "ADDED b");
  store.put(testPod({ name: "a", status: { phase: "Failed" } }));
  store.remove("default", "a");
  assert.equal(await watch.next(), "MODIFIED a");
  assert.equal(await watch.next(), "DELETED a");
  await watch.cancel();
  assert.equal(store.watchers, 0);
});

Deno.test("a watch from the present version tells of changes only", async () => {
  const { app, store } = testNode();
  store.put(testPod({ name: "a" }));
  const watch = reader(await app.request(`/api/v1/pods?watch=true&resourceVersion=${store.resourceVersion}`));
  store.put(testPod({ name: "b" }));
  assert.equal(await watch.next(), "ADDED b");
  await watch.cancel();
});

Deno.test("an object that comes to fit a selector is added, one that no longer fits is deleted", async () => {
  const { app, store } = testNode();
  store.put(testPod({ name: "a", metadata: { labels: { app: "db" } } }));
  const watch = reader(await app.request("/api/v1/pods?watch=true&labelSelector=app=web"));
  store.put(testPod({ name: "a", metadata: { labels: { app: "web" } } }));
  store.put(testPod({ name: "a", metadata: { labels: { app: "web", more: "yes" } } }));
  store.put(testPod({ name: "a", metadata: { labels: { app: "db" } } }));
  assert.deepEqual([await watch.next(), await watch.next(), await watch.next()], [
    "ADDED a",
    "MODIFIED a",
    "DELETED a",
  ]);
  await watch.cancel();
});

Deno.test("a watch ends at its time, and with the server", async () => {
  const node = testNode();
  const timed = reader(await node.app.request("/api/v1/pods?watch=true&timeoutSeconds=5"));
  const ended = timed.next();
  await node.clock.advance(5000);
  assert.equal(await ended, undefined);

  const open = reader(await node.app.request("/api/v1/events?watch=true"));
  const closed = open.next();
  node.closing.abort();
  assert.equal(await closed, undefined);
  assert.equal(node.store.watchers, 0);
});

Deno.test("a watcher that falls far behind is ended, not waited for", async () => {
  const { app, store } = testNode();
  const watch = reader(await app.request("/api/v1/pods?watch=true"));
  const annotations = { big: "x".repeat(1024 * 1024) };
  for (let count = 0; count < 6; count++) store.put(testPod({ name: "a", metadata: { annotations } }));
  assert.equal(store.watchers, 0);
  await watch.cancel();
});

Deno.test("a watch prints rows for a client that asks for Tables", async () => {
  const { app, store } = testNode();
  store.put(testPod({ name: "a" }));
  const headers = { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" };
  const response = await app.request("/api/v1/pods?watch=true", { headers });
  const chunks = response.body!.getReader();
  const { object } = JSON.parse(new TextDecoder().decode((await chunks.read()).value));
  assert.equal(object.kind, "Table");
  assert.equal(object.rows[0].cells[0], "a");
  await chunks.cancel();
});
