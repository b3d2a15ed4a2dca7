import { deepEqual, equal } from "node:assert/strict";
import { configSource } from "../../sources/mod.ts";
import { testPod, TestStore } from "../testing.ts";
import { TaintEviction } from "./mod.ts";
import type { TimedTaint } from "./plan.ts";

async function withEviction(
  test: (given: { store: TestStore; taint: (...taints: TimedTaint[]) => Promise<void> }) => Promise<void>,
) {
  await using store = new TestStore();
  const node = { taints: [] as TimedTaint[] };
  const eviction = new TaintEviction({
    ...store,
    store: store.store,
    events: store.events,
    nodeName: "edge-1",
    taints: () => node.taints,
  });
  await store.put({ apiVersion: "v1", kind: "Node", metadata: { name: "edge-1" }, spec: {} });
  eviction.start();
  await test({
    store,
    async taint(...taints) {
      node.taints = taints;
      await store.put({ apiVersion: "v1", kind: "Node", metadata: { name: "edge-1" }, spec: { taints } });
      await store.settle(eviction);
    },
  });
  await eviction.stop();
}

const evict: TimedTaint = { key: "maintenance", effect: "NoExecute", timeAdded: "2026-01-01T00:00:00Z" };
const tolerates = (seconds: number) => ({
  nodeName: "edge-1",
  tolerations: [{ key: "maintenance", operator: "Exists", tolerationSeconds: seconds }],
});

Deno.test("TaintEviction deletes a pod that does not tolerate the taint, with its own grace", () =>
  withEviction(async ({ store, taint }) => {
    await store.put(testPod("web", { nodeName: "edge-1", terminationGracePeriodSeconds: 7 }));
    await taint(evict);
    const { metadata, status } = store.pod("web")!;
    equal(metadata.deletionGracePeriodSeconds, 7);
    const told = status?.conditions?.find(({ type }) => type === "DisruptionTarget");
    deepEqual([told?.status, told?.reason], ["True", "DeletionByTaintManager"]);
    deepEqual(store.told("web"), ["TaintManagerEviction: Marking for deletion Pod default/web"]);
  }));

Deno.test("TaintEviction leaves pods of manifests, and pods that are not placed", () =>
  withEviction(async ({ store, taint }) => {
    await store.put(testPod("file", { nodeName: "edge-1" }, { annotations: { [configSource]: "file" } }));
    await store.put(testPod("waiting"));
    await taint(evict);
    equal(store.pod("file")?.metadata.deletionTimestamp, undefined);
    equal(store.pod("waiting")?.metadata.deletionTimestamp, undefined);
  }));

Deno.test("TaintEviction waits as long as the pod tolerates the taint", () =>
  withEviction(async ({ store, taint }) => {
    await store.put(testPod("web", tolerates(60)));
    await taint(evict);
    equal(store.pod("web")?.metadata.deletionTimestamp, undefined);
    await store.clock.advance(59_000);
    await taint(evict);
    equal(store.pod("web")?.metadata.deletionTimestamp, undefined);
    await store.clock.advance(1000);
    await taint(evict);
    equal(typeof store.pod("web")?.metadata.deletionTimestamp, "string");
  }));

Deno.test("TaintEviction takes a deletion back with the taint", () =>
  withEviction(async ({ store, taint }) => {
    await store.put(testPod("web", tolerates(60)));
    await taint(evict);
    await taint();
    await store.clock.advance(120_000);
    await taint();
    equal(store.pod("web")?.metadata.deletionTimestamp, undefined);
    deepEqual(store.told("web"), ["TaintManagerEviction: Cancelling deletion of Pod default/web"]);
  }));
