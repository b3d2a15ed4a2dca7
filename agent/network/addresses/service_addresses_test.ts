import assert from "node:assert/strict";
import { client } from "../../api/kube/testing.ts";
import { ManualClock } from "../../clock.ts";
import { testService } from "../endpoints/testing.ts";
import { ServiceAddresses } from "./mod.ts";
import { AddressRange, plainAddress } from "./range.ts";

const services = "/api/v1/namespaces/default/services";

const service = (name: string, spec: Record<string, unknown> = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { ports: [{ port: 80 }], ...spec },
});

const node = (serviceCIDRs?: string[]) =>
  client({ config: { api: { socket: "" }, podLogsDir: "/nonexistent", nodeName: "edge-1", serviceCIDRs } });

Deno.test("a range has its addresses, without the first and, in IPv4, the last", () => {
  const range = new AddressRange("10.96.0.0/24");
  assert.deepEqual([range.family, range.size, range.at(0), range.at(253)], ["IPv4", 254, "10.96.0.1", "10.96.0.254"]);
  for (
    const [address, has] of Object.entries({
      "10.96.0.0": false,
      "10.96.0.1": true,
      "10.96.0.254": true,
      "10.96.0.255": false,
      "10.97.0.1": false,
      "fd00::1": false,
      "10.96.0": false,
    })
  ) assert.equal(range.has(address), has, address);
  const six = new AddressRange("fd00:10:96::/112");
  assert.deepEqual([six.family, six.size, six.at(0), six.at(65_534)], [
    "IPv6",
    65_535,
    "fd00:10:96::1",
    "fd00:10:96::ffff",
  ]);
  assert.ok(six.has("FD00:10:96:0:0::5"));
  assert.equal(plainAddress("FD00:0:0:0:0:0:0:5"), "fd00::5");
  assert.throws(() => new AddressRange("10.96.0.0"));
});

Deno.test("a service gets an address above the part that is left to names, and keeps it", async () => {
  const here = node(["10.96.0.0/24"]);
  const { body } = await here.create(services, service("a"));
  assert.match(body.spec.clusterIP, /^10\.96\.0\.\d+$/);
  assert.ok(Number(body.spec.clusterIP.split(".")[3]) > 16);
  assert.deepEqual(body.spec.clusterIPs, [body.spec.clusterIP]);
  assert.deepEqual([body.spec.ipFamilies, body.spec.ipFamilyPolicy], [["IPv4"], "SingleStack"]);
  const put = await here.put(`${services}/a`, service("a", { sessionAffinity: "ClientIP" }));
  assert.equal(put.code, 200);
  assert.equal(put.body.spec.clusterIP, body.spec.clusterIP);
});

Deno.test("every service has an address of its own until the range is full, and one that is freed is used again", async () => {
  const here = node(["10.96.0.0/28"]);
  const made = await Promise.all(
    Array.from({ length: 14 }, (_, at) => here.create(services, service(`s${at}`))),
  );
  const addresses = new Set(made.map(({ body }) => body.spec.clusterIP));
  assert.equal(addresses.size, 14);
  const full = await here.create(services, service("more"));
  assert.equal(full.code, 500);
  assert.match(full.body.message, /failed to allocate a serviceIP: range is full/);
  await here.clock.advance(60_000);
  const { body: gone } = await here.remove(`${services}/s3`);
  const next = await here.create(services, service("more"));
  assert.equal(next.body.spec.clusterIP, gone.spec.clusterIP);
});

const refusals: [what: string, spec: Record<string, unknown>, message: RegExp][] = [
  [
    "of another network",
    { clusterIP: "192.168.0.1" },
    /spec\.clusterIPs: Invalid value: \["192\.168\.0\.1"\]: failed to allocate IP 192\.168\.0\.1: the provided IP \(192\.168\.0\.1\) is not in the valid range\. The range of valid IPs is 10\.96\.0\.0\/16$/,
  ],
  [
    "that is taken",
    { clusterIP: "10.96.0.7" },
    /failed to allocate IP 10\.96\.0\.7: provided IP is already allocated$/,
  ],
  [
    "of a family that is not there",
    { ipFamilies: ["IPv6"] },
    /spec\.ipFamilies\[0\]: Invalid value: "IPv6": not configured/,
  ],
  [
    "of two families",
    { ipFamilyPolicy: "RequireDualStack" },
    /this cluster is not configured for dual-stack services$/,
  ],
  [
    "and a node port out of range",
    { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] },
    /spec\.ports\[0\]\.nodePort: Invalid value: 80: provided port is not in the valid range\. The range of valid ports is 30000-32767$/,
  ],
  [
    "and a node port that is taken",
    { type: "NodePort", ports: [{ port: 80, nodePort: 30007 }] },
    /spec\.ports\[0\]\.nodePort: Invalid value: 30007: provided port is already allocated$/,
  ],
];
for (const [what, spec, message] of refusals) {
  Deno.test(`a service that asks for an address ${what} is 422`, async () => {
    const here = node();
    const taken = { clusterIP: "10.96.0.7", type: "NodePort", ports: [{ port: 80, nodePort: 30007 }] };
    assert.equal((await here.create(services, service("taken", taken))).code, 201);
    const { code, body } = await here.create(services, service("a", spec));
    assert.equal(code, 422);
    assert.match(body.message, message);
  });
}

Deno.test("of two services that ask for one address at the same moment one gets it", async () => {
  const here = node();
  const both = await Promise.all(
    ["a", "b"].map((name) => here.create(services, service(name, { clusterIP: "10.96.0.9" }))),
  );
  assert.deepEqual(both.map(({ code }) => code).sort(), [201, 422]);
});

Deno.test("a headless service has no address, one with an external name neither families nor one", async () => {
  const here = node();
  const selector = { app: "db" };
  const headless = (await here.create(services, service("h", { clusterIP: "None", selector }))).body.spec;
  assert.deepEqual([headless.clusterIP, headless.clusterIPs, headless.ipFamilies], ["None", ["None"], ["IPv4"]]);
  const bare = (await here.create(services, service("bare", { clusterIP: "None" }))).body.spec;
  assert.deepEqual([bare.ipFamilies, bare.ipFamilyPolicy], [["IPv4", "IPv6"], "RequireDualStack"]);
  const named = (await here.create(services, service("e", { type: "ExternalName", externalName: "example.com" }))).body;
  for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]) {
    assert.equal(named.spec[field], undefined, field);
  }
});

Deno.test("a node with two networks gives an address of each to who wants both", async () => {
  const here = node(["10.96.0.0/16", "fd00:10:96::/112"]);
  const { spec } = (await here.create(services, service("a", { ipFamilyPolicy: "PreferDualStack" }))).body;
  assert.deepEqual(spec.ipFamilies, ["IPv4", "IPv6"]);
  assert.match(spec.clusterIPs[1], /^fd00:10:96::/);
  const six = (await here.create(services, service("b", { ipFamilies: ["IPv6"] }))).body.spec;
  assert.deepEqual([six.clusterIPs.length, six.ipFamilies], [1, ["IPv6"]]);
});

Deno.test("node ports are given out, kept, shared by protocols of one port, and let go with the type", async () => {
  const here = node();
  const ports = [{ name: "t", port: 53, protocol: "TCP" }, { name: "u", port: 53, protocol: "UDP" }];
  const { body } = await here.create(services, service("dns", { type: "NodePort", ports }));
  const [tcp, udp] = body.spec.ports;
  assert.ok(tcp.nodePort >= 30_086 && tcp.nodePort <= 32_767);
  assert.equal(udp.nodePort, tcp.nodePort);
  const put = await here.put(
    `${services}/dns`,
    service("dns", { type: "NodePort", ports: [...ports, { name: "m", port: 1 }] }),
  );
  assert.equal(put.body.spec.ports[0].nodePort, tcp.nodePort);
  assert.notEqual(put.body.spec.ports[2].nodePort, tcp.nodePort);
  const cluster = await here.patch("merge", `${services}/dns`, { spec: { type: "ClusterIP" } });
  assert.ok(cluster.body.spec.ports.every(({ nodePort }: { nodePort?: number }) => nodePort === undefined));
  assert.equal(cluster.body.spec.clusterIP, body.spec.clusterIP);
});

Deno.test("a service becomes an external name and back", async () => {
  const here = node();
  await here.create(services, service("a"));
  const named = await here.put(`${services}/a`, service("a", { type: "ExternalName", externalName: "example.com" }));
  assert.equal(named.code, 200);
  assert.equal(named.body.spec.clusterIP, undefined);
  const back = await here.put(`${services}/a`, service("a"));
  assert.match(back.body.spec.clusterIP, /^10\.96\./);
});

Deno.test("a load balancer with local traffic has a health check port, kept while it needs one", async () => {
  const here = node();
  const local = { type: "LoadBalancer", externalTrafficPolicy: "Local" };
  const port = (await here.create(services, service("lb", local))).body.spec.healthCheckNodePort;
  assert.ok(port >= 30_000 && port <= 32_767);
  const again = await here.put(`${services}/lb`, service("lb", { ...local, sessionAffinity: "ClientIP" }));
  assert.equal(again.body.spec.healthCheckNodePort, port);
  const taken = await here.create(services, service("other", { ...local, healthCheckNodePort: port }));
  assert.match(
    taken.body.message,
    /spec\.healthCheckNodePort: Invalid value: \d+: provided port is already allocated$/,
  );
  const cluster = await here.patch("merge", `${services}/lb`, { spec: { externalTrafficPolicy: "Cluster" } });
  assert.equal(cluster.body.spec.healthCheckNodePort, undefined);
  const unneeded = await here.create(services, service("plain", { type: "NodePort", healthCheckNodePort: 31_000 }));
  assert.match(
    unneeded.body.message,
    /may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'/,
  );
});

Deno.test("a name leads to the same addresses again, whatever else there is", () => {
  const store = { list: () => [], watch: () => () => {} };
  const given = (name: string) => {
    const { spec } = new ServiceAddresses({ serviceCIDRs: ["10.96.0.0/16"], store, clock: new ManualClock() }).assign(
      testService(name, { type: "NodePort", clusterIP: undefined, clusterIPs: undefined }),
    );
    return [spec.clusterIP, spec.ports![0].nodePort];
  };
  assert.deepEqual(given("web"), given("web"));
  assert.notDeepEqual(given("web"), given("wec"));
});

Deno.test("an address that is reserved goes to its owner alone", () => {
  const store = { list: () => [], watch: () => () => {} };
  const reserved = { "10.96.0.10": "kube-system/kube-dns" };
  const options = { serviceCIDRs: ["10.96.0.0/28"], store, clock: new ManualClock(), reserved };
  const addresses = new ServiceAddresses(options);
  const asks = { clusterIP: "10.96.0.10", clusterIPs: undefined };
  assert.throws(() => addresses.assign(testService("web", asks)), /provided IP is already allocated/);
  const dns = addresses.assign(testService("kube-dns", asks, { namespace: "kube-system" }));
  assert.deepEqual(dns.spec.clusterIPs, ["10.96.0.10"]);
  const free = { clusterIP: undefined, clusterIPs: undefined };
  const others = Array.from({ length: 13 }, (_, at) => addresses.assign(testService(`s${at}`, free)).spec.clusterIP);
  assert.ok(!others.includes("10.96.0.10"));
});

Deno.test("a service keeps addresses of earlier ranges and families over updates, and gets no others of them", () => {
  const store = { list: () => [], watch: () => () => {} };
  const addresses = new ServiceAddresses({ serviceCIDRs: ["10.97.0.0/24"], store, clock: new ManualClock() });
  const clusterIPs = ["10.96.0.5", "fd00:96::5"];
  const networks = { clusterIP: clusterIPs[0], clusterIPs, ipFamilies: ["IPv4" as const, "IPv6" as const] };
  const old = testService("web", { ...networks, ipFamilyPolicy: "PreferDualStack" });
  const labelled = addresses.assign({ ...old, metadata: { ...old.metadata, labels: { a: "b" } } }, old);
  assert.deepEqual(labelled.spec, old.spec);
  const bare = testService("web", { clusterIP: undefined, clusterIPs: undefined, ipFamilies: undefined });
  assert.deepEqual(addresses.assign(bare, old).spec.clusterIPs, clusterIPs);
  const other = { clusterIP: "10.96.0.6", clusterIPs: ["10.96.0.6"], ipFamilies: ["IPv4" as const] };
  assert.throws(() => addresses.assign(testService("web", other), old), /not in the valid range/);
});
