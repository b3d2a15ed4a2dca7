import { deepEqual } from "node:assert/strict";
import type { Pod, Service } from "../../objects/mod.ts";
import { serviceGroups, serviceTemplate } from "./service_slices.ts";
import { testPod, testService } from "./testing.ts";

/** `IPv4 8080: 10.0.0.1 ready,serving` for each group. */
function shown(service: Service, pods: Pod[]): string[] {
  return serviceGroups(service, pods).map(({ addressType, ports, endpoints }) => {
    const each = endpoints.map(({ addresses, conditions }) => {
      const { ready, serving, terminating } = conditions!;
      return [addresses!.join("+"), ready && "ready", serving && "serving", terminating && "terminating"]
        .filter(Boolean).join(",");
    });
    return `${addressType} ${ports.map(({ name, port, protocol }) => `${name}${protocol}${port}`)}: ${each.join(" ")}`;
  });
}

const named = (name: string, containerPort: number, more: Record<string, unknown> = {}) => ({
  containers: [{ name: "main", image: "busybox", ports: [{ name, containerPort, protocol: "TCP" as const }] }],
  ...more,
});
const byName = { ports: [{ port: 80, targetPort: "http", protocol: "TCP" as const }] };
const dual = { ipFamilies: ["IPv4" as const, "IPv6" as const] };

const cases: [name: string, spec: Partial<Service["spec"]>, pods: Pod[], expected: string[]][] = [
  ["a ready pod is ready and serving", {}, [testPod("a", { ips: ["10.0.0.1"] })], [
    "IPv4 TCP8080: 10.0.0.1,ready,serving",
  ]],
  ["one that is not is there all the same", {}, [testPod("a", { ips: ["10.0.0.1"], ready: false })], [
    "IPv4 TCP8080: 10.0.0.1",
  ]],
  ["one that ends serves and is not ready", {}, [testPod("a", { ips: ["10.0.0.1"], ending: true })], [
    "IPv4 TCP8080: 10.0.0.1,serving,terminating",
  ]],
  [
    "publishNotReadyAddresses calls all of them ready",
    { publishNotReadyAddresses: true },
    [testPod("a", { ips: ["10.0.0.1"], ready: false }), testPod("b", { ips: ["10.0.0.2"], ending: true })],
    ["IPv4 TCP8080: 10.0.0.1,ready 10.0.0.2,ready,serving,terminating"],
  ],
  [
    "pods without address and pods that are over are left out",
    {},
    [
      testPod("a"),
      testPod("b", { ips: ["10.0.0.2"], phase: "Succeeded" }),
      testPod("c", { ips: ["10.0.0.3"], phase: "Failed" }),
    ],
    ["IPv4 : "],
  ],
  [
    "a named port is each pod's own, of any of its containers, sidecars too",
    byName,
    [
      testPod("a", { ips: ["10.0.0.1"], spec: named("http", 8080) }),
      testPod("b", { ips: ["10.0.0.2"], spec: named("http", 9090) }),
      testPod("c", {
        ips: ["10.0.0.3"],
        spec: {
          initContainers: [{ ...named("http", 8080).containers[0], name: "side", restartPolicy: "Always" }],
          containers: [{ name: "main", image: "busybox" }],
        },
      }),
    ],
    ["IPv4 TCP8080: 10.0.0.1,ready,serving 10.0.0.3,ready,serving", "IPv4 TCP9090: 10.0.0.2,ready,serving"],
  ],
  [
    "a pod without the port is there without it",
    { ports: [...byName.ports.map((port) => ({ ...port, name: "w" })), { name: "m", port: 9 }] },
    [testPod("a", { ips: ["10.0.0.1"] })],
    ["IPv4 mTCP9: 10.0.0.1,ready,serving"],
  ],
  [
    "a port of another protocol is another port",
    { ports: [{ port: 80, targetPort: "http", protocol: "UDP" }] },
    [testPod("a", { ips: ["10.0.0.1"], spec: named("http", 8080) })],
    ["IPv4 : 10.0.0.1,ready,serving"],
  ],
  [
    "a headless Service needs no ports",
    { clusterIP: "None", clusterIPs: ["None"], ports: undefined },
    [testPod("a", { ips: ["10.0.0.1"] })],
    ["IPv4 : 10.0.0.1,ready,serving"],
  ],
  [
    "two families are slices of their own, with the pods that have them",
    dual,
    [testPod("a", { ips: ["10.0.0.1", "fd00::1"] }), testPod("b", { ips: ["10.0.0.2"] })],
    ["IPv4 TCP8080: 10.0.0.1,ready,serving 10.0.0.2,ready,serving", "IPv6 TCP8080: fd00::1,ready,serving"],
  ],
  ["a family that nobody has is said to be empty", dual, [testPod("a", { ips: ["10.0.0.1"] })], [
    "IPv4 TCP8080: 10.0.0.1,ready,serving",
    "IPv6 : ",
  ]],
  [
    "a pod on the host's network has the host's address",
    {},
    [testPod("a", { ips: ["192.0.2.1"], spec: { hostNetwork: true } })],
    ["IPv4 TCP8080: 192.0.2.1,ready,serving"],
  ],
];
for (const [name, spec, pods, expected] of cases) {
  Deno.test(`serviceGroups(): ${name}`, () => deepEqual(shown(testService("web", spec), pods), expected));
}

Deno.test("serviceGroups() names pod, node, zone, and the hostname that the Service's domain gives", () => {
  const hostOf = (spec: Partial<Pod["spec"]>) => {
    const pods = [testPod("a", { ips: ["10.0.0.1"], spec })];
    return serviceGroups(testService("web"), pods, (node) => `zone of ${node}`)[0].endpoints[0];
  };
  deepEqual(hostOf({ hostname: "db-0", subdomain: "web" }), {
    addresses: ["10.0.0.1"],
    conditions: { ready: true, serving: true, terminating: false },
    hostname: "db-0",
    targetRef: { kind: "Pod", namespace: "default", name: "a", uid: "uid-of-a" },
    nodeName: "edge-1",
    zone: "zone of edge-1",
  });
  deepEqual(hostOf({ hostname: "db-0", subdomain: "other" }).hostname, undefined);
});

Deno.test("serviceTemplate() has the Service's labels, and those that only it may say", () => {
  const labels = { app: "web", "endpointslice.kubernetes.io/managed-by": "me", "service.kubernetes.io/headless": "" };
  deepEqual(serviceTemplate(testService("web", {}, { labels })).labels, {
    app: "web",
    "kubernetes.io/service-name": "web",
    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
  });
  const headless = serviceTemplate(testService("web", { clusterIP: "None" })).labels;
  deepEqual(headless["service.kubernetes.io/headless"], "");
});
