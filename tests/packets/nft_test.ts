/** The road to the kernel itself: libnftables, what it says when it is refused, and what a machine can do. */
import assert from "node:assert/strict";
import { NftError, NftLibrary, NftProcess, type NftRunner, probeFeatures } from "../../net/nft/mod.ts";
import { PacketNetwork } from "./network.ts";
import { at, behind, ProxyNode, service } from "./node.ts";

async function inNode(test: (network: PacketNetwork, nft: NftRunner) => Promise<void>): Promise<void> {
  await using network = await PacketNetwork.create();
  await network.host("node").enter(async () => {
    for (const nft of [new NftLibrary(), new NftProcess()]) {
      try {
        await test(network, nft);
      } finally {
        nft.close();
      }
    }
  });
}

Deno.test("a refused transaction changes nothing and names the element at fault, by library and by process", async () => {
  await inNode(async (_, nft) => {
    await nft.run("add table ip t\ndelete table ip t\nadd table ip t\nadd chain ip t c\n");
    await nft.run("add map ip t m { type ipv4_addr : verdict; }\n");
    const wrong = "add element ip t m {\n10.0.0.1 : goto c,\n10.0.0.2 : goto nowhere,\n10.0.0.3 : goto c\n}\n";
    await assert.rejects(nft.run(wrong), (error) => {
      assert.ok(error instanceof NftError);
      assert.match(error.message, /No such file or directory: 10\.0\.0\.2 : goto nowhere/);
      return true;
    });
    await assert.rejects(nft.run("add element ip t m {\n10.0.0.1 : goto c\n}\nnonsense\n"), NftError);
    const lines: string[] = [];
    for await (const line of nft.list("ip", "t")) lines.push(line);
    assert.ok(lines.includes("\tmap m {"), lines.join("\n"));
    assert.doesNotMatch(lines.join("\n"), /10\.0\.0\./);
    for await (const line of nft.list("ip", "none")) assert.fail(line);
  });
});

Deno.test("probeFeatures() finds this machine fit, and leaves nothing behind", async () => {
  await inNode(async (_, nft) => {
    const features = await probeFeatures(nft);
    assert.match(features.nft ?? "", /^\d+\.\d+/);
    assert.deepEqual(features.problems.filter(({ fatal }) => fatal), []);
    for await (const line of nft.list("ip", "islet-probe")) assert.fail(line);
  });
});

Deno.test("where the kernel has no fib, node ports answer on the addresses that are given", async () => {
  await using network = await PacketNetwork.create();
  await using node = new ProxyNode(network, { fib: false, nodeAddresses: ["192.0.2.1"] });
  await node.start();
  const ports = [{ name: "", protocol: "TCP" as const, port: 80, nodePort: 30080 }];
  const web = service("web", "10.96.0.1", { ports, externalTrafficPolicy: "Local" });
  await node.sync([web], behind({ web: at("a far") }));
  assert.doesNotMatch(await node.run("nft", "list", "table", "ip", "islet-proxy"), /\bfib\b/);
  assert.equal(await network.ask("outside", "192.0.2.1", 30080), "a 192.0.2.254");
  assert.match(await network.ask("node", "127.0.0.1", 30080), /^(a|far) /);
  assert.equal(await network.ask("outside", "198.51.100.1", 30080), "refused");
});
