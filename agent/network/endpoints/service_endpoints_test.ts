import { deepEqual, equal } from "node:assert/strict";
import type { Endpoints, Pod, Service } from "../../objects/mod.ts";
import { mostAddresses, serviceEndpoints } from "./service_endpoints.ts";
import { testPod, testService } from "./testing.ts";

/** `80,443: 10.0.0.1 10.0.0.2 (10.0.0.3)` for each subset; in brackets what is not ready. */
function shown({ subsets = [] }: Endpoints): string[] {
  return subsets.map(({ addresses = [], notReadyAddresses = [], ports = [] }) =>
    `${ports.map(({ port }) => port).join()}: ${
      [...addresses.map(({ ip }) => ip), ...notReadyAddresses.map(({ ip }) => `(${ip})`)].join(" ")
    }`
  );
}

const http = (containerPort: number) => ({
  containers: [{ name: "main", image: "busybox", ports: [{ name: "http", containerPort }] }],
});

const cases: [name: string, spec: Partial<Service["spec"]>, pods: Pod[], expected: string[]][] = [
  [
    "pods that are ready and pods that are not, in the order of their addresses",
    {},
    [
      testPod("c", { ips: ["10.0.0.3"], ready: false }),
      testPod("b", { ips: ["10.0.0.2"] }),
      testPod("a", { ips: ["10.0.0.1"] }),
    ],
    ["8080: 10.0.0.1 10.0.0.2 (10.0.0.3)"],
  ],
  ["a pod that ends is left out", {}, [testPod("a", { ips: ["10.0.0.1"], ending: true })], []],
  [
    "publishNotReadyAddresses takes all in",
    { publishNotReadyAddresses: true },
    [testPod("a", { ips: ["10.0.0.1"], ready: false }), testPod("b", { ips: ["10.0.0.2"], ending: true })],
    ["8080: 10.0.0.1 10.0.0.2"],
  ],
  [
    "ports of the same pods are together, others apart",
    { ports: [{ name: "w", port: 80, targetPort: "http" }, { name: "m", port: 9000 }] },
    [
      testPod("a", { ips: ["10.0.0.1"], spec: http(8080) }),
      testPod("b", { ips: ["10.0.0.2"], spec: http(9090) }),
    ],
    ["8080: 10.0.0.1", "9000: 10.0.0.1 10.0.0.2", "9090: 10.0.0.2"],
  ],
  ["all ports of a pod are one subset", { ports: [{ name: "a", port: 1 }, { name: "b", port: 2 }] }, [
    testPod("a", { ips: ["10.0.0.1"] }),
  ], ["1,2: 10.0.0.1"]],
  [
    "a headless Service needs no ports",
    { clusterIP: "None", ports: undefined },
    [testPod("a", { ips: ["10.0.0.1"] })],
    [
      ": 10.0.0.1",
    ],
  ],
  ["of two families the Service's first counts", { ipFamilies: ["IPv6", "IPv4"] }, [
    testPod("a", { ips: ["10.0.0.1", "fd00::1"] }),
  ], ["8080: fd00::1"]],
];
for (const [name, spec, pods, expected] of cases) {
  Deno.test(`serviceEndpoints(): ${name}`, () => {
    deepEqual(shown(serviceEndpoints(testService("web", spec), pods)), expected);
  });
}

Deno.test("serviceEndpoints() has the Service's labels and says who keeps it; others' annotations stay", () => {
  const service = testService("web", { clusterIP: "None" }, { labels: { app: "web" } });
  const current: Endpoints = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name: "web", namespace: "default", uid: "u", labels: { old: "yes" }, annotations: { note: "mine" } },
  };
  deepEqual(serviceEndpoints(service, [], current), {
    ...current,
    metadata: {
      ...current.metadata,
      labels: {
        app: "web",
        "service.kubernetes.io/headless": "",
        "endpoints.kubernetes.io/managed-by": "endpoint-controller",
      },
    },
  });
});

Deno.test("serviceEndpoints() leaves out what one object cannot hold, first what is not ready, and says so", () => {
  const pods = (count: number, ready: boolean) =>
    Array.from(
      { length: count },
      (_, at) => testPod(`${ready}-${at}`, { ips: [`10.${ready ? 0 : 1}.${at >> 8}.${at & 255}`], ready }),
    );
  const counts = (ready: number, notReady: number) => {
    const { subsets = [], metadata } = serviceEndpoints(testService("web"), [
      ...pods(ready, true),
      ...pods(notReady, false),
    ]);
    const { addresses = [], notReadyAddresses = [] } = subsets[0];
    return [
      addresses.length,
      notReadyAddresses.length,
      metadata.annotations?.["endpoints.kubernetes.io/over-capacity"],
    ];
  };
  deepEqual(counts(900, 100), [900, 100, undefined]);
  deepEqual(counts(900, 101), [900, 100, "truncated"]);
  deepEqual(counts(1001, 5), [mostAddresses, 0, "truncated"]);
  const whole = serviceEndpoints(testService("web"), pods(1001, true));
  equal(serviceEndpoints(testService("web"), pods(1, true), whole).metadata.annotations, undefined);
});
