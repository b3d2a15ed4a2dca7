/** What Services and the node's configuration ask for beyond types and policies: ports, source ranges, masquerade, health checks. */
import assert from "node:assert/strict";
import { addresses, type HostName } from "./network.ts";
import { at, behind, packetTest, service } from "./node.ts";

const vip = "10.96.0.1", vip6 = "fd00:96::1";
const { node: nodeAddress, nodeToFar, outside } = addresses.ip;

packetTest(
  "each named port of a Service leads to its own endpoints, and one name to TCP and UDP",
  async (network, node) => {
    const ports = [
      { name: "http", protocol: "TCP" as const, port: 80, nodePort: 30080 },
      { name: "admin", protocol: "TCP" as const, port: 81 },
      { name: "http", protocol: "UDP" as const, port: 80 },
    ];
    const [http, admin] = [at("a", { portName: "http" }), at("b", { portName: "admin" })];
    const udp = at("b", { portName: "http", protocol: "UDP" });
    await node.sync([service("web", vip, { ports })], behind({ web: [...http, ...admin, ...udp] }));
    assert.equal(await network.ask("c", vip, 80), "a 10.244.0.13");
    assert.equal(await network.ask("c", vip, 81), "b 10.244.0.13");
    assert.equal(await (await network.udp("c")).ask(vip, 80), "b 10.244.0.13");
    assert.equal(await network.ask("c", nodeAddress, 30080), "a 10.244.0.13");
    assert.equal(await network.ask("c", vip, 82), "refused");
  },
);

packetTest("a headless Service has no address here, and an external name neither", async (network, node) => {
  const headless = service("headless", [], { ports: [{ name: "", protocol: "TCP", port: 80, nodePort: 30080 }] });
  await node.sync([headless, service("web", vip)], behind({ headless: at("a"), web: at("b") }));
  assert.equal(await network.ask("c", nodeAddress, 30080), "refused");
  assert.equal(await network.ask("c", vip, 80), "b 10.244.0.13");
});

packetTest(
  "source ranges are asked of every source, in both families; the node is in a range by its own address",
  async (network, node) => {
    const ports = [{ name: "", protocol: "TCP" as const, port: 80, nodePort: 30080 }];
    const web = service("web", [vip, vip6], {
      ports,
      loadBalancerIPs: ["10.200.0.1", "fd00:200::1"],
      loadBalancerSourceRanges: ["192.0.2.0/24", "10.244.0.12/32", "2001:db8:1::/64"],
    });
    await network.ip("node", "route", "add", "10.200.0.0/24", "via", outside);
    await node.sync([web], behind({ web: [...at("a"), ...at("a", { family: "ip6" })] }));
    const cases: [HostName, string, string][] = [
      ["outside", "10.200.0.1", `a ${outside}`],
      ["b", "10.200.0.1", "a 10.244.0.12"],
      ["c", "10.200.0.1", "dropped"],
      ["far", "10.200.0.1", "dropped"],
      ["outside", "fd00:200::1", "a 2001:db8:1::254"],
      ["c", "fd00:200::1", "dropped"],
    ];
    await network.ip("far", "route", "add", "10.200.0.0/24", "via", nodeToFar);
    for (const [from, address, expected] of cases) {
      assert.equal(await network.ask(from, address, 80), expected, `${from} to ${address}`);
    }
    assert.match(await network.ask("node", "10.200.0.1", 80), /^a \d/);
    // cluster IP and node port are nobody's balancer
    assert.equal(await network.ask("c", vip, 80), "a 10.244.0.13");
    assert.equal(await network.ask("far", nodeToFar, 30080), `a ${addresses.ip.far}`);
  },
  { nodeAddresses: ["192.0.2.1"] },
);

packetTest(
  "a balancer's address that the node itself holds answers there, and lets nobody past",
  async (network, node) => {
    // as on a lone node, whose own addresses are the ingress
    const web = service("web", vip, { loadBalancerIPs: [nodeAddress], externalTrafficPolicy: "Local" });
    await node.sync([web], behind({ web: at("a far") }));
    assert.deepEqual(await network.askMany(6, "outside", nodeAddress, 80), [`a ${outside}`]);
    assert.equal((await network.askForTwo("node", nodeAddress, 80)).length, 2);
    assert.equal(await network.ask("outside", nodeAddress, 81), "refused");
    await node.sync([web], behind({}));
    assert.equal(await network.ask("outside", nodeAddress, 80), "refused");
  },
);

packetTest("masqueradeAll gives every connection the node's address", async (network, node) => {
  await node.sync([service("web", vip)], behind({ web: at("a") }));
  for (const from of ["c", "outside", "node"] as const) {
    assert.match(await network.ask(from, vip, 80), /^a (10\.244\.0\.1|192\.0\.2\.1)$/, from);
  }
}, { masqueradeAll: true });

packetTest("the proxy's own algorithm is that of Services which name none", async (network, node) => {
  const web = service("web", vip), hash = service("hash", "10.96.0.2", { algorithm: "source-hash" });
  await node.sync([web, hash], behind({ web: at("a b c"), hash: at("a b c") }));
  const turns: string[] = [];
  for (let i = 0; i < 6; i++) turns.push((await network.ask("c", vip, 80)).slice(0, 1));
  assert.deepEqual(turns.slice(0, 3).toSorted(), ["a", "b", "c"]);
  assert.deepEqual(turns.slice(3), turns.slice(0, 3));
  const kept = await network.askMany(6, "c", "10.96.0.2", 80);
  assert.equal(kept.length, 1);
  // a client keeps its endpoint over a restart: nothing is remembered for it
  await node.stop();
  await node.start();
  await node.sync([web, hash], behind({ web: at("a b c"), hash: at("a b c") }));
  assert.deepEqual(await network.askMany(6, "c", "10.96.0.2", 80), kept);
}, { algorithm: "round-robin" });

packetTest(
  "node ports on 127.0.0.1 can be switched off; then route_localnet stays as it was",
  async (network, node) => {
    const ports = [{ name: "", protocol: "TCP" as const, port: 80, nodePort: 30080 }];
    await node.sync([service("web", vip, { ports })], behind({ web: at("a") }));
    assert.equal(await network.ask("node", "127.0.0.1", 30080), "refused");
    assert.match(await network.ask("node", nodeAddress, 30080), /^a /);
    assert.match(await node.run("sysctl", "-n", "net.ipv4.conf.all.route_localnet"), /^0/);
  },
  { localhostNodePorts: false },
);

packetTest("nodePortAddresses holds for IPv6 too", async (network, node) => {
  const ports = [{ name: "", protocol: "TCP" as const, port: 80, nodePort: 30080 }];
  await node.sync(
    [service("web", [vip, vip6], { ports })],
    behind({ web: [...at("a"), ...at("a", { family: "ip6" })] }),
  );
  const { ip6 } = addresses;
  assert.equal(await network.ask("outside", ip6.node, 30080), `a ${ip6.outside}`);
  assert.equal(await network.ask("outside", ip6.nodeToFar, 30080), "refused");
  assert.equal(await network.ask("outside", nodeAddress, 30080), "refused", "of the other family none is named");
}, { nodePortAddresses: ["2001:db8:1::/64"] });

packetTest(
  "a health check node port answers from outside while a local endpoint is ready, and closes with its Service",
  async (network, node) => {
    const web = service("web", vip, { externalTrafficPolicy: "Local", healthCheckNodePort: 32000 });
    const ask = async (address: string): Promise<string> => {
      let connecting!: Promise<Deno.TcpConn>;
      await network.host("outside").enter(() => {
        connecting = Deno.connect({ hostname: address, port: 32000 });
      });
      using connection = await connecting;
      await connection.write(
        new TextEncoder().encode("GET /healthz HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n"),
      );
      return await new Response(connection.readable).text();
    };
    await node.sync([web], behind({ web: at("a b far") }));
    for (const address of [nodeAddress, addresses.ip6.node]) {
      const answer = await ask(address);
      assert.match(answer, /^HTTP\/1\.1 200 /);
      assert.match(answer, /x-load-balancing-endpoint-weight: 2\r\n/i);
      assert.match(
        answer,
        /"service":\{"namespace":"default","name":"web"\},"localEndpoints":2,"serviceProxyHealthy":true/,
      );
    }
    await node.sync([web], behind({ web: at("far") }));
    assert.match(await ask(nodeAddress), /^HTTP\/1\.1 503 /);
    await node.sync([], behind({}));
    await assert.rejects(ask(nodeAddress), Deno.errors.ConnectionRefused);
  },
);
