import assert from "node:assert/strict";
import { box, podOf } from "../resources/testing.ts";
import type { PodSpec } from "../objects/mod.ts";
import { type DnsContext, namesSystemdStub, parseResolvConf, podDns, type ResolvConf } from "./resolv.ts";

const node: ResolvConf = { servers: ["192.168.1.1"], searches: ["lan"], options: ["edns0"] };
const context: DnsContext = { node, clusterDNS: ["10.96.0.10"], clusterDomain: "cluster.local" };
const cluster: ResolvConf = {
  servers: ["10.96.0.10"],
  searches: ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "lan"],
  options: ["ndots:5"],
};

function dns(spec: Partial<PodSpec>, more: Partial<DnsContext> = {}) {
  return podDns(podOf([box("a")], spec), { ...context, ...more });
}

const cases: [string, Partial<PodSpec>, ResolvConf, Partial<DnsContext>?][] = [
  ["asks the cluster by default", {}, cluster],
  ["asks the cluster with ClusterFirst", { dnsPolicy: "ClusterFirst" }, cluster],
  ["asks as the node does with Default", { dnsPolicy: "Default" }, node],
  ["takes ClusterFirst for Default on the node's network", { dnsPolicy: "ClusterFirst", hostNetwork: true }, node],
  [
    "asks the cluster with ClusterFirstWithHostNet",
    { dnsPolicy: "ClusterFirstWithHostNet", hostNetwork: true },
    cluster,
  ],
  ["is empty with None", { dnsPolicy: "None" }, { servers: [], searches: [], options: [] }],
  [
    "is all the pod's own with None and dnsConfig",
    {
      dnsPolicy: "None",
      dnsConfig: {
        nameservers: ["1.1.1.1"],
        searches: ["x"],
        options: [{ name: "ndots", value: "2" }, { name: "rotate" }],
      },
    },
    { servers: ["1.1.1.1"], searches: ["x"], options: ["ndots:2", "rotate"] },
  ],
  [
    "adds dnsConfig to the policy's, each server and domain once, the pod's options winning",
    {
      dnsConfig: {
        nameservers: ["10.96.0.10", "8.8.8.8"],
        searches: ["lan", "x"],
        options: [{ name: "ndots", value: "1" }],
      },
    },
    { servers: ["10.96.0.10", "8.8.8.8"], searches: [...cluster.searches, "x"], options: ["ndots:1"] },
  ],
  ["asks nobody where the node's resolver is configured away", { dnsPolicy: "Default" }, {
    servers: ["127.0.0.1"],
    searches: ["."],
    options: [],
  }, { node: undefined }],
  [
    "asks the cluster where the node's resolver is configured away",
    {},
    { ...cluster, searches: cluster.searches.slice(0, 3) },
    { node: undefined },
  ],
  ["has no domains of the cluster where that has no name", {}, { ...cluster, searches: ["lan"] }, {
    clusterDomain: "",
  }],
];

for (const [name, spec, expected, more] of cases) {
  Deno.test(`podDns() ${name}`, () => assert.deepEqual(dns(spec, more), { ...expected, warnings: [] }));
}

Deno.test("podDns() falls back to the node's with the event MissingClusterDNS while the cluster has no DNS", () => {
  const { warnings, ...got } = dns({}, { clusterDNS: [] });
  assert.deepEqual(got, node);
  assert.equal(warnings.length, 1);
  assert.equal(warnings[0].reason, "MissingClusterDNS");
  assert.match(warnings[0].message, /^pod: "web_shop\(0c35.*Falling back to "Default" policy\.$/);
});

Deno.test("podDns() keeps three servers and says so", () => {
  const got = dns({ dnsPolicy: "None", dnsConfig: { nameservers: ["1.0.0.1", "1.0.0.2", "1.0.0.3", "1.0.0.4"] } });
  assert.deepEqual(got.servers, ["1.0.0.1", "1.0.0.2", "1.0.0.3"]);
  assert.deepEqual(got.warnings, [{
    reason: "DNSConfigForming",
    message: "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: " +
      "1.0.0.1 1.0.0.2 1.0.0.3",
  }]);
});

const searchLimits: [string, string[], number][] = [
  ["keeps 32 search domains", Array.from({ length: 40 }, (_, i) => `d${i}`), 32],
  ["keeps 2048 characters of search domains", Array.from({ length: 30 }, (_, i) => `${"x".repeat(97)}${i + 10}.`), 20],
  ["leaves out a search domain that would abort glibc", ["ok", "y".repeat(254), "fine"], 2],
];

for (const [name, searches, count] of searchLimits) {
  Deno.test(`podDns() ${name} and says so`, () => {
    const got = dns({ dnsPolicy: "None", dnsConfig: { searches } });
    assert.equal(got.searches.length, count);
    assert.ok(got.searches.join(" ").length <= 2048);
    assert.deepEqual(got.warnings.map(({ reason }) => reason), ["DNSConfigForming"]);
    assert.ok(got.warnings[0].message.endsWith(`the applied search line is: ${got.searches.join(" ")}`));
  });
}

Deno.test("podDns() takes exactly 32 domains, 2048 characters and three servers without a word", () => {
  const searches = [
    "z".repeat(2048 - 31 * 2 - 1 - 1000).slice(0, 253),
    ...Array.from({ length: 31 }, (_, i) => `${i}`),
  ];
  const got = dns({ dnsPolicy: "None", dnsConfig: { searches, nameservers: ["1.0.0.1", "1.0.0.2", "1.0.0.3"] } });
  assert.deepEqual(got, { searches, servers: ["1.0.0.1", "1.0.0.2", "1.0.0.3"], options: [], warnings: [] });
});

Deno.test("podDns() leaves the node's configuration as it was", () => {
  const before = structuredClone(node);
  dns({ dnsPolicy: "Default", dnsConfig: { nameservers: ["8.8.8.8"], options: [{ name: "edns0", value: "x" }] } });
  assert.deepEqual(node, before);
});

Deno.test("parseResolvConf() reads what resolvers read", () => {
  const text = `# a comment
nameserver 192.168.1.1
; another
nameserver\tfe80::1%eth0
search old.example
search lan. home.example .
options ndots:2 edns0
options ndots:3
sortlist 130.155.160.0
nameserver
`;
  assert.deepEqual(parseResolvConf(text), {
    servers: ["192.168.1.1", "fe80::1%eth0"],
    searches: ["lan", "home.example", "."],
    options: ["ndots:3", "edns0"],
  });
  assert.deepEqual(parseResolvConf("domain example.com\n").searches, ["example.com"]);
  assert.deepEqual(parseResolvConf(""), { servers: [], searches: [], options: [] });
});

Deno.test("namesSystemdStub() knows systemd-resolved's stub", () => {
  assert.equal(namesSystemdStub(parseResolvConf("nameserver 127.0.0.53\n")), true);
  assert.equal(namesSystemdStub(parseResolvConf("nameserver 127.0.0.1\n")), false);
});
