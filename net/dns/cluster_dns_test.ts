import { deepEqual, equal, throws } from "node:assert/strict";
import dgram from "node:dgram";
import { ClusterDns, type Server } from "./mod.ts";
import { decode, otherServer, ownPlace, queryBytes, replyBytes } from "./testing.ts";

async function ask(name: string, type: string, { address, port }: Server) {
  const socket = dgram.createSocket("udp4");
  try {
    const reply = new Promise<Uint8Array>((resolve) => socket.once("message", resolve));
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", () => resolve()));
    socket.send(queryBytes(name, type), port, address);
    return decode(await reply);
  } finally {
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}

Deno.test("a cluster's DNS answers by socket: its own names, others' by others, never by itself", async () => {
  const other = await otherServer(({ message }) =>
    replyBytes(message, { answers: [{ name: message.questions[0].name, type: "A", ttl: 60, data: "192.0.2.1" }] })
  );
  let ready = () => {};
  const listening = new Promise<void>((resolve) => ready = resolve);
  const { address, port } = ownPlace();
  const dns = new ClusterDns({
    domain: "cluster.local",
    addresses: [address],
    port,
    reverse: ["10.96.0.0/16"],
    server: { onListening: () => dns.listening.length === 2 && ready() },
    forward: { warmUp: false },
  });
  const self = { address, port };
  try {
    deepEqual(dns.configure({ servers: [self, other.server] }), { refused: [self] });
    dns.start();
    await listening;
    equal((await ask("web.default.svc.cluster.local", "A", self)).rcode, "NXDOMAIN");
    dns.records.putService({ namespace: "default", name: "web", clusterIPs: ["10.96.0.20"], ports: [] });
    equal((await ask("web.default.svc.cluster.local", "A", self)).answers[0].data, "10.96.0.20");
    equal((await ask("ns.dns.cluster.local", "A", self)).answers[0].data, address);
    equal((await ask("www.example", "A", self)).answers[0].data, "192.0.2.1");
    equal((await ask("www.example", "A", self)).answers[0].data, "192.0.2.1");
    deepEqual(dns.counts, { local: 3, cached: 1, forwarded: 1, failed: 0, refused: 0 });
    deepEqual(dns.servers, [{ domain: "", server: other.server, alive: true }]);
    equal(dns.cached.replies, 1);
  } finally {
    await dns.stop();
    await other.close();
  }
});

Deno.test("a cluster's DNS refuses to be everywhere", () => {
  throws(() => new ClusterDns({ domain: "cluster.local", addresses: ["0.0.0.0"] }), /Cannot listen on 0\.0\.0\.0/);
});
