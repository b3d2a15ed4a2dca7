import assert from "node:assert/strict";
import { load, proxy } from "./testing.ts";

Deno.test("loadConfig() takes the service proxy's settings by kube-proxy's names", async () => {
  const text = `${proxy}mode: nftables
ipvs: { scheduler: sh }
nftables: { masqueradeBit: 4, masqueradeAll: true, syncPeriod: 10s }
iptables: { localhostNodePorts: false }
nodePortAddresses: [192.0.2.0/24]
conntrack: { maxPerCore: 0, min: 1000, udpStreamTimeout: 30s, tcpBeLiberal: true }
`;
  const { config, warnings } = await load(text);
  assert.deepEqual(warnings, []);
  assert.deepEqual(config?.serviceProxy, {
    algorithm: "source-hash",
    nodePortAddresses: ["192.0.2.0/24"],
    localhostNodePorts: false,
    masqueradeBit: 4,
    masqueradeAll: true,
    syncPeriodMs: 10_000,
    conntrack: {
      max: 1000,
      tcpBeLiberal: true,
      tcpEstablishedSeconds: 0,
      tcpCloseWaitSeconds: 0,
      udpSeconds: 0,
      udpStreamSeconds: 30,
    },
  });
  assert.equal((await load(undefined, ["--service-proxy=false"])).config?.serviceProxy, undefined);
  const weighing = await load(undefined, ["--ipvs-scheduler=lc"]);
  assert.equal(weighing.config?.serviceProxy?.algorithm, "random");
  assert.deepEqual(weighing.warnings, ["--ipvs-scheduler: endpoints are chosen at random"]);
});

const dns: [name: string, args: string[], clusterDNS: string[], own: string[]][] = [
  ["of both families", ["--service-cidr=10.1.0.0/24,fd00:1::/112"], ["10.1.0.10", "fd00:1::a"], [
    "10.1.0.10",
    "fd00:1::a",
  ]],
  ["in a small range", ["--service-cidr=10.1.0.0/29"], ["10.1.0.6"], ["10.1.0.6"]],
  ["that is link-local", ["--cluster-dns=169.254.20.10"], ["169.254.20.10"], ["169.254.20.10"]],
  ["that is another's", ["--cluster-dns=10.96.0.53,192.0.2.53"], ["10.96.0.53", "192.0.2.53"], ["10.96.0.53"]],
  ["that islet shall not answer on", ["--dns=false", "--cluster-dns=10.96.0.10"], ["10.96.0.10"], []],
  ["that nobody has", ["--dns=false"], [], []],
  ["without Services", ["--service-cidr="], [], []],
];

for (const [name, args, clusterDNS, own] of dns) {
  Deno.test(`loadConfig() understands a cluster DNS ${name}`, async () => {
    const { config } = await load(undefined, args);
    assert.deepEqual([config?.clusterDNS, config?.dnsAddresses], [clusterDNS, own]);
  });
}
