import { deepEqual } from "node:assert/strict";
import { Records } from "../../net/dns/records.ts";
import { type EndpointMap, listOf, type ProxyService } from "../../net/proxy/mod.ts";
import { TestStore } from "../controllers/testing.ts";
import { ServiceFeed } from "./service_feed.ts";

const service = (name: string, clusterIP: string, more: Record<string, unknown> = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace: "default", name, ...more },
  spec: { clusterIP, clusterIPs: [clusterIP], ports: [{ port: 80, protocol: "TCP" }] },
});
const slice = (name: string, of: string | undefined, ...addresses: string[]) => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { namespace: "default", name, labels: of ? { "kubernetes.io/service-name": of } : {} },
  addressType: "IPv4",
  endpoints: addresses.map((address) => ({ addresses: [address] })),
  ports: [{ port: 8080, protocol: "TCP" }],
});

class Proxy {
  told: [readonly ProxyService[], EndpointMap][] = [];
  sync(services: readonly ProxyService[], endpoints: EndpointMap) {
    this.told.push([services, endpoints]);
    return Promise.resolve({ problems: [] });
  }
  /** `name=address,…` of the newest. */
  get now(): string[] {
    const [services, endpoints] = this.told.at(-1)!;
    return services.map(({ name }) =>
      `${name}=${listOf(endpoints.get(`default/${name}`)).map(({ address }) => address)}`
    ).sort();
  }
}

async function setUp(
  test: (parts: { store: TestStore; proxy: Proxy; records: Records; problems: string[] }) => Promise<void>,
) {
  await using store = new TestStore();
  await store.put(service("web", "10.96.0.20"));
  await store.put(slice("web-1", "web", "10.244.0.5"));
  const proxy = new Proxy(), records = new Records(), problems: string[] = [];
  const feed = new ServiceFeed({
    stores: [store.store],
    nodeName: "edge-1",
    proxy,
    records,
    report: ({ service, message }) => problems.push(`${service}: ${message}`),
  });
  feed.start();
  await store.settle();
  await test({ store, proxy, records, problems });
  feed.stop();
  const calls = proxy.told.length;
  await store.put(service("late", "10.96.0.99"));
  await store.settle();
  deepEqual(proxy.told.length, calls, "nothing is told after the end");
}

Deno.test("what was there at the start and every change reaches the proxy, unchanged parts as the same objects", () =>
  setUp(async ({ store, proxy }) => {
    deepEqual(proxy.now, ["web=10.244.0.5"]);
    const [[web], endpoints] = proxy.told[0];
    await store.put(service("api", "10.96.0.30"));
    await store.put(slice("api-1", "api", "10.244.0.6"));
    await store.settle();
    deepEqual(proxy.now, ["api=10.244.0.6", "web=10.244.0.5"]);
    const [services, now] = proxy.told.at(-1)!;
    deepEqual(services.includes(web), true);
    deepEqual(now.get("default/web") === endpoints.get("default/web"), true);
    await store.put(slice("web-2", "web", "10.244.0.7"));
    await store.settle();
    deepEqual(proxy.now, ["api=10.244.0.6", "web=10.244.0.5,10.244.0.7"]);
    await store.remove("EndpointSlice", "default", "web-1");
    await store.remove("Service", "default", "api");
    await store.settle();
    deepEqual(proxy.now, ["web=10.244.0.7"]);
  }));

Deno.test("a slice follows its label from one Service to another", () =>
  setUp(async ({ store, proxy }) => {
    await store.put(service("api", "10.96.0.30"));
    await store.put(slice("web-1", "api", "10.244.0.5"));
    await store.settle();
    deepEqual(proxy.now, ["api=10.244.0.5", "web="]);
    await store.put(slice("web-1", undefined, "10.244.0.5"));
    await store.settle();
    deepEqual(proxy.now, ["api=", "web="]);
  }));

Deno.test("a Service that turns headless is the proxy's no more, and DNS has its endpoints", () =>
  setUp(async ({ store, proxy, records }) => {
    await store.put(service("web", "None"));
    await store.settle();
    deepEqual(proxy.now, []);
    const web = records.service("default", "web")!;
    deepEqual([...records.slices(web)].map(({ endpoints }) => endpoints), [
      [{ addresses: ["10.244.0.5"], ready: true }],
    ]);
    await store.remove("Service", "default", "web");
    await store.settle();
    deepEqual(records.service("default", "web"), undefined);
  }));

Deno.test("a node that moves to another zone sees hints anew", () =>
  setUp(async ({ store, proxy }) => {
    const hints = () => listOf(proxy.told.at(-1)![1].get("default/web")).map(({ hints }) => hints?.zone);
    const { endpoints: [endpoint], ...rest } = slice("web-1", "web", "10.244.0.5");
    await store.put({ ...rest, endpoints: [{ ...endpoint, hints: { forZones: [{ name: "roof" }] } }] });
    await store.settle();
    deepEqual(hints(), [false]);
    const node = (name: string, zone: string) => ({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name, labels: { "topology.kubernetes.io/zone": zone } },
    });
    await store.put(node("edge-1", "roof"));
    await store.settle();
    deepEqual(hints(), [true]);
    const told = proxy.told.length;
    await store.put(node("edge-2", "cellar"));
    await store.settle();
    deepEqual([hints(), proxy.told.length], [[true], told]);
    await store.put(node("edge-1", "cellar"));
    await store.settle();
    deepEqual(hints(), [false]);
  }));

Deno.test("an annotation that says nothing is told of", () =>
  setUp(async ({ store, problems }) => {
    await store.put(service("web", "10.96.0.20", { annotations: { "dev.islet/load-balancing": "best" } }));
    await store.settle();
    deepEqual(problems.length, 1);
  }));
