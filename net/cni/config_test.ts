import assert from "node:assert/strict";
import { cniConfig } from "./config.ts";
import { masqueradeRules, noMasqueradeRules } from "./masquerade.ts";

Deno.test("cniConfig() makes routed links with addresses from the node's range, and hostPorts", () => {
  const config = JSON.parse(cniConfig({ podCIDRs: ["10.244.3.0/24"], leaseDir: "/run/x/cni", mtu: 1400 }));
  assert.deepEqual(config, {
    cniVersion: "1.0.0",
    name: "islet",
    plugins: [
      {
        type: "ptp",
        ipMasq: false,
        mtu: 1400,
        ipam: {
          type: "host-local",
          dataDir: "/run/x/cni",
          ranges: [[{ subnet: "10.244.3.0/24" }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  });
});

Deno.test("cniConfig() gives pods an address of each family", () => {
  const { plugins: [{ ipam }] } = JSON.parse(
    cniConfig({ podCIDRs: ["10.244.0.0/24", "fd00:10:244::/64"], leaseDir: "/run/x" }),
  );
  assert.deepEqual(ipam.ranges, [[{ subnet: "10.244.0.0/24" }], [{ subnet: "fd00:10:244::/64" }]]);
  assert.deepEqual(ipam.routes, [{ dst: "0.0.0.0/0" }, { dst: "::/0" }]);
});

for (const cidr of ["10.244.0.0", "10.244.0.0/31", "10.244.0.0/0", "x/24", "fd00::/127", "", '10.0.0.0/24"; x']) {
  Deno.test(`cniConfig() refuses ${JSON.stringify(cidr)} as a range of pod addresses`, () => {
    assert.throws(() => cniConfig({ podCIDRs: [cidr], leaseDir: "/run/x" }), /Cannot set up the pod network: /);
  });
}

Deno.test("masqueradeRules() spares pods, multicast and what is reached directly", () => {
  const rules = masqueradeRules(["10.244.0.0/24", "fd00::/64"], ["10.96.0.0/16", "fd01::/64"]);
  assert.deepEqual(rules.match(/^ +ip6? saddr.*/gm)!.map((rule) => rule.trim()), [
    "ip saddr 10.244.0.0/24 ip daddr 10.244.0.0/24 return",
    "ip saddr 10.244.0.0/24 ip daddr 224.0.0.0/4 return",
    "ip saddr 10.244.0.0/24 ip daddr 10.96.0.0/16 return",
    "ip saddr 10.244.0.0/24 masquerade",
    "ip6 saddr fd00::/64 ip6 daddr fd00::/64 return",
    "ip6 saddr fd00::/64 ip6 daddr ff00::/8 return",
    "ip6 saddr fd00::/64 ip6 daddr fd01::/64 return",
    "ip6 saddr fd00::/64 masquerade",
  ]);
});

Deno.test("masqueradeRules() are what nft takes, twice over, and noMasqueradeRules() takes them away", async () => {
  const ranges = ["10.244.0.0/24", "fd00::/64"];
  const text = masqueradeRules(ranges) + masqueradeRules(ranges) + noMasqueradeRules(ranges) +
    noMasqueradeRules(ranges);
  const nft = new Deno.Command("unshare", {
    args: ["--net", "nft", "-f", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = nft.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text + "list ruleset\n"));
  await writer.close();
  const { stdout, stderr } = await nft.output();
  assert.deepEqual([new TextDecoder().decode(stderr), new TextDecoder().decode(stdout)], ["", ""]);
});
