import assert from "node:assert/strict";
import { client } from "../testing.ts";

const core = "/api/v1/namespaces/default/events";
const newer = "/apis/events.k8s.io/v1/namespaces/default/events";
const table = "application/json;as=Table;v=v1;g=meta.k8s.io";

const scaled = {
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: "web.1" },
  involvedObject: { kind: "Pod", namespace: "default", name: "web", apiVersion: "v1" },
  reason: "Scaled",
  message: "Scaled up",
  type: "Normal",
  firstTimestamp: "2025-12-31T23:50:00Z",
  lastTimestamp: "2025-12-31T23:55:00Z",
  count: 3,
  source: { component: "scaler" },
};

Deno.test("events of clients stand beside the node's own, and nothing of them is written to disk", async () => {
  const node = client();
  node.events.event({ kind: "Pod", namespace: "default", name: "web" }, "Normal", "Started", "Container started");
  const made = await node.create(core, scaled);
  assert.equal(made.code, 201);
  const { items } = (await node.get(core)).body;
  assert.deepEqual(items.map(({ reason }: { reason: string }) => reason).sort(), ["Scaled", "Started"]);
  assert.equal(node.store.list("Event").length, 0);
  assert.equal((await node.create(core, scaled)).code, 409);
});

Deno.test("a recorder counts its event up by a patch", async () => {
  const node = client();
  await node.create(core, scaled);
  const patch = { count: 4, lastTimestamp: "2026-01-01T00:00:00Z" };
  const { code, body } = await node.patch("strategic", `${core}/web.1`, patch);
  assert.deepEqual([code, body.count, body.message], [200, 4, "Scaled up"]);
  assert.equal((await node.remove(`${core}/web.1`)).code, 200);
  assert.equal((await node.get(`${core}/web.1`)).code, 404);
});

Deno.test("a PUT of an event that has gone from the ring makes it again", async () => {
  const node = client();
  assert.equal((await node.put(`${core}/web.1`, scaled)).code, 201);
});

Deno.test("an event is one, under the names of both its groups", async () => {
  const node = client();
  const made = await node.create(newer, {
    metadata: { name: "job.1" },
    eventTime: "2026-01-01T00:00:00.000000Z",
    reportingController: "example.com/jobs",
    reportingInstance: "jobs-0",
    action: "Run",
    reason: "Ran",
    regarding: { kind: "Pod", name: "web", namespace: "default" },
    note: "It ran",
    type: "Normal",
  });
  assert.equal(made.code, 201);
  assert.deepEqual([made.body.note, made.body.regarding.name], ["It ran", "web"]);
  const { body } = await node.get(`${core}/job.1`);
  assert.deepEqual([body.apiVersion, body.message, body.involvedObject.name, body.reportingComponent], [
    "v1",
    "It ran",
    "web",
    "example.com/jobs",
  ]);
  const list = async (path: string) => (await node.get(path)).body.items.length;
  assert.equal(await list(`${newer}?fieldSelector=regarding.name=web,reason=Ran`), 1);
  assert.equal(await list(`${core}?fieldSelector=involvedObject.name=web,source=example.com/jobs`), 1);
  assert.equal(await list(`${core}?fieldSelector=involvedObject.name=db`), 0);
});

Deno.test("an event about an object of another namespace is refused", async () => {
  const { code, body } = await client().create(core, {
    ...scaled,
    involvedObject: { ...scaled.involvedObject, namespace: "other" },
  });
  assert.equal(code, 422);
  assert.match(body.message, /involvedObject\.namespace: Invalid value: "other": does not match event\.namespace/);
});

Deno.test("a row of an event says when, what and about whom", async () => {
  const node = client();
  await node.create(core, scaled);
  for (const path of [core, newer]) {
    const { columnDefinitions, rows } = (await node.get(path, table)).body;
    const cells = Object.fromEntries(
      columnDefinitions.map(({ name }: { name: string }, at: number) => [name, rows[0].cells[at]]),
    );
    assert.deepEqual(cells, {
      "Last Seen": "5m",
      Type: "Normal",
      Reason: "Scaled",
      Object: "pod/web",
      Subobject: "",
      Source: "scaler",
      Message: "Scaled up",
      "First Seen": "10m",
      Count: 3,
      Name: "web.1",
    });
  }
});
