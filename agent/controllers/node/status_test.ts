import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import type { NodeFacts } from "../../node/mod.ts";
import { networkTrouble } from "./runtime_facts.ts";
import { nodeStatus, type NodeStatusFacts, type RuntimeFacts } from "./status.ts";

const facts: NodeFacts = {
  hostname: "edge-1",
  machineID: "machine",
  systemUUID: "system",
  bootID: "boot",
  kernelVersion: "6.1.0",
  osImage: "Debian",
  operatingSystem: "linux",
  architecture: "amd64",
  swapBytes: 0,
  capacity: { cpu: 2000, memory: 2 ** 31, pods: 110, pid: 32768 },
  appArmor: false,
  appArmorProfiles: undefined,
};
const runtime: RuntimeFacts = {
  name: "containerd",
  version: "1.6.20",
  images: [{ names: ["a@sha256:1", "a:1"], sizeBytes: 10 }, { names: ["b:1"], sizeBytes: 20 }],
  handlers: [],
  supplementalGroupsPolicy: false,
};
const given: NodeStatusFacts = {
  nodeName: "edge-1",
  facts,
  allocatable: { cpu: 1900, memory: 2 ** 30, pods: 110 },
  addresses: ["192.0.2.1"],
  version: "v1.36.0",
  kubeletPort: 10250,
  runtime,
  now: Date.UTC(2026, 0, 1),
};
const later = (seconds: number, more: Partial<NodeStatusFacts> = {}) => ({
  ...given,
  now: given.now + seconds * 1000,
  ...more,
});

Deno.test("nodeStatus() is what kubelet writes of a healthy node", () => {
  const status = nodeStatus(undefined, given);
  deepEqual(status.capacity, { cpu: "2", memory: "2Gi", pods: "110" });
  deepEqual(status.allocatable, { cpu: "1900m", memory: "1Gi", pods: "110" });
  deepEqual(status.addresses, [{ type: "InternalIP", address: "192.0.2.1" }, { type: "Hostname", address: "edge-1" }]);
  equal(status.nodeInfo?.containerRuntimeVersion, "containerd://1.6.20");
  equal(status.daemonEndpoints?.kubeletEndpoint?.Port, 10250);
  deepEqual(status.images?.map(({ names }) => names![0]), ["b:1", "a@sha256:1"]);
  deepEqual(status.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`), [
    "NetworkUnavailable=False PodNetworkReady",
    "MemoryPressure=False KubeletHasSufficientMemory",
    "DiskPressure=False KubeletHasNoDiskPressure",
    "PIDPressure=False KubeletHasSufficientPID",
    "Ready=True KubeletReady",
  ]);
});

Deno.test("nodeStatus() is the same object while only time passes", () => {
  const status = nodeStatus(undefined, given);
  equal(nodeStatus(status, later(3600)), status);
});

Deno.test("nodeStatus() moves the transition of the condition that changed, and the heartbeat of all", () => {
  const status = nodeStatus(undefined, given);
  const next = nodeStatus(status, later(60, { notReady: "container runtime is down" }));
  notEqual(next, status);
  const [, memory, , , ready] = next.conditions!;
  deepEqual([ready.status, ready.reason, ready.message], ["False", "KubeletNotReady", "container runtime is down"]);
  equal(ready.lastTransitionTime, "2026-01-01T00:01:00Z");
  equal(memory.lastTransitionTime, "2026-01-01T00:00:00Z");
  equal(memory.lastHeartbeatTime, "2026-01-01T00:01:00Z");
});

Deno.test("nodeStatus() tells that pods would have no network", () => {
  const network = "NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized";
  const status = nodeStatus(undefined, { ...given, runtime: { ...runtime, network } });
  deepEqual(
    status.conditions?.filter(({ type }) => type === "NetworkUnavailable" || type === "Ready")
      .map(({ type, status, reason, message }) => [type, status, reason, message]),
    [
      ["NetworkUnavailable", "True", "PodNetworkNotReady", network],
      ["Ready", "False", "KubeletNotReady", `container runtime network not ready: ${network}`],
    ],
  );
  const later_ = nodeStatus(status, later(5));
  deepEqual(later_.conditions?.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]), [
    ["NetworkUnavailable", "2026-01-01T00:00:05Z"],
    ["MemoryPressure", "2026-01-01T00:00:00Z"],
    ["DiskPressure", "2026-01-01T00:00:00Z"],
    ["PIDPressure", "2026-01-01T00:00:00Z"],
    ["Ready", "2026-01-01T00:00:05Z"],
  ]);
  equal(nodeStatus(later_, later(60, { runtime: undefined })), later_, "what was said last holds");
});

Deno.test("networkTrouble() is the runtime's word", () => {
  const told = (status: boolean) => [
    { type: "RuntimeReady", status: true, reason: "", message: "" },
    { type: "NetworkReady", status, reason: "NetworkPluginNotReady", message: "no CNI configuration" },
  ];
  deepEqual(networkTrouble(told(true)), {});
  deepEqual(networkTrouble(told(false)), {
    network: "NetworkReady=false reason:NetworkPluginNotReady message:no CNI configuration",
  });
});

Deno.test("nodeStatus() says how much swap there is", () => {
  const swap = (swapBytes: number) =>
    nodeStatus(undefined, { ...given, facts: { ...facts, swapBytes } }).nodeInfo?.swap;
  deepEqual([swap(0), swap(4096)], [undefined, { capacity: 4096 }]);
});

Deno.test("nodeStatus() keeps what it knew of the runtime until that has answered", () => {
  const status = nodeStatus(undefined, given);
  const next = nodeStatus(status, later(60, { runtime: undefined, addresses: [] }));
  equal(next.nodeInfo?.containerRuntimeVersion, "containerd://1.6.20");
  equal(next.images?.length, 2);
});

Deno.test("nodeStatus() names no more than fifty images unless configured, and five names of each", () => {
  const names = Array.from({ length: 9 }, (_, i) => `name:${i}`);
  const images = Array.from({ length: 80 }, (_, i) => ({ names, sizeBytes: i }));
  const status = nodeStatus(undefined, { ...given, runtime: { ...runtime, images } });
  equal(status.images?.length, 50);
  equal(status.images![0].sizeBytes, 79);
  ok(status.images!.every((image) => image.names!.length === 5));
  for (const [maxImages, named] of [[0, 0], [60, 60], [-1, 80]]) {
    equal(nodeStatus(undefined, { ...given, maxImages, runtime: { ...runtime, images } }).images?.length, named);
  }
});

Deno.test("nodeStatus() leaves readiness as it was while nobody knows it", () => {
  const first = nodeStatus(undefined, later(0, { notReady: null }));
  const of = ({ conditions }: typeof first) => conditions?.at(-1);
  deepEqual([of(first)?.status, of(first)?.message], [
    "False",
    "container runtime status check may not have completed yet",
  ]);
  const known = nodeStatus(first, later(1));
  equal(of(known)?.status, "True");
  equal(nodeStatus(known, later(60, { notReady: null })), known);
});

Deno.test("nodeStatus() says what the node is short of, in kubelet's words", () => {
  const status = nodeStatus(undefined, given);
  const next = nodeStatus(status, later(60, { pressures: ["MemoryPressure", "PIDPressure"] }));
  const of = (type: string) => next.conditions?.find((condition) => condition.type === type);
  deepEqual([of("MemoryPressure")?.status, of("MemoryPressure")?.reason, of("MemoryPressure")?.message], [
    "True",
    "KubeletHasInsufficientMemory",
    "kubelet has insufficient memory available",
  ]);
  equal(of("MemoryPressure")?.lastTransitionTime, "2026-01-01T00:01:00Z");
  deepEqual([of("PIDPressure")?.status, of("PIDPressure")?.reason], ["True", "KubeletHasInsufficientPID"]);
  deepEqual([of("DiskPressure")?.status, of("DiskPressure")?.lastTransitionTime], ["False", "2026-01-01T00:00:00Z"]);
  equal(of("Ready")?.status, "True");
});
