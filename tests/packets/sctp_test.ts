/** SCTP through the proxy, where the kernel tracks it. */
import assert from "node:assert/strict";
import { NftLibrary, probeFeatures } from "../../net/nft/mod.ts";
import { addresses, PacketNetwork } from "./network.ts";
import { at, behind, ProxyNode, service } from "./node.ts";
import { SctpSocket } from "./sctp.ts";

const vip = "10.96.0.7", { node: nodeAddress, outside } = addresses.ip;

Deno.test("SCTP reaches an endpoint by cluster IP and node port, and its answer comes from the Service", async () => {
  await using network = await PacketNetwork.create();
  const { sctp } = await network.host("node").enter(async () => {
    const nft = new NftLibrary();
    try {
      return await probeFeatures(nft);
    } finally {
      nft.close();
    }
  });
  await using node = new ProxyNode(network, { sctp });
  await node.start();
  const signalling = service("signalling", vip, {
    ports: [{ name: "", protocol: "SCTP", port: 3868, nodePort: 30868 }],
  });
  if (!sctp) {
    await assert.rejects(node.sync([signalling], behind({})), /the kernel does not track SCTP/);
    return;
  }
  await node.sync([signalling], behind({ signalling: at("a", { protocol: "SCTP", port: 9868 }) }));
  using server = await SctpSocket.open(network, "a");
  for (
    const [host, own, address, port] of [
      ["c", addresses.ip.c, vip, 3868],
      ["outside", outside, nodeAddress, 30868],
    ] as const
  ) {
    using client = await SctpSocket.open(network, host);
    client.sendInit(address, 40_000, port);
    const asked = await server.receive();
    assert.deepEqual([asked?.source, asked?.destinationPort, asked?.chunk], [own, 9868, 1], host);
    server.acknowledge(asked!);
    const answered = await client.receive();
    assert.deepEqual(
      [answered?.source, answered?.sourcePort, answered?.destinationPort, answered?.chunk],
      [address, port, 40_000, 2],
      host,
    );
  }
  await node.sync([signalling], behind({}));
  using late = await SctpSocket.open(network, "c");
  late.sendInit(vip, 40_001, 3868);
  assert.equal(await server.receive(), undefined);
});
