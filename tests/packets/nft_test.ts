/** The road to the kernel itself: libnftables, what it says when it is refused, and what a machine can do. */
import assert from "node:assert/strict";
import { NftError, NftLibrary, NftProcess, type NftRunner, probeFeatures } from "../../net/nft/mod.ts";
import { type Family } from "../../net/addr.ts";
import { tableName } from "../../net/proxy/mod.ts";
import { elementSets, layoutScript } from "../../net/proxy/table.ts";
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

async function contentsOf(nft: NftRunner, family: Family, table: string) {
  const chains: string[] = [], sets: Record<string, string[]> = {};
  await nft.readTable(family, table, {
    chain: (name) => void chains.push(name),
    set(name) {
      sets[name] = [];
      return true;
    },
    element: (set, key, value) => void sets[set].push(value === undefined ? key : `${key} : ${value}`),
    restart: () => assert.fail("nobody changes anything"),
  });
  for (const elements of Object.values(sets)) elements.sort();
  return { chains, sets };
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
    assert.deepEqual(await contentsOf(nft, "ip", "t"), { chains: ["c"], sets: { m: [] } });
    assert.deepEqual(await contentsOf(nft, "ip", "none"), { chains: [], sets: {} });
  });
});

Deno.test("readTable() reads elements as scripts write them: every kind of set, both families, many messages", async () => {
  await inNode(async (_, nft) => {
    for (const family of ["ip", "ip6"] as const) {
      const address = (n: number) => family === "ip" ? `10.0.${n >> 8}.${n & 255}` : `fd00::${(n + 1).toString(16)}`;
      const range = family === "ip" ? "192.0.2.0/24" : "2001:db8::/32", at = `${family} ${tableName}`;
      const id = `${address(1)} . tcp . 80`;
      const wanted: Record<string, string[]> = {
        "services": [`${id} : goto refuse`, `${address(2)} . udp . 53 : drop`, `${address(3)} . sctp . 9 : accept`],
        "node-ports": ["tcp . 30080 : goto refuse", "udp . 65535 : drop"],
        "endpoints-tcp": Array.from({ length: 3000 }, (_, n) => `${id} . ${n} : ${address(n)} . ${n + 1}`).sort(),
        "node-local-endpoints-udp": [`udp . 30053 . 0 : ${address(9)} . 53`],
        "restricted": [id],
        "allowed": [`${id} . ${address(7)}`, `${id} . ${range}`].sort(),
        "live": [`${id} . ${address(4)} . 8080 : jump refuse`],
        "cluster-ips": [address(1)],
        "hairpin": [`${address(4)} . ${address(4)}`],
      };
      await nft.run(`add table ${at}\ndelete table ${at}\n${layoutScript(family)}add chain ${at} refuse\n`);
      for (const [set, elements] of Object.entries(wanted)) {
        await nft.run(`add element ${at} ${set} {\n${elements.join(",\n")}\n}\n`);
      }
      const { chains, sets } = await contentsOf(nft, family, tableName);
      assert.deepEqual(chains, ["refuse"]);
      assert.deepEqual(Object.fromEntries(Object.entries(sets).filter(([, { length }]) => length > 0)), wanted);
      assert.equal(Object.keys(sets).length, elementSets.length);
      const one = await nft.readElements(family, tableName, "live");
      assert.deepEqual([...one], [wanted.live[0].split(" : ")]);
      assert.equal((await nft.readElements(family, tableName, "nowhere")).size, 0);
    }
  });
});

Deno.test("probeFeatures() finds this machine fit, and leaves nothing behind", async () => {
  await inNode(async (_, nft) => {
    const features = await probeFeatures(nft);
    assert.match(features.nft ?? "", /^\d+\.\d+/);
    assert.deepEqual(features.problems.filter(({ fatal }) => fatal), []);
    assert.deepEqual(await contentsOf(nft, "ip", "islet-probe"), { chains: [], sets: {} });
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
