/** The same over IPv6, beside IPv4. */
import assert from "node:assert/strict";
import { addresses, PacketNetwork } from "./network.ts";
import { at, behind, ProxyNode, service } from "./node.ts";

const vip = "fd00:96::1";
const { node: nodeAddress, outside, nodeToFar } = addresses.ip6;

Deno.test("a dual-stack Service answers over IPv6 as over IPv4", async () => {
  await using network = await PacketNetwork.create();
  await using node = new ProxyNode(network);
  await node.start();
  const both = service("web", ["10.96.0.1", vip], {
    ports: [{ name: "", protocol: "TCP", port: 80, nodePort: 30080 }, { name: "dns", protocol: "UDP", port: 53 }],
    affinitySeconds: 60,
    externalTrafficPolicy: "Local",
  });
  const udp = { family: "ip6" as const, protocol: "UDP" as const, portName: "dns" };
  const endpoints = [...at("a b"), ...at("a b", { family: "ip6" }), ...at("a", udp)];
  const empty = service("empty", "fd00:96::2");
  await node.sync([both, empty], behind({ web: endpoints }));
  const kept = await network.askMany(8, "c", vip, 80);
  assert.equal(kept.length, 1);
  assert.match(kept[0], /^[ab] fd00:244::13$/);
  assert.match(await network.ask("node", vip, 80), /^[ab] /);
  assert.match(await network.ask("outside", nodeAddress, 30080), /^[ab] 2001:db8:1::254$/);
  assert.match(await network.ask("outside", addresses.ip.node, 30080), /^[ab] 192\.0\.2\.254$/);
  assert.equal(await network.ask("c", "fd00:96::2", 80), "refused");
  assert.equal(await network.ask("node", vip, 81), "refused");
  assert.equal(await network.ask("c", "fd00:96::99", 80), "dropped");
  const client = await network.udp("c", "ip6");
  assert.equal(await client.ask(vip, 53), "a fd00:244::13");
  await node.sync([both, empty], behind({ web: [...endpoints.slice(0, -1), ...at("b", udp)] }));
  assert.equal(await client.ask(vip, 53), "b fd00:244::13");
  // the endpoint that c was given goes
  const other = kept[0].startsWith("a") ? "b" : "a";
  await node.sync([both, empty], behind({ web: at(other, { family: "ip6" }) }));
  assert.equal(await network.ask("c", vip, 80), `${other} fd00:244::13`);

  const plain = service("web", vip, { ports: [{ name: "", protocol: "TCP", port: 80, nodePort: 30080 }] });
  await node.sync([plain], behind({ web: at("a", { family: "ip6" }) }));
  assert.match(await network.ask("a", vip, 80), /^a (?!fd00:244::11$)/, "hairpin");
  await node.stop();
  await node.start();
  await node.sync([plain], behind({ web: at("far", { family: "ip6" }) }));
  assert.equal(await network.ask("outside", nodeAddress, 30080), `far ${nodeToFar}`);
  assert.notEqual(nodeToFar, outside);
});
