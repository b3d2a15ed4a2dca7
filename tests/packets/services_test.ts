/** Real connections through the proxy's tables: who answers, and which source address it sees. */
import assert from "node:assert/strict";
import { PacketNetwork } from "./network.ts";
import { at, behind, ProxyNode, service } from "./node.ts";

const vip = "10.96.0.1";

Deno.test("a cluster IP is answered by its endpoints, from pods and the node, with the client's address kept", async () => {
  await using network = await PacketNetwork.create();
  await using node = new ProxyNode(network);
  await node.start();
  await node.sync([service("web", vip)], behind({ web: at("a b") }));
  assert.deepEqual(await network.askMany(12, "c", vip, 80), ["a 10.244.0.13", "b 10.244.0.13"]);
  assert.deepEqual((await network.askMany(12, "node", vip, 80)).map((each) => each.slice(0, 1)), ["a", "b"]);
  assert.deepEqual(await network.askMany(12, "outside", vip, 80), ["a 192.0.2.254", "b 192.0.2.254"]);
});
