import { deepEqual, equal, match } from "node:assert/strict";
import type { Pod } from "../../objects/mod.ts";
import { testPod, TestStore } from "../testing.ts";
import { type SchedulableNode, Scheduler } from "./mod.ts";

async function withScheduler(
  test: (given: { store: TestStore; scheduler: Scheduler; node: { now?: SchedulableNode } }) => Promise<void>,
) {
  await using store = new TestStore();
  const edge = { name: "edge-1", labels: { disk: "ssd" }, taints: [], unschedulable: false };
  const node: { now?: SchedulableNode } = { now: edge };
  const scheduler = new Scheduler({ ...store, store: store.store, events: store.events, node: () => node.now });
  scheduler.start();
  await test({ store, scheduler, node });
  await scheduler.stop();
}

const scheduled = (pod: Pod | undefined) => pod?.status?.conditions?.find(({ type }) => type === "PodScheduled");

Deno.test("Scheduler binds a pod as soon as it is there", () =>
  withScheduler(async ({ store, scheduler }) => {
    await store.put(testPod("web"));
    await store.settle(scheduler);
    equal(store.pod("web")?.spec.nodeName, "edge-1");
    equal(scheduled(store.pod("web"))?.status, "True");
    deepEqual(store.told("web"), ["Scheduled: Successfully assigned default/web to edge-1"]);
  }));

Deno.test("Scheduler tells once why a pod waits, and binds it when the node comes to fit", () =>
  withScheduler(async ({ store, scheduler, node }) => {
    await store.put({ apiVersion: "v1", kind: "Node", metadata: { name: "edge-1" }, spec: {} });
    await store.put(testPod("web", { nodeSelector: { disk: "nvme" } }));
    await store.settle(scheduler);
    const { status, reason, message, lastTransitionTime } = scheduled(store.pod("web"))!;
    deepEqual([status, reason], ["False", "Unschedulable"]);
    match(message!, /didn't match Pod's node affinity\/selector/);
    equal(lastTransitionTime, "2026-01-01T00:00:00Z");
    const { writes } = store;
    await store.put(testPod("other", { nodeName: "edge-1" }));
    await store.settle(scheduler);
    equal(store.writes, writes + 1);
    equal(store.told("web").length, 1);

    node.now = { ...node.now!, labels: { disk: "nvme" } };
    await store.put({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "edge-1", labels: { disk: "nvme" } },
      spec: {},
    });
    await store.settle(scheduler);
    equal(store.pod("web")?.spec.nodeName, "edge-1");
  }));

Deno.test("Scheduler binds a pod when its last gate is taken away", () =>
  withScheduler(async ({ store, scheduler }) => {
    await store.put(testPod("web", { schedulingGates: [{ name: "hold" }] }));
    await store.settle(scheduler);
    equal(scheduled(store.pod("web"))?.reason, "SchedulingGated");
    const { schedulingGates: _, ...spec } = store.pod("web")!.spec;
    await store.put({ ...store.pod("web")!, spec });
    await store.settle(scheduler);
    equal(store.pod("web")?.spec.nodeName, "edge-1");
  }));

Deno.test("Scheduler does not bind what was replaced while it thought", () =>
  withScheduler(async ({ store, scheduler }) => {
    await store.put(testPod("web"));
    // in the same turn: the write of the binding finds another pod of the name
    const gone = store.remove("Pod", "default", "web");
    const again = store.put(testPod("web", { schedulerName: "mine" }));
    await Promise.all([gone, again]);
    await store.settle(scheduler);
    equal(store.pod("web")?.spec.nodeName, undefined);
  }));
