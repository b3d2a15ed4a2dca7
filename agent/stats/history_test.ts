import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { UsageHistory } from "./history.ts";
import { nodeKey, type Point } from "./sampler.ts";

function setUp(length = 4) {
  const clock = new ManualClock();
  const points = new Map<string, Point>();
  let looks = 0;
  const history = new UsageHistory({ clock, look: () => (looks++, new Map(points)), length });
  const set = (key: string, cpuSeconds: number, workingSetBytes: number) =>
    points.set(key, { cpuNs: cpuSeconds * 1e9, workingSetBytes, startedAt: 0 });
  return { clock, points, history, set, looks: () => looks };
}

Deno.test("each point is the rate since the last look and the memory of its moment, oldest first", async () => {
  const { clock, history, set } = setUp();
  set(nodeKey, 100, 1000);
  set("web", 1, 10);
  history.start();
  set(nodeKey, 115, 2000);
  set("web", 4, 20);
  await clock.advance(30_000);
  const { node, pods, end, periodMs } = history.read();
  assert.deepEqual(node, { cpu: [undefined, 0.5], memory: [1000, 2000] });
  assert.deepEqual(pods.get("web")!.memory, [10, 20]);
  assert.ok(Math.abs(pods.get("web")!.cpu[1]! - 0.1) < 1e-6);
  assert.deepEqual([end, periodMs], [clock.now(), 30_000]);
  history.stop();
});

Deno.test("only the last hour is remembered, and a pod that has been gone for as long is forgotten", async () => {
  const { clock, points, history, set } = setUp(4);
  set(nodeKey, 0, 0);
  set("web", 0, 1);
  history.start();
  points.delete("web");
  for (let look = 1; look <= 3; look++) {
    set(nodeKey, 0, look);
    await clock.advance(30_000);
  }
  assert.deepEqual(history.read().pods.get("web")!.memory, [1, undefined, undefined, undefined]);
  set(nodeKey, 0, 4);
  await clock.advance(30_000);
  assert.deepEqual(history.read().node.memory, [1, 2, 3, 4]);
  assert.equal(history.read().pods.size, 0);
  history.stop();
});

Deno.test("a pod whose cgroup was made anew has no rate until the next look", async () => {
  const { clock, history, set } = setUp();
  set("web", 100, 1);
  history.start();
  set("web", 3, 1);
  await clock.advance(30_000);
  set("web", 6, 1);
  await clock.advance(30_000);
  const { cpu } = history.read().pods.get("web")!;
  assert.deepEqual(cpu.slice(0, 2), [undefined, undefined]);
  assert.ok(Math.abs(cpu[2]! - 0.1) < 1e-6);
  history.stop();
});

Deno.test("pods that come and go by the hundred do not fill the memory", async () => {
  const { clock, points, history, set } = setUp(120);
  history.start();
  for (let turn = 0; turn < 50; turn++) {
    points.clear();
    for (let pod = 0; pod < 20; pod++) set(`${turn}-${pod}`, 0, 1);
    await clock.advance(30_000);
  }
  const { pods } = history.read();
  assert.ok(pods.size <= 400 && pods.has("49-19") && !pods.has("0-0"), String(pods.size));
  history.stop();
});

Deno.test("nothing is looked at after stop()", async () => {
  const { clock, history, looks } = setUp();
  history.start();
  history.stop();
  await clock.advance(120_000);
  assert.equal(looks(), 1);
});
