import { deepEqual, equal, match } from "node:assert/strict";
import type { Pod } from "../../objects/mod.ts";
import { testPod, TestStore } from "../testing.ts";
import { type Node, NodeKeeper, type NodeKeeperOptions } from "./mod.ts";

const facts: NodeKeeperOptions["facts"] = {
  hostname: "edge-1",
  machineID: "machine",
  systemUUID: "system",
  bootID: "boot",
  kernelVersion: "6.1.0",
  osImage: "Debian",
  operatingSystem: "linux",
  architecture: "amd64",
  swapBytes: 0,
  capacity: { cpu: 2000, memory: 2 ** 31, pods: 110 },
  appArmor: false,
  appArmorProfiles: undefined,
};

async function keep(store: TestStore, more: Partial<NodeKeeperOptions> = {}): Promise<NodeKeeper> {
  const keeper = new NodeKeeper({
    ...store,
    store: store.store,
    events: store.events,
    nodeName: "edge-1",
    machineLabels: { "kubernetes.io/hostname": "edge-1" },
    wish: { labels: {}, taints: [] },
    podCIDRs: [],
    facts,
    allocatable: facts.capacity,
    version: "v1.36.0",
    addresses: () => ["192.0.2.1"],
    notReady: () => undefined,
    readRuntime: () =>
      Promise.resolve({
        name: "containerd",
        version: "1.6.20",
        images: [],
        handlers: [],
        supplementalGroupsPolicy: false,
      }),
    ...more,
  });
  await keeper.start();
  await store.settle(keeper);
  return keeper;
}

const node = (store: TestStore, name = "edge-1") => store.get<Node>("Node", "", name);
const ready = (store: TestStore) => node(store)?.status?.conditions?.find(({ type }) => type === "Ready");

Deno.test("NodeKeeper registers the node and writes nothing while nothing changes", async () => {
  await using store = new TestStore();
  const keeper = await keep(store);
  equal(ready(store)?.status, "True");
  equal(node(store)?.status?.nodeInfo?.containerRuntimeVersion, "containerd://1.6.20");
  const { writes } = store;
  keeper.wake();
  await store.clock.advance(3600_000);
  keeper.wake();
  await store.settle(keeper);
  equal(store.writes, writes);
  await keeper.stop();
});

Deno.test("NodeKeeper keeps what users say of the node, and taints it while it is cordoned", async () => {
  await using store = new TestStore();
  const keeper = await keep(store);
  const current = node(store)!;
  await store.put({
    ...current,
    metadata: { ...current.metadata, labels: { ...current.metadata.labels, disk: "ssd" } },
    spec: { ...current.spec, unschedulable: true },
  });
  await store.settle(keeper);
  equal(keeper.labels.disk, "ssd");
  deepEqual(keeper.taints.map(({ key, effect }) => `${key}:${effect}`), [
    "node.kubernetes.io/unschedulable:NoSchedule",
  ]);
  await keeper.stop();
  const again = await keep(store);
  equal(again.labels.disk, "ssd");
  await again.stop();
});

Deno.test("NodeKeeper tells when the runtime falls silent", async () => {
  await using store = new TestStore();
  const runtime: { silent?: string } = {};
  const keeper = await keep(store, { notReady: () => runtime.silent });
  runtime.silent = "container runtime is down";
  keeper.wake();
  await store.settle(keeper);
  deepEqual([ready(store)?.status, ready(store)?.message], ["False", "container runtime is down"]);
  deepEqual(store.told("edge-1"), [
    "NodeReady: Node edge-1 status is now: NodeReady",
    "NodeNotReady: Node edge-1 status is now: NodeNotReady",
  ]);
  await keeper.stop();
});

Deno.test("NodeKeeper makes the node anew when its row is gone", async () => {
  await using store = new TestStore();
  const keeper = await keep(store);
  await store.remove("Node", "", "edge-1");
  await store.settle(keeper);
  equal(ready(store)?.status, "True");
  await keeper.stop();
});

Deno.test("NodeKeeper moves in after a rename: labels and pods stay", async () => {
  await using store = new TestStore();
  const before = await keep(store);
  const current = node(store)!;
  await store.put({ ...current, metadata: { ...current.metadata, labels: { disk: "ssd" } } });
  await store.put(testPod("web", { nodeName: "edge-1" }));
  await store.put(testPod("far", { nodeName: "elsewhere" }));
  await before.stop();
  const after = await keep(store, { nodeName: "edge-2", machineLabels: { "kubernetes.io/hostname": "edge-2" } });
  equal(node(store), undefined);
  deepEqual(node(store, "edge-2")?.metadata.labels, { disk: "ssd", "kubernetes.io/hostname": "edge-2" });
  equal(store.get<Pod>("Pod", "default", "web")?.spec.nodeName, "edge-2");
  equal(store.get<Pod>("Pod", "default", "far")?.spec.nodeName, "elsewhere");
  await after.stop();
});

Deno.test("NodeKeeper reads images again some seconds after a pod got a new one", async () => {
  await using store = new TestStore();
  let reads = 0;
  const names = ["web:1"];
  const keeper = await keep(store, {
    readRuntime: () => {
      reads++;
      return Promise.resolve({
        name: "containerd",
        version: "1.6.20",
        images: reads > 1 ? [{ names, sizeBytes: 1 }] : [],
        handlers: [],
        supplementalGroupsPolicy: false,
      });
    },
  });
  const pod = await store.put(testPod("web", { nodeName: "edge-1" }));
  const status = (restartCount: number) => ({
    phase: "Running",
    containerStatuses: [{ name: "main", imageID: "sha256:1", image: "web:1", ready: true, restartCount }],
  });
  store.store.putStatus("local", "Pod", "default", "web", pod.metadata.uid!, status(0));
  equal(reads, 1);
  await store.clock.advance(5000);
  await store.settle(keeper);
  match(node(store)!.status!.images![0].names![0], /web:1/);
  store.store.putStatus("local", "Pod", "default", "web", pod.metadata.uid!, status(1));
  await store.clock.advance(60_000);
  equal(reads, 2);
  await keeper.stop();
});
