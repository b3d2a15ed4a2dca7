import assert from "node:assert/strict";
import { deleteRequest, type Flow, listRequest, protocolOf, readFlow, type Tuple, udp } from "./flow.ts";
import { loadLibrary, NetlinkSocket } from "../netlink/socket.ts";
import { staleFlows } from "./stale.ts";

loadLibrary();

const tuple = (source: string, sourcePort: number, destination: string, destinationPort: number): Tuple => {
  return { source, sourcePort, destination, destinationPort, protocol: udp };
};
/** A client on port 5000 that speaks to `to` and is answered by `by`. */
const flow = (to: [string, number], by: [string, number], protocol = udp): Flow => ({
  original: { ...tuple("192.0.2.9", 5000, ...to), protocol },
  reply: { ...tuple(...by, "192.0.2.9", 5000), protocol },
  handle: new Uint8Array(),
});

Deno.test("staleFlows() names flows to our addresses that no serving endpoint answers, and no others", () => {
  const frontends = [
    { id: "10.96.0.10 . udp . 53", serving: ["10.244.0.2 . 5353", "10.244.0.3 . 5353"] },
    { id: "10.96.0.11 . udp . 53", serving: [] },
    { id: "udp . 30053", serving: ["10.244.0.2 . 5353"] },
  ];
  const cases: [string, Flow, boolean][] = [
    ["to an endpoint that serves", flow(["10.96.0.10", 53], ["10.244.0.3", 5353]), false],
    ["to an endpoint that has gone", flow(["10.96.0.10", 53], ["10.244.0.4", 5353]), true],
    ["to another port of an endpoint", flow(["10.96.0.10", 53], ["10.244.0.3", 53]), true],
    ["begun before the service: past NAT", flow(["10.96.0.10", 53], ["10.96.0.10", 53]), true],
    ["of a service without endpoints", flow(["10.96.0.11", 53], ["10.244.0.2", 5353]), true],
    ["to another port of a service's address", flow(["10.96.0.10", 54], ["10.244.0.4", 5353]), false],
    ["to an address that is not ours", flow(["10.96.0.12", 53], ["10.244.0.4", 5353]), false],
    ["to a pod directly", flow(["10.244.0.4", 5353], ["10.244.0.4", 5353]), false],
    ["over TCP", flow(["10.96.0.10", 53], ["10.244.0.4", 5353], 6), false],
    ["node port, served", flow(["192.0.2.1", 30053], ["10.244.0.2", 5353]), false],
    ["node port, gone", flow(["192.0.2.1", 30053], ["10.244.0.4", 5353]), true],
    ["a node port's number at somebody else's address", flow(["198.51.100.1", 30053], ["198.51.100.1", 30053]), false],
  ];
  for (const [name, each, expected] of cases) {
    assert.equal(staleFlows([each], frontends, new Set(["192.0.2.1"])).length === 1, expected, name);
  }
});

/** An attribute with its length and padding. */
function attribute(type: number, ...values: (number[] | Uint8Array)[]): Uint8Array {
  const value = values.flatMap((each) => [...each]), length = value.length + 4;
  return Uint8Array.from([length & 255, length >> 8, type & 255, type >> 8, ...value, ...Array(-length & 3).fill(0)]);
}

Deno.test("readFlow() reads what the kernel lists, and deleteRequest() names the same flow", () => {
  const nested = 0x8000;
  const one = (type: number, from: number[], to: number[], fromPort: number[], toPort: number[]) =>
    attribute(
      type | nested,
      attribute(1 | nested, attribute(from.length === 4 ? 1 : 3, from), attribute(to.length === 4 ? 2 : 4, to)),
      attribute(2 | nested, attribute(1, [17]), attribute(2, fromPort), attribute(3, toPort)),
    );
  const original = one(1, [192, 0, 2, 9], [10, 96, 0, 10], [0x13, 0x88], [0, 53]);
  const reply = one(2, [10, 244, 0, 2], [192, 0, 2, 9], [0x14, 0xe9], [0x13, 0x88]);
  const status = attribute(3, [0, 0, 1, 0x8e]), id = attribute(12, [1, 2, 3, 4]);
  const message = Uint8Array.from([...new Uint8Array(20), ...original, ...reply, ...status, ...id]);
  const read = readFlow(message);
  assert.deepEqual(read && { original: read.original, reply: read.reply }, {
    original: tuple("192.0.2.9", 5000, "10.96.0.10", 53),
    reply: tuple("10.244.0.2", 5353, "192.0.2.9", 5000),
  });
  assert.equal(protocolOf(message), udp);
  const request = deleteRequest("ip", read!);
  assert.deepEqual([...request.subarray(20)], [...original, ...id]);
  assert.equal(new DataView(request.buffer).getUint32(0, true), request.length);
  assert.equal(request[16], 2);
  assert.equal(deleteRequest("ip6", read!)[16], 10);
});

Deno.test("readFlow() takes no message for more than it is", () => {
  assert.equal(readFlow(new Uint8Array(20)), undefined);
  assert.equal(readFlow(Uint8Array.from([...new Uint8Array(20), 255, 255, 1, 0, 1, 2])), undefined);
});

Deno.test({
  name: "NetlinkSocket lists flows, and hears that one which is not there cannot be deleted",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using socket = new NetlinkSocket();
    for (const message of socket.dump(listRequest("ip"), "connections")) {
      assert.equal(new DataView(message.buffer, message.byteOffset).getUint16(4, true) >> 8, 1);
    }
    const address = (type: number) => attribute(type, [192, 0, 2, 213]),
      port = (type: number) => attribute(type, [1, 2]);
    const handle = attribute(
      0x8001,
      attribute(0x8001, address(1), address(2)),
      attribute(0x8002, attribute(1, [udp]), port(2), port(3)),
    );
    const none = { ...flow(["192.0.2.213", 258], ["192.0.2.213", 258]), handle };
    assert.equal(socket.request(deleteRequest("ip", none)), 2, "ENOENT");
  },
});
