import assert from "node:assert/strict";
import { FrontendBuilder, frontendsOf } from "./elements.ts";
import { elementsOf } from "./frontend.ts";
import { behind, endpoint, options, service } from "./testing.ts";
import { type ProxyEndpoint, type ProxyOptions, type ProxyService } from "./types.ts";
import { type Family } from "../addr.ts";

/** The elements of one service, as lines `set: key : value`. */
function lines(
  one: ProxyService,
  endpoints: ProxyEndpoint[],
  { family = "ip", more = {} }: { family?: Family; more?: Partial<ProxyOptions> } = {},
): string[] {
  const { frontends } = frontendsOf(family, [one], behind({ [one.name]: endpoints }), { ...options, ...more });
  return [...frontends.values()].flatMap(elementsOf).map(({ set, key, value }) =>
    `${set}: ${key}${value === undefined ? "" : ` : ${value}`}`
  );
}

const away = { local: false };
const unready = { ready: false, serving: false };
const ending = { ready: false, serving: true, terminating: true };
const web = service("web", "10.96.0.1");
const to = (count: number, chain = "lb-tcp") => `services: 10.96.0.1 . tcp . 80 : goto ${chain}-${count}`;
const at = (index: number, address: string, set = "endpoints-tcp") =>
  `${set}: 10.96.0.1 . tcp . 80 . ${index} : ${address} . 8080`;
const refused = (verdict: string) => `no-endpoints: 10.96.0.1 . tcp . 80 : ${verdict}`;

Deno.test("frontendsOf() lets those endpoints of a cluster IP answer that kube-proxy would", () => {
  const local = { internalTrafficPolicy: "Local" as const };
  const cases: [string, ProxyService, ProxyEndpoint[], string[]][] = [
    ["ready ones", web, [endpoint("10.0.0.1"), endpoint("10.0.0.2", away)], [
      to(2),
      at(0, "10.0.0.1"),
      at(1, "10.0.0.2"),
    ]],
    ["not unready ones", web, [endpoint("10.0.0.1"), endpoint("10.0.0.2", unready)], [to(1), at(0, "10.0.0.1")]],
    ["not ending ones while others are ready", web, [endpoint("10.0.0.1", ending), endpoint("10.0.0.2")], [
      to(1),
      at(0, "10.0.0.2"),
    ]],
    ["ending ones that serve, when no other is ready", web, [
      endpoint("10.0.0.1", ending),
      endpoint("10.0.0.2", unready),
    ], [
      to(1),
      at(0, "10.0.0.1"),
    ]],
    ["none: refused", web, [endpoint("10.0.0.1", unready)], [refused("goto refuse")]],
    ["no endpoints at all: refused", web, [], [refused("goto refuse")]],
    ["each once", web, [endpoint("10.0.0.1"), endpoint("10.0.0.1")], [to(1), at(0, "10.0.0.1")]],
    ["of another port: none", web, [endpoint("10.0.0.1", { portName: "x" })], [refused("goto refuse")]],
    ["of another protocol: none", web, [endpoint("10.0.0.1", { protocol: "UDP" })], [refused("goto refuse")]],
    ["of the other family: none", web, [endpoint("fd00::1")], [refused("goto refuse")]],
    ["policy Local: the node's", { ...web, ...local }, [endpoint("10.0.0.1"), endpoint("10.0.0.2", away)], [
      to(1, "lb-tcp-local"),
      at(0, "10.0.0.1", "local-endpoints-tcp"),
    ]],
    ["policy Local with only others: dropped", { ...web, ...local }, [endpoint("10.0.0.2", away)], [refused("drop")]],
    ["policy Local with none: refused", { ...web, ...local }, [], [refused("goto refuse")]],
    ["policy Local, own one ending, another ready elsewhere", { ...web, ...local }, [
      endpoint("10.0.0.1", ending),
      endpoint("10.0.0.2", away),
    ], [to(1, "lb-tcp-local"), at(0, "10.0.0.1", "local-endpoints-tcp")]],
    ["policy Local where all are the node's is no other scope", { ...web, ...local }, [endpoint("10.0.0.1")], [
      to(1),
      at(0, "10.0.0.1"),
    ]],
  ];
  for (const [name, one, endpoints, expected] of cases) assert.deepEqual(lines(one, endpoints), expected, name);
});

Deno.test("frontendsOf() gives an external address under the policy Local two scopes", () => {
  const one = service("web", "10.96.0.1", {
    externalTrafficPolicy: "Local",
    loadBalancerIPs: ["192.0.2.9"],
    ports: [{ name: "", protocol: "TCP", port: 80, nodePort: 30080 }],
  });
  assert.deepEqual(lines(one, [endpoint("10.0.0.1"), endpoint("10.0.0.2", away)]), [
    to(2),
    at(0, "10.0.0.1"),
    at(1, "10.0.0.2"),
    "services: 192.0.2.9 . tcp . 80 : goto split-lb-tcp-2-to-lb-tcp-local-1",
    "endpoints-tcp: 192.0.2.9 . tcp . 80 . 0 : 10.0.0.1 . 8080",
    "endpoints-tcp: 192.0.2.9 . tcp . 80 . 1 : 10.0.0.2 . 8080",
    "local-endpoints-tcp: 192.0.2.9 . tcp . 80 . 0 : 10.0.0.1 . 8080",
    "node-ports: tcp . 30080 : goto split-lb-tcp-node-2-to-lb-tcp-node-local-1",
    "node-endpoints-tcp: tcp . 30080 . 0 : 10.0.0.1 . 8080",
    "node-endpoints-tcp: tcp . 30080 . 1 : 10.0.0.2 . 8080",
    "node-local-endpoints-tcp: tcp . 30080 . 0 : 10.0.0.1 . 8080",
  ]);
  const outside = lines(one, [endpoint("10.0.0.2", away)]);
  assert.ok(outside.includes("services: 192.0.2.9 . tcp . 80 : goto split-lb-tcp-1-to-nowhere"), outside.join("\n"));
  assert.ok(outside.includes("node-ports: tcp . 30080 : goto split-lb-tcp-node-1-to-nowhere"));
});

Deno.test("frontendsOf() makes source ranges of a load balancer's address alone, without overlaps", () => {
  const one = service("web", "10.96.0.1", {
    loadBalancerIPs: ["192.0.2.9"],
    externalIPs: ["192.0.2.10"],
    loadBalancerSourceRanges: ["198.51.100.77/24", "198.51.100.5/32", "fd00::/64"],
  });
  const restricted = (more: Partial<ProxyOptions> = {}) =>
    lines(one, [endpoint("10.0.0.1")], { more }).filter((line) => /^(restricted|allowed)/.test(line));
  assert.deepEqual(restricted(), [
    "restricted: 192.0.2.9 . tcp . 80",
    "allowed: 192.0.2.9 . tcp . 80 . 198.51.100.0/24",
  ]);
  assert.deepEqual(restricted({ nodeAddresses: ["198.51.100.3"] }).slice(1), [
    "allowed: 192.0.2.9 . tcp . 80 . 192.0.2.9",
    "allowed: 192.0.2.9 . tcp . 80 . 198.51.100.0/24",
  ]);
  one.loadBalancerSourceRanges = ["10.0.0.0/8", "0.0.0.0/0"];
  assert.deepEqual(restricted(), []);
  one.loadBalancerSourceRanges = ["fd00::/64"];
  assert.deepEqual(restricted(), ["restricted: 192.0.2.9 . tcp . 80"], "nobody of this family is let in");
});

Deno.test("frontendsOf() remembers clients of affinity services for live endpoints only", () => {
  const sticky = { ...web, affinitySeconds: 60 };
  assert.deepEqual(lines(sticky, [endpoint("10.0.0.1"), endpoint("10.0.0.2", { port: 9090 })]), [
    "services: 10.96.0.1 . tcp . 80 : goto sticky-10.96.0.1-tcp-80-8080.9090-lb-tcp-2",
    "endpoints-tcp: 10.96.0.1 . tcp . 80 . 0 : 10.0.0.1 . 8080",
    "endpoints-tcp: 10.96.0.1 . tcp . 80 . 1 : 10.0.0.2 . 9090",
    "live: 10.96.0.1 . tcp . 80 . 10.0.0.1 . 8080 : jump learn-10.96.0.1-tcp-80-8080-60",
    "live: 10.96.0.1 . tcp . 80 . 10.0.0.2 . 9090 : jump learn-10.96.0.1-tcp-80-9090-60",
  ]);
});

Deno.test("frontendsOf() gives round-robin services chains of their own, and others none", () => {
  const first = (more: Partial<ProxyService>) =>
    lines({ ...web, ...more }, [endpoint("10.0.0.1"), endpoint("10.0.0.2")])[0];
  assert.equal(first({}), to(2));
  assert.equal(first({ algorithm: "source-hash" }), to(2, "hash-tcp"));
  assert.equal(first({ algorithm: "round-robin" }), to(2, "rr-tcp-10.96.0.1-tcp-80"));
});

Deno.test("frontendsOf() keeps the families apart and writes addresses in one way", () => {
  const both = service("web", "10.96.0.1", { clusterIPs: ["10.96.0.1", "FD00:96:0::1"] });
  const endpoints = [endpoint("10.0.0.1"), endpoint("fd00:0::0:2")];
  assert.deepEqual(lines(both, endpoints), [to(1), at(0, "10.0.0.1")]);
  assert.deepEqual(lines(both, endpoints, { family: "ip6" }), [
    "services: fd00:96::1 . tcp . 80 : goto lb-tcp-1",
    "endpoints-tcp: fd00:96::1 . tcp . 80 . 0 : fd00::2 . 8080",
  ]);
});

Deno.test("frontendsOf() takes nothing but addresses into a script, and says so", () => {
  const bad = service("web", "10.96.0.1", {
    externalIPs: ["1.2.3.4 }; flush ruleset"],
    loadBalancerSourceRanges: ["x"],
  });
  const { frontends, problems } = frontendsOf("ip", [bad], behind({ web: [endpoint("10.0.0.1\n")] }), options);
  assert.deepEqual([...frontends.keys()], ["10.96.0.1 . tcp . 80"]);
  assert.deepEqual(problems.map(({ service }) => service), Array(3).fill("default/web"));
  assert.match(
    problems.map(({ message }) => message).join("\n"),
    /flush ruleset" is not an address\n.*"x".*\n.*"10\.0\.0\.1\\n"/,
  );
});

Deno.test("frontendsOf() leaves an address and port to the service that had it first", () => {
  const first = service("a", "10.96.0.1", { externalIPs: ["192.0.2.1"] });
  const second = service("b", "10.96.0.2", { externalIPs: ["192.0.2.1"] });
  const { frontends, problems } = frontendsOf("ip", [first, second], new Map(), options);
  assert.equal(frontends.get("192.0.2.1 . tcp . 80")!.service, "default/a");
  assert.deepEqual(problems, [{ service: "default/b", message: "192.0.2.1 port 80/tcp is default/a's already" }]);
});

Deno.test("frontendsOf() leaves SCTP out where the kernel does not track it, and has nothing for headless services", () => {
  const sctp = { ...web, ports: [{ name: "", protocol: "SCTP" as const, port: 80 }] };
  assert.equal(lines(sctp, []).length, 1);
  assert.equal(lines(sctp, [], { more: { sctp: false } }).length, 0);
  assert.equal(lines({ ...web, clusterIPs: [] }, [endpoint("10.0.0.1")]).length, 0);
});

Deno.test("FrontendBuilder.update() makes what changed, and says which frontends that may be", () => {
  const builder = new FrontendBuilder("ip", options), b = service("b", "10.96.0.2");
  const change = (one: ProxyService, ...endpoints: ProxyEndpoint[]) => ({
    key: `default/${one.name}`,
    service: one,
    endpoints,
  });
  builder.update([change(web, endpoint("10.0.0.1")), change(b, endpoint("10.0.0.2"))], [web, b]);
  const before = new Map(builder.frontends);
  const moved = { ...b, clusterIPs: ["10.96.0.3"] };
  const touched = builder.update([change(moved, endpoint("10.0.0.3"))], [web, moved]);
  assert.deepEqual([...touched!], ["10.96.0.2 . tcp . 80", "10.96.0.3 . tcp . 80"]);
  assert.deepEqual([...builder.frontends.keys()], ["10.96.0.1 . tcp . 80", "10.96.0.3 . tcp . 80"]);
  assert.equal(builder.frontends.get("10.96.0.1 . tcp . 80"), before.get("10.96.0.1 . tcp . 80"));
  builder.update([{ key: "default/web" }], [moved]);
  assert.deepEqual([...builder.frontends.keys()], ["10.96.0.3 . tcp . 80"]);
});

Deno.test("FrontendBuilder.update() gives an address and port to the next service when the first lets go of it", () => {
  const builder = new FrontendBuilder("ip", options), id = "192.0.2.1 . tcp . 80";
  const [a, b] = ["a", "b"].map((name, i) => service(name, `10.96.0.${i + 1}`, { externalIPs: ["192.0.2.1"] }));
  const change = (one: ProxyService) => ({ key: `default/${one.name}`, service: one });
  builder.update([change(a), change(b)], [a, b]);
  assert.deepEqual([builder.frontends.get(id)!.service, builder.problems().length], ["default/a", 1]);
  const without = { ...a, externalIPs: [] };
  assert.equal(builder.update([change(without)], [without, b]), undefined);
  assert.deepEqual([builder.frontends.get(id)!.service, builder.problems().length], ["default/b", 0]);
  builder.update([change(a)], [a, b]);
  assert.deepEqual([builder.frontends.get(id)!.service, builder.problems().length], ["default/a", 1]);
  // two that change places at once are no contest
  const [c, d] = [{ ...a, externalIPs: [] }, { ...b, externalIPs: ["192.0.2.1"] }];
  builder.update([change(d), change(c)], [c, d]);
  assert.deepEqual([builder.frontends.get(id)!.service, builder.problems().length], ["default/b", 0]);
});

Deno.test("frontendsOf() knows pods of this node by a pair, and others by none", () => {
  const { frontends } = frontendsOf(
    "ip",
    [web],
    behind({ web: [endpoint("10.0.0.1"), endpoint("10.0.0.2", away)] }),
    options,
  );
  assert.deepEqual(frontends.get("10.96.0.1 . tcp . 80")!.shared, {
    "cluster-ips": ["10.96.0.1"],
    hairpin: ["10.0.0.1 . 10.0.0.1"],
  });
});

Deno.test("FrontendBuilder.update() asks for endpoints once, and not in a family in which the service has no address", () => {
  const asked: string[] = [];
  for (const family of ["ip", "ip6"] as const) {
    const endpoints = () => (asked.push(family), [endpoint("10.0.0.1")]);
    const builder = new FrontendBuilder(family, options);
    builder.update([{ key: "default/web", service: web, endpoints }], [web]);
    assert.deepEqual(
      builder.frontends.get("10.96.0.1 . tcp . 80")?.endpoints.cluster,
      {
        ip: ["10.0.0.1 . 8080"],
        ip6: undefined,
      }[family],
    );
  }
  assert.deepEqual(asked, ["ip"]);
});
