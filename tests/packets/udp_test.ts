/** UDP through the proxy: a client that goes on sending from one port is never left with an endpoint that has gone. */
import assert from "node:assert/strict";
import { udpFlows } from "../../net/conntrack/mod.ts";
import { type ProxyEndpoint } from "../../net/proxy/mod.ts";
import { addresses, PacketNetwork, serverPort } from "./network.ts";
import { at, behind, ProxyNode, service } from "./node.ts";

const vip = "10.96.0.10";
const dns = service("dns", vip, { ports: [{ name: "", protocol: "UDP", port: 53, nodePort: 30053 }] });
const udp = (names: string): ProxyEndpoint[] => at(names, { protocol: "UDP" });

Deno.test("UDP clients move on when an endpoint goes, the last endpoint too, and a deleted Service", async () => {
  await using network = await PacketNetwork.create();
  await using node = new ProxyNode(network);
  await node.start();
  await node.sync([dns], behind({ dns: udp("a b") }));
  const clients = await Promise.all(Array.from({ length: 6 }, () => network.udp("c")));
  const outside = await network.udp("outside"), direct = await network.udp("c");
  const first = await Promise.all(clients.map((client) => client.ask(vip, 53)));
  for (const answer of first) assert.match(answer, /^[ab] 10\.244\.0\.13$/);
  assert.match(await outside.ask(addresses.ip.node, 30053), /^[ab] 192\.0\.2\.254$/);
  assert.equal(await direct.ask(addresses.ip.a, serverPort), "a 10.244.0.13");

  // those of b stay where they are, those of a go there, whoever spoke to a directly goes on
  const flows = async () => await network.host("node").enter(() => udpFlows("ip"));
  const kept = (await flows()).filter(({ reply }) =>
    reply.source === addresses.ip.b || reply.destinationPort === direct.socket.address().port
  );
  await node.sync([dns], behind({ dns: udp("b") }));
  assert.deepEqual((await flows()).map(({ handle }) => handle).sort(), kept.map(({ handle }) => handle).sort());
  for (const client of clients) assert.equal(await client.ask(vip, 53), "b 10.244.0.13");
  assert.equal(await outside.ask(addresses.ip.node, 30053), "b 192.0.2.254");
  assert.equal(await direct.ask(addresses.ip.a, serverPort), "a 10.244.0.13");

  await node.sync([dns], behind({}));
  assert.equal(await clients[0].ask(vip, 53), "nobody");
  await node.sync([dns], behind({ dns: udp("a") }));
  assert.equal(await clients[0].ask(vip, 53), "a 10.244.0.13");
  await node.sync([], behind({}));
  assert.deepEqual((await flows()).filter(({ original }) => original.destination === vip), []);
  await node.sync([dns], behind({ dns: udp("b") }));
  assert.equal(await clients[0].ask(vip, 53), "b 10.244.0.13");
});

Deno.test("a UDP client that began before the Service, or changed endpoints while islet was down, is put right", async () => {
  await using network = await PacketNetwork.create();
  await using node = new ProxyNode(network);
  const early = await network.udp("outside");
  assert.equal(await early.ask(addresses.ip.node, 30053), "nobody");
  await node.start();
  await node.sync([dns], behind({ dns: udp("a") }));
  assert.equal(await early.ask(addresses.ip.node, 30053), "a 192.0.2.254");
  await node.stop();
  await node.start();
  await node.sync([dns], behind({ dns: udp("b") }));
  assert.equal(await early.ask(addresses.ip.node, 30053), "b 192.0.2.254");
});

Deno.test("UDP is answered by every address of a Service: node ports from the node too, a pod by itself, ending ones alone", async () => {
  await using network = await PacketNetwork.create();
  await using node = new ProxyNode(network);
  const balanced = service("dns", vip, {
    ...dns,
    name: "dns",
    loadBalancerIPs: ["10.200.0.1"],
    externalIPs: ["10.200.0.2"],
  });
  await node.start();
  await node.sync([balanced], behind({ dns: udp("a") }));
  const [outside, c, a, self] = [
    await network.udp("outside"),
    await network.udp("c"),
    await network.udp("a"),
    await network.udp("node"),
  ];
  for (const address of ["10.200.0.1", "10.200.0.2", vip]) {
    assert.equal(await outside.ask(address, 53), "a 192.0.2.254", address);
    assert.equal(await c.ask(address, 53), "a 10.244.0.13", address);
  }
  assert.equal(await c.ask(addresses.ip.node, 30053), "a 10.244.0.13");
  for (const address of [addresses.ip.node, "127.0.0.1"]) {
    assert.match(await self.ask(address, 30053), /^a \d/, address);
  }
  assert.match(await a.ask(vip, 53), /^a (?!10\.244\.0\.11$)/, "hairpin");
  const ending = udp("a").map((each) => ({ ...each, ready: false, terminating: true }));
  await node.sync([balanced], behind({ dns: ending }));
  assert.equal(await c.ask(vip, 53), "a 10.244.0.13");
  await node.sync([balanced], behind({ dns: [...ending, ...udp("b")] }));
  // who has been answered goes on with the one that ends, until it is gone; others begin with the ready one
  assert.equal(await c.ask(vip, 53), "a 10.244.0.13");
  assert.equal(await (await network.udp("c")).ask(vip, 53), "b 10.244.0.13");
  await node.sync([balanced], behind({ dns: udp("b") }));
  assert.equal(await c.ask(vip, 53), "b 10.244.0.13");
  assert.equal(await outside.ask("10.200.0.1", 53), "b 192.0.2.254");
  await node.sync([balanced], behind({ dns: udp("far") }));
  assert.equal(await outside.ask("10.200.0.1", 53), `far ${addresses.ip.nodeToFar}`);
});
