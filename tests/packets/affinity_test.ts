/** Session affinity with real clients: who is remembered, for how long, and who is given another endpoint. */
import assert from "node:assert/strict";
import { type ProxyEndpoint, tableName } from "../../net/proxy/mod.ts";
import { addresses, type HostName } from "./network.ts";
import { at, behind, packetTest, service } from "./node.ts";

const vip = "10.96.0.1", [web, dns] = ["web", "dns"];
const { node: nodeAddress } = addresses.ip;
const tcp = [{ name: "", protocol: "TCP" as const, port: 80, nodePort: 30080 }];
const who = (answers: string[]) => [...new Set(answers.map((each) => each.split(" ")[0]))].sort();

packetTest(
  "a client keeps its endpoint while others come, by each address of the Service on its own",
  async (network, node) => {
    const sticky = service(web, vip, { ports: tcp, affinitySeconds: 600, externalIPs: ["10.200.0.2"] });
    await node.sync([sticky], behind({ web: at("a b") }));
    const places: [from: HostName, address: string, port: number][] = [["c", vip, 80], ["outside", vip, 80], [
      "outside",
      nodeAddress,
      30080,
    ], [
      "outside",
      "10.200.0.2",
      80,
    ]];
    const first = new Map<unknown, string[]>();
    for (const place of places) first.set(place, who([await network.ask(...place)]));
    await node.sync([sticky], behind({ web: at("a b c") }));
    for (const place of places) {
      assert.deepEqual(
        who(await network.askMany(8, ...place)),
        first.get(place),
        place.join(),
      );
    }
  },
);

packetTest(
  "a client that stays away for longer than the timeout is forgotten, one that comes again is not",
  async (network, node) => {
    await node.sync([service(web, vip, { affinitySeconds: 2 })], behind({ web: at("a b") }));
    const remembered = async () =>
      /elements/.test(await node.run("nft", "list", "map", "ip", tableName, "affinity-10.96.0.1-tcp-80-8080"));
    // who has answered within `ms`, as long as the client came again in time each time: on a machine that is too busy it is forgotten
    const series = async (ms: number) => {
      const answers = new Set<string>(), began = performance.now();
      let last = began;
      do {
        const asked = performance.now(), answer = await network.ask("c", vip, 80);
        if (performance.now() - last > 1500) break;
        answers.add(answer);
        last = asked;
      } while (last - began < ms);
      return answers;
    };
    const stayed = await series(4000);
    assert.ok(stayed.size <= 1, [...stayed].join());
    await network.ask("c", vip, 80);
    while (await remembered()) await new Promise((resolve) => setTimeout(resolve, 100));
    // without memory every connection would be by chance; with it each series is of one endpoint
    const next = await series(300);
    assert.ok(next.size <= 1, [...next].join());
  },
);

packetTest("UDP clients keep their endpoint too, and get another at once when it goes", async (network, node) => {
  const sticky = service(dns, vip, { ports: [{ name: "", protocol: "UDP", port: 53 }], affinitySeconds: 600 });
  const udp = (names: string): ProxyEndpoint[] => at(names, { protocol: "UDP" });
  await node.sync([sticky], behind({ dns: udp("a b c") }));
  const ask = async () => who([await (await network.udp("outside")).ask(vip, 53)])[0]; // a port of its own each time
  const first = await ask();
  for (let i = 0; i < 8; i++) assert.equal(await ask(), first);
  const others = ["a", "b", "c"].filter((name) => name !== first);
  await node.sync([sticky], behind({ dns: udp(others.join(" ")) }));
  const next = await ask();
  assert.ok(others.includes(next), next);
  for (let i = 0; i < 8; i++) assert.equal(await ask(), next);
});

packetTest("affinity keeps to the node's own endpoints where the policy is Local", async (network, node) => {
  const local = service(web, vip, { ports: tcp, affinitySeconds: 600, externalTrafficPolicy: "Local" });
  await node.sync([local], behind({ web: at("a b far") }));
  const [first] = who(await network.askMany(8, "outside", nodeAddress, 30080));
  assert.match(first, /^[ab]$/);
  const other = first === "a" ? "b" : "a";
  await node.sync([local], behind({ web: at(`${other} far`) }));
  assert.deepEqual(who(await network.askMany(8, "outside", nodeAddress, 30080)), [other]);
  await node.sync([local], behind({ web: at("far") }));
  assert.equal(await network.ask("outside", nodeAddress, 30080), "dropped");
});
