import { deepEqual, equal } from "node:assert/strict";
import { TestStore } from "../controllers/testing.ts";
import type { Service } from "../objects/mod.ts";
import { testService } from "./endpoints/testing.ts";
import { ingressOf, type LoadBalancerMode, LoadBalancers } from "./load_balancer.ts";

const balanced = (spec: Partial<Service["spec"]> = {}, ingress?: string[]) => ({
  ...testService("web", { type: "LoadBalancer", ...spec }),
  ...(ingress ? { status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } } } : {}),
});

const node = ["192.0.2.1", "2001:db8::1"];
const cases: [name: string, service: Service, mode: LoadBalancerMode, expected: string[] | undefined][] = [
  ["the node's address of the Service's family", balanced(), "node", ["192.0.2.1"]],
  ["one of each family", balanced({ ipFamilies: ["IPv4", "IPv6"] }), "node", node],
  [
    "none where the Service is of another type, whatever it had",
    {
      ...balanced({}, ["192.0.2.1"]),
      spec: testService("web").spec,
    },
    "node",
    [],
  ],
  [
    "nothing is said where a class is named",
    balanced({ loadBalancerClass: "metal" }, ["198.51.100.1"]),
    "node",
    undefined,
  ],
  ["nothing is said where the node is not to be it", balanced({}, ["198.51.100.1"]), "none", undefined],
  ["what the node said before goes when it is not to be it", balanced({}, ["192.0.2.1"]), "none", []],
  ["the address that is asked for, if it is the node's", balanced({ loadBalancerIP: "192.0.2.1" }), "node", [
    "192.0.2.1",
  ]],
  ["none where another address is asked for", balanced({ loadBalancerIP: "198.51.100.1" }), "node", []],
];
for (const [name, service, mode, expected] of cases) {
  Deno.test(`ingressOf(): ${name}`, () => deepEqual(ingressOf(service, node, mode)?.map(({ ip }) => ip), expected));
}

Deno.test("load balancers follow the node's addresses, and write only what changes", async () => {
  await using store = new TestStore();
  let addresses = ["192.0.2.1"];
  const balancers = new LoadBalancers({ ...store, store: store.store, mode: "node", addresses: () => addresses });
  balancers.start();
  await store.put(balanced());
  await store.put(testService("plain"));
  await store.settle(balancers);
  const ingress = () => store.get<Service>("Service", "default", "web")!.status?.loadBalancer?.ingress;
  deepEqual(ingress(), [{ ip: "192.0.2.1", ipMode: "VIP" }]);
  const { writes } = store;
  balancers.wake();
  await store.settle(balancers);
  equal(store.writes, writes);
  addresses = ["192.0.2.9"];
  balancers.wake();
  await store.settle(balancers);
  deepEqual(ingress()!.map(({ ip }) => ip), ["192.0.2.9"]);
  await balancers.stop();
});
