import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { type Event, type EventChange, EventRing } from "./events.ts";

const web = { kind: "Pod", namespace: "default", name: "web", uid: "u" };

function ring(options: { size?: number; burst?: number } = {}) {
  const clock = new ManualClock();
  const events = new EventRing({ nodeName: "edge-1", clock, ...options });
  const told: string[] = [];
  events.watch(({ type, event, previous }: EventChange) =>
    told.push(`${type} ${event.reason} ${event.count}${previous ? ` was ${previous.count}` : ""}`)
  );
  return { clock, events, told };
}

Deno.test("the same event about the same object is counted up, any other is another one", async () => {
  const { clock, events, told } = ring();
  events.event(web, "Warning", "BackOff", "Back-off");
  await clock.advance(60_000);
  events.event(web, "Warning", "BackOff", "Back-off");
  events.event(web, "Warning", "BackOff", "Back-off again");
  events.event({ ...web, uid: "v" }, "Warning", "BackOff", "Back-off");
  const [first, , ...others] = [...events.list()].sort((a, b) => b.count - a.count);
  assert.deepEqual([first.count, first.firstTimestamp, first.lastTimestamp], [
    2,
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:01:00Z",
  ]);
  assert.equal(others.length, 1);
  assert.deepEqual(told, ["ADDED BackOff 1", "MODIFIED BackOff 2 was 1", "ADDED BackOff 1", "ADDED BackOff 1"]);
});

Deno.test("versions grow with every change, deletions included", () => {
  const { events } = ring({ size: 2 });
  const versions: number[] = [];
  events.watch(({ event }) => versions.push(Number(event.metadata.resourceVersion)));
  for (const reason of ["a", "b", "c", "a"]) events.event(web, "Normal", reason, "m");
  assert.deepEqual(versions, [...versions].sort((a, b) => a - b));
  assert.equal(new Set(versions).size, versions.length);
  assert.equal(events.resourceVersion, String(versions.at(-1)));
});

Deno.test("a full ring lets go of what was written longest ago, and counts it anew when it comes again", () => {
  const { events, told } = ring({ size: 2 });
  for (const reason of ["a", "b", "a", "c"]) events.event(web, "Normal", reason, "m");
  assert.deepEqual(events.list().map(({ reason, count }) => `${reason} ${count}`), ["a 2", "c 1"]);
  assert.ok(told.includes("DELETED b 1 was 1"));
  events.event(web, "Normal", "b", "m");
  assert.deepEqual(events.list().map(({ reason, count }) => `${reason} ${count}`), ["c 1", "b 1"]);
});

Deno.test("an object that talks too much is silenced for a while, others are not", async () => {
  const { clock, events } = ring({ burst: 3 });
  for (let count = 0; count < 10; count++) events.event(web, "Normal", `r${count}`, "m");
  assert.equal(events.list().length, 3);
  events.event({ ...web, name: "db" }, "Normal", "Started", "m");
  assert.equal(events.list({ name: "db" }).length, 1);
  await clock.advance(30_000);
  events.event(web, "Normal", "later", "m");
  assert.equal(events.list({ name: "web" }).length, 4);
});

Deno.test("an event says who tells it: the kubelet of this node, or a part of the control plane", () => {
  const { events } = ring();
  events.event(web, "Normal", "Started", "m");
  events.by("default-scheduler").event(web, "Normal", "Scheduled", "m");
  assert.deepEqual(
    events.list().map(({ source, reportingComponent, reportingInstance }) => [
      source,
      reportingComponent,
      reportingInstance,
    ]),
    [
      [{ component: "kubelet", host: "edge-1" }, "kubelet", "edge-1"],
      [{ component: "default-scheduler" }, "default-scheduler", ""],
    ],
  );
});

Deno.test("events of others are put in, found by name, changed and taken out", () => {
  const { events, told } = ring();
  events.event(web, "Normal", "Started", "m");
  const [own] = events.list();
  const foreign: Event = {
    ...own,
    metadata: { ...own.metadata, name: "theirs", uid: "x" },
    reason: "Scaled",
  };
  const put = events.put(foreign);
  assert.notEqual(put.metadata.resourceVersion, own.metadata.resourceVersion);
  assert.equal(events.get("default", "theirs"), put);
  events.put({ ...put, count: 5 });
  events.remove("default", "theirs");
  events.remove("default", "theirs");
  assert.equal(events.get("default", "theirs"), undefined);
  assert.deepEqual(told.slice(1), ["ADDED Scaled 1", "MODIFIED Scaled 5 was 1", "DELETED Scaled 5 was 5"]);
});

Deno.test("many different events about objects that are gone leave nothing behind but the ring", () => {
  const { events } = ring({ size: 10 });
  for (let count = 0; count < 1000; count++) {
    events.event({ kind: "Pod", namespace: "default", name: `p${count}` }, "Normal", "Started", "m");
  }
  assert.equal(events.list().length, 10);
  events.event({ kind: "Pod", namespace: "default", name: "p999" }, "Normal", "Started", "m");
  assert.equal(events.list({ name: "p999" })[0].count, 2);
});
