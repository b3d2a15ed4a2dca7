import { deepEqual } from "node:assert/strict";
import { apiService } from "../controllers/api_service.ts";
import type { Service } from "../objects/mod.ts";
import { testPod, testService } from "./endpoints/testing.ts";
import { serviceEnv } from "./service_env.ts";

const apiAt = (address: string) => apiService({ addresses: [address], port: 6550 })[0] as unknown as Service;

const apiEnv = {
  KUBERNETES_SERVICE_HOST: "10.96.0.1",
  KUBERNETES_SERVICE_PORT: "443",
  KUBERNETES_SERVICE_PORT_HTTPS: "443",
  KUBERNETES_PORT: "tcp://10.96.0.1:443",
  KUBERNETES_PORT_443_TCP: "tcp://10.96.0.1:443",
  KUBERNETES_PORT_443_TCP_PROTO: "tcp",
  KUBERNETES_PORT_443_TCP_PORT: "443",
  KUBERNETES_PORT_443_TCP_ADDR: "10.96.0.1",
};

const two = testService("my-db", {
  clusterIP: "10.96.0.7",
  ports: [{ name: "sql", port: 5432, protocol: "TCP" }, { name: "st-at", port: 8125, protocol: "UDP" }],
});
const twoEnv = {
  MY_DB_SERVICE_HOST: "10.96.0.7",
  MY_DB_SERVICE_PORT: "5432",
  MY_DB_SERVICE_PORT_SQL: "5432",
  MY_DB_SERVICE_PORT_ST_AT: "8125",
  MY_DB_PORT: "tcp://10.96.0.7:5432",
  MY_DB_PORT_5432_TCP: "tcp://10.96.0.7:5432",
  MY_DB_PORT_5432_TCP_PROTO: "tcp",
  MY_DB_PORT_5432_TCP_PORT: "5432",
  MY_DB_PORT_5432_TCP_ADDR: "10.96.0.7",
  MY_DB_PORT_8125_UDP: "udp://10.96.0.7:8125",
  MY_DB_PORT_8125_UDP_PROTO: "udp",
  MY_DB_PORT_8125_UDP_PORT: "8125",
  MY_DB_PORT_8125_UDP_ADDR: "10.96.0.7",
};

const pod = testPod("web");
const cases: [name: string, pod: typeof pod, services: Service[], expected: Record<string, string>][] = [
  ["the API is told of to every container", pod, [apiAt("10.96.0.1")], apiEnv],
  ["each port of a Service of the namespace, in both ways of old", pod, [two], twoEnv],
  [
    "without service links there is the API alone",
    testPod("web", { spec: { enableServiceLinks: false } }),
    [two, apiAt("10.96.0.1")],
    apiEnv,
  ],
  ["a Service of another namespace is not told of", pod, [testService("far", {}, { namespace: "far" })], {}],
  ["the API is told of in other namespaces too", { ...pod, metadata: { ...pod.metadata, namespace: "far" } }, [
    apiAt("10.96.0.1"),
  ], apiEnv],
  [
    "one without an address of its own is not told of",
    pod,
    [testService("a", { clusterIP: "None" }), testService("b", { type: "ExternalName", clusterIP: undefined })],
    {},
  ],
];
for (const [name, pod, services, expected] of cases) {
  Deno.test(`serviceEnv(): ${name}`, () => deepEqual(serviceEnv(pod, services), expected));
}

Deno.test("serviceEnv() writes an IPv6 address in brackets where a port follows", () => {
  const env = serviceEnv(pod, [apiAt("fd00::1")]);
  deepEqual([env.KUBERNETES_SERVICE_HOST, env.KUBERNETES_PORT], ["fd00::1", "tcp://[fd00::1]:443"]);
});

Deno.test("serviceEnv(): a Service `kubernetes` of the pod's namespace beats the API's", () => {
  const far = { ...pod, metadata: { ...pod.metadata, namespace: "far" } };
  const own = testService("kubernetes", { clusterIP: "10.96.0.99" }, { namespace: "far" });
  deepEqual(serviceEnv(far, [own, apiAt("10.96.0.1")]).KUBERNETES_SERVICE_HOST, "10.96.0.99");
});
