import { deepEqual, equal, ok } from "node:assert/strict";
import { TestStore } from "../../controllers/testing.ts";
import type { Endpoints, EndpointSlice, Service } from "../../objects/mod.ts";
import { MemoryStore, type StoreObject } from "../../store/mod.ts";
import { EndpointsController } from "./controller.ts";
import { testPod, testService } from "./testing.ts";

class Node extends TestStore {
  memory = new MemoryStore({ log: this.log, clock: this.clock, versions: this.store });
  controller = this.make();
  /** How often anything was written to memory. */
  derived = 0;

  make() {
    return new EndpointsController({ ...this, events: this.events });
  }

  async begin() {
    this.memory.watch(() => void this.derived++);
    await this.controller.start();
  }

  settled() {
    return this.settle(this.controller);
  }

  /** `ready` addresses, `(not ready)` ones, of all slices of a Service. */
  addresses(name: string): string[] {
    return this.controller.slices.of(`default/${name}`).flatMap(({ endpoints = [] }) =>
      endpoints.map(({ addresses, conditions }) => conditions?.ready ? addresses![0] : `(${addresses![0]})`)
    ).sort();
  }

  endpoints(name: string): Endpoints | undefined {
    return this.memory.get<Endpoints>("local", "Endpoints", "default", name);
  }

  ready(name: string, ready: boolean) {
    const pod = this.pod(name)!;
    const status = { ...pod.status, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] };
    this.store.putStatus("local", "Pod", "default", name, pod.metadata.uid!, status);
  }

  override async [Symbol.asyncDispose]() {
    await this.controller.stop();
    await super[Symbol.asyncDispose]();
  }
}

const web = (spec: Partial<Service["spec"]> = {}) => testService("web", { selector: { app: "web" }, ...spec });
const pod = (name: string, ip: string, ready = true) => testPod(name, { labels: { app: "web" }, ips: [ip], ready });

Deno.test("a Service's endpoints follow its pods, in memory alone", async () => {
  await using node = new Node();
  await node.put(web());
  await node.put(pod("a", "10.0.0.1"));
  await node.begin();
  deepEqual(node.addresses("web"), ["10.0.0.1"]);
  await node.put(pod("b", "10.0.0.2", false));
  await node.settled();
  deepEqual(node.addresses("web"), ["(10.0.0.2)", "10.0.0.1"]);
  deepEqual(
    node.endpoints("web")!.subsets!.map(({ addresses, notReadyAddresses }) =>
      [addresses, notReadyAddresses].map((each) => each!.map(({ ip }) => ip))
    ),
    [[["10.0.0.1"], ["10.0.0.2"]]],
  );
  node.ready("b", true);
  await node.settled();
  deepEqual(node.addresses("web"), ["10.0.0.1", "10.0.0.2"]);
  await node.remove("Pod", "default", "a");
  await node.settled();
  deepEqual(node.addresses("web"), ["10.0.0.2"]);
  deepEqual(node.store.kinds().sort(), ["Pod", "Service"]);
});

Deno.test("what says nothing of endpoints writes none", async () => {
  await using node = new Node();
  await node.put(web());
  await node.put(testService("other", { selector: { app: "other" } }));
  await node.put(pod("a", "10.0.0.1"));
  await node.begin();
  const before = node.derived;
  const { uid } = node.pod("a")!.metadata;
  node.store.putStatus("local", "Pod", "default", "a", uid!, { ...node.pod("a")!.status, message: "hm" });
  await node.put(testPod("stranger", { labels: { app: "db" }, ips: ["10.0.0.9"] }));
  await node.settled();
  equal(node.derived, before);
  node.ready("a", false);
  await node.settled();
  equal(node.derived, before + 2, "a slice and the Endpoints of one Service");
});

Deno.test("after a restart the slices are as they were, and complete at once", async () => {
  await using node = new Node();
  await node.put(web());
  for (let at = 1; at <= 3; at++) await node.put(pod(`p${at}`, `10.0.0.${at}`));
  await node.begin();
  const shape = (controller: EndpointsController) =>
    controller.slices.of("default/web").map(({ metadata: { name, labels }, endpoints, ports }) => ({
      name,
      labels,
      endpoints,
      ports,
    }));
  const before = shape(node.controller);
  equal(before.length, 1);
  await node.controller.stop();
  node.memory = new MemoryStore({ log: node.log, clock: node.clock, versions: node.store });
  node.controller = node.make();
  await node.controller.start();
  deepEqual(shape(node.controller), before);
});

Deno.test("what somebody changes or deletes of a Service's endpoints is put right again", async () => {
  await using node = new Node();
  await node.put(web());
  await node.put(pod("a", "10.0.0.1"));
  await node.begin();
  const [slice] = node.controller.slices.of("default/web");
  const change = (kind: string, name: string, make: (object: StoreObject) => StoreObject | undefined) =>
    node.memory.change<StoreObject>("local", kind, "default", name, (current) => make(current!));
  await change(
    "EndpointSlice",
    slice.metadata.name,
    (object) => ({ ...object, endpoints: [] } as unknown as StoreObject),
  );
  await change("Endpoints", "web", (object) => ({ ...object, subsets: [] } as unknown as StoreObject));
  await node.settled();
  deepEqual(node.addresses("web"), ["10.0.0.1"]);
  equal(node.endpoints("web")!.subsets![0].addresses![0].ip, "10.0.0.1");
  await change("EndpointSlice", slice.metadata.name, () => undefined);
  await change("Endpoints", "web", () => undefined);
  await node.settled();
  deepEqual(node.addresses("web"), ["10.0.0.1"]);
  ok(node.endpoints("web"));
});

Deno.test("a Service that goes takes its slices and Endpoints with it, hand-written Endpoints too", async () => {
  await using node = new Node();
  await node.put(web());
  await node.put(testService("bare", {}));
  await node.put({
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name: "bare", namespace: "default" },
    subsets: [],
  });
  await node.put(pod("a", "10.0.0.1"));
  await node.begin();
  await node.remove("Service", "default", "web");
  await node.remove("Service", "default", "bare");
  await node.settled();
  deepEqual([node.addresses("web"), node.endpoints("web"), node.get("Endpoints", "default", "bare")], [
    [],
    undefined,
    undefined,
  ]);
  deepEqual(node.memory.list("EndpointSlice"), []);
});

Deno.test("without its selector a Service keeps its endpoints, on disk; with one again the controller has them", async () => {
  await using node = new Node();
  await node.put(web());
  await node.put(pod("a", "10.0.0.1"));
  await node.begin();
  await node.put(testService("web", {}));
  await node.settled();
  await node.remove("Pod", "default", "a");
  await node.settled();
  const kept = node.store.list<EndpointSlice>("EndpointSlice").map(({ object }) => object.endpoints![0].addresses);
  deepEqual(kept, [["10.0.0.1"]]);
  equal(node.get<Endpoints>("Endpoints", "default", "web")!.subsets![0].addresses![0].ip, "10.0.0.1");
  await node.put(pod("b", "10.0.0.2"));
  await node.put(web());
  await node.settled();
  deepEqual(node.addresses("web"), ["10.0.0.2"]);
  deepEqual(node.store.kinds().sort(), ["Pod", "Service"]);
});

Deno.test("hand-written slices are left alone, and seen beside a Service's own", async () => {
  await using node = new Node();
  await node.put(web());
  await node.put(pod("a", "10.0.0.1"));
  const mine = await node.put({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "mine", namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["192.0.2.7"], conditions: { ready: true } }],
    ports: [{ name: "", port: 80, protocol: "TCP" }],
  });
  await node.begin();
  deepEqual(node.addresses("web"), ["10.0.0.1", "192.0.2.7"]);
  await node.remove("Pod", "default", "a");
  await node.settled();
  deepEqual(node.addresses("web"), ["192.0.2.7"]);
  equal(node.get("EndpointSlice", "default", "mine"), mine);
});

Deno.test("hand-written Endpoints of a Service without a selector are said again as slices", async () => {
  await using node = new Node();
  const written = (ip: string, labels: Record<string, string> = {}) => ({
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name: "db", namespace: "default", labels },
    subsets: [{ addresses: [{ ip }], ports: [{ port: 5432, protocol: "TCP" }] }],
  });
  await node.put(testService("db", {}));
  await node.begin();
  await node.put(written("192.0.2.1"));
  await node.settled();
  const [first] = node.controller.slices.of("default/db");
  equal(first.metadata.labels!["endpointslice.kubernetes.io/managed-by"], "endpointslicemirroring-controller.k8s.io");
  await node.put(written("192.0.2.2"));
  await node.settled();
  deepEqual(node.addresses("db"), ["192.0.2.2"]);
  equal(node.controller.slices.of("default/db")[0].metadata.name, first.metadata.name);
  await node.put(written("192.0.2.2", { "endpointslice.kubernetes.io/skip-mirror": "true" }));
  await node.settled();
  deepEqual(node.addresses("db"), []);
});

Deno.test("a node that moves to another zone takes its endpoints along, and their hints", async () => {
  await using node = new Node();
  const inZone = (zone: string) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "edge-1", labels: { "topology.kubernetes.io/zone": zone } },
  });
  await node.put(inZone("cellar"));
  await node.put(web());
  await node.put(pod("a", "10.0.0.1"));
  await node.begin();
  const endpoint = () => node.controller.slices.of("default/web")[0].endpoints![0];
  equal(endpoint().zone, "cellar");
  await node.put(inZone("roof"));
  await node.settled();
  deepEqual([endpoint().zone, endpoint().hints], ["roof", undefined]);
  await node.put(web({ trafficDistribution: "PreferSameZone" }));
  await node.settled();
  deepEqual(endpoint().hints, { forZones: [{ name: "roof" }] });
  await node.put(inZone("attic"));
  await node.settled();
  deepEqual(endpoint().hints, { forZones: [{ name: "attic" }] });
  await node.put(web());
  await node.settled();
  equal(endpoint().hints, undefined);
});
