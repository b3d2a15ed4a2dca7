import { deepEqual, equal } from "node:assert/strict";
import type { EndpointSlice, Service } from "../objects/mod.ts";
import { annotationProblem, proxyEndpoints, proxyService } from "./proxy_inputs.ts";

const service = (spec: Service["spec"], more: Partial<Service> = {}): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace: "shop", name: "web", ...more.metadata },
  spec,
  ...(more.status ? { status: more.status } : {}),
});
const ports: Service["spec"]["ports"] = [{ name: "http", port: 80, nodePort: 30080, protocol: "TCP" }];
const ready = { clusterIP: "10.96.0.20", clusterIPs: ["10.96.0.20"], ports };

const nothing: [string, Service["spec"]][] = [
  ["headless", { clusterIP: "None", clusterIPs: ["None"], ports }],
  ["a name for another", { type: "ExternalName", externalName: "example.org" }],
  ["without an address yet", { ports }],
];
for (const [what, spec] of nothing) {
  Deno.test(`the proxy has nothing to do for a Service that is ${what}`, () => {
    equal(proxyService(service(spec)), undefined);
  });
}

Deno.test("a node port counts where the type has some, addresses of a balancer where it is one", () => {
  const asked = (spec: Partial<Service["spec"]>, status?: Service["status"]) => {
    const made = proxyService(service({ ...ready, ...spec }, { status } as Partial<Service>))!;
    return [made.ports[0].nodePort, made.loadBalancerIPs, made.healthCheckNodePort];
  };
  const status = {
    loadBalancer: {
      ingress: [{ ip: "192.0.2.1" }, { ip: "192.0.2.2", ipMode: "Proxy" }, { hostname: "lb.example" }],
    },
  };
  deepEqual(asked({ type: "ClusterIP" }, status), [undefined, undefined, undefined]);
  deepEqual(asked({ type: "NodePort" }, status), [30080, undefined, undefined]);
  deepEqual(asked({ type: "LoadBalancer", healthCheckNodePort: 31000 }, status), [30080, ["192.0.2.1"], 31000]);
});

Deno.test("policies, affinity and the choice of endpoints have Kubernetes' defaults", () => {
  const plain = proxyService(service(ready))!;
  deepEqual(
    [plain.internalTrafficPolicy, plain.externalTrafficPolicy, plain.affinitySeconds, plain.algorithm],
    ["Cluster", "Cluster", undefined, undefined],
  );
  equal(proxyService(service({ ...ready, sessionAffinity: "ClientIP" }))!.affinitySeconds, 10_800);
  const sticky = { sessionAffinity: "ClientIP" as const, sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } };
  equal(proxyService(service({ ...ready, ...sticky }))!.affinitySeconds, 60);
  const annotated = (value: string) => {
    const object = service(ready);
    object.metadata.annotations = { "dev.islet/load-balancing": value };
    return [proxyService(object)!.algorithm, annotationProblem(object)];
  };
  deepEqual(annotated("round-robin"), ["round-robin", undefined]);
  deepEqual(annotated("fastest"), [
    undefined,
    'annotation dev.islet/load-balancing: "fastest" is none of random, round-robin, source-hash',
  ]);
});

const slice = (more: Partial<EndpointSlice>): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { namespace: "shop", name: "web-1" },
  addressType: "IPv4",
  ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  ...more,
});

Deno.test("endpoints are those of all slices, each once, with conditions that are not told taken as ready", () => {
  const found = proxyEndpoints([
    slice({ endpoints: [{ addresses: ["10.244.0.5"], nodeName: "edge-1", conditions: { ready: false } }] }),
    slice({
      endpoints: [
        { addresses: ["10.244.0.5"], nodeName: "edge-1" },
        { addresses: ["10.9.0.1", "10.9.0.2"], conditions: { ready: false, serving: true, terminating: true } },
        { addresses: [] },
      ],
    }),
    slice({ addressType: "FQDN", endpoints: [{ addresses: ["a.example"] }] }),
    slice({ ports: [{ name: "any" }], endpoints: [{ addresses: ["10.9.0.9"] }] }),
  ], { nodeName: "edge-1" });
  const common = { portName: "http", protocol: "TCP", port: 8080 };
  deepEqual(found, [
    { ...common, address: "10.244.0.5", ready: true, serving: true, terminating: false, local: true },
    { ...common, address: "10.9.0.1", ready: false, serving: true, terminating: true, local: false },
  ]);
});

Deno.test("hints of endpoints are seen from this node and its zone", () => {
  const hints = (hints: NonNullable<EndpointSlice["endpoints"]>[number]["hints"], zone?: string) =>
    proxyEndpoints([slice({ endpoints: [{ addresses: ["10.9.0.1"], hints }] })], {
      nodeName: "edge-1",
      ...(zone ? { zone } : {}),
    })[0].hints;
  const [cellar, roof] = [{ forZones: [{ name: "cellar" }] }, { forZones: [{ name: "roof" }, { name: "yard" }] }];
  deepEqual(hints(undefined, "cellar"), undefined);
  deepEqual(hints({}, "cellar"), undefined);
  deepEqual(hints(cellar, "cellar"), { zone: true });
  deepEqual(hints(roof, "cellar"), { zone: false });
  deepEqual(hints(cellar), { zone: false });
  deepEqual(hints({ ...roof, forNodes: [{ name: "edge-2" }, { name: "edge-1" }] }, "yard"), { node: true, zone: true });
});
