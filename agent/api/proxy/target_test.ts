import { deepEqual, equal, match, throws } from "node:assert/strict";
import type { EndpointSlice, Pod, Service } from "../../objects/mod.ts";
import type { ApiError } from "../status.ts";
import { readWanted, targetInPod, targetOfService } from "./target.ts";

const names: [text: string, scheme: string, name: string, port: string][] = [
  ["web", "http", "web", ""],
  ["web:8080", "http", "web", "8080"],
  ["web:metrics", "http", "web", "metrics"],
  ["https:web:8443", "https", "web", "8443"],
  [":web:", "http", "web", ""],
  ["http:web:", "http", "web", ""],
];
for (const [text, scheme, name, port] of names) {
  Deno.test(`${text} means ${name} by ${scheme} at port ${port || "of its own"}`, () => {
    deepEqual(readWanted("pod", text), { scheme, name, port });
  });
}

for (const text of ["ftp:web:21", "a:b:c:d", "", ":8080"]) {
  Deno.test(`${JSON.stringify(text)} is no name to be asked for`, () => {
    throws(() => readWanted("service", text), {
      code: 400,
      message: `invalid service request ${JSON.stringify(text)}`,
    });
  });
}

const pod = (podIPs: string[], ports: object[] = []) =>
  ({
    metadata: { name: "web" },
    spec: { containers: [{ name: "a" }, { name: "b", ports }] },
    status: { podIPs: podIPs.map((ip) => ({ ip })) },
  }) as unknown as Pod;

Deno.test("a pod is asked at the port that is named, or its first, or the scheme's", () => {
  const ports = [{ name: "http", containerPort: 8080 }, { name: "metrics", containerPort: 9090 }];
  const port = (text: string, given: object[] = ports) =>
    targetInPod(pod(["10.1.0.4"], given), readWanted("pod", text)).port;
  deepEqual([port("web"), port("web:metrics"), port("web:81")], [8080, 9090, 81]);
  deepEqual([port("web", []), port("https:web:", [])], [80, 443]);
  throws(() => port("web:nope"), /pod web has no port "nope"/);
  throws(() => port("web:70000"), /has no port/);
});

for (const ip of ["", "127.0.0.1", "169.254.169.254", "::1", "fe80::1", "::ffff:127.0.0.1", "0.0.0.0"]) {
  Deno.test(`a pod that says that ${ip || "nothing"} is its address is not asked there`, () => {
    throws(() => targetInPod(pod(ip ? [ip] : []), readWanted("pod", "web:80")), {
      code: 400,
      message: "address not allowed",
    });
  });
}

const service = { metadata: { name: "web" }, spec: { ports: [{ name: "http", port: 80 }, { name: "m", port: 81 }] } };
const slice = (of: string, endpoints: object[], ports: object[]) =>
  ({ metadata: { labels: { "kubernetes.io/service-name": of } }, endpoints, ports }) as unknown as EndpointSlice;
const slices = [
  slice("other", [{ addresses: ["10.1.0.9"] }], [{ name: "http", port: 1 }]),
  slice("web", [
    { addresses: ["10.1.0.1"] },
    { addresses: ["10.1.0.2"], conditions: { ready: false } },
    { addresses: ["10.1.0.3"], conditions: { ready: true } },
  ], [{ name: "http", port: 8080 }, { name: "m", port: 9090 }]),
];
const target = (text: string, random = 0, of = slices) =>
  targetOfService(service as unknown as Service, of, readWanted("service", text), random);

Deno.test("a Service is asked at one of its ready endpoints, at the port that its own leads to", () => {
  deepEqual(target("web"), { scheme: "http", address: "10.1.0.1", port: 8080 });
  deepEqual(target("web:80", 0.99), { scheme: "http", address: "10.1.0.3", port: 8080 });
  deepEqual(target("https:web:m"), { scheme: "https", address: "10.1.0.1", port: 9090 });
});

Deno.test("a Service without that port or without endpoints is unavailable", () => {
  const refusal = (text: string, of = slices) => {
    try {
      target(text, 0, of);
    } catch (err) {
      equal((err as ApiError).code, 503);
      return (err as Error).message;
    }
    return "";
  };
  match(refusal("web:82"), /^no service port 82 found for service "web"$/);
  match(refusal("web", []), /^no endpoints available for service "web"$/);
  match(refusal("web:nope"), /^no endpoints available/);
});
