/** Real connections through the proxy's tables: who answers, and which source address it sees. */
import assert from "node:assert/strict";
import { type ProxyServicePort } from "../../net/proxy/mod.ts";
import { addresses, inTime } from "./network.ts";
import { at, behind, packetTest, service } from "./node.ts";

const vip = "10.96.0.1";
const { node: nodeAddress, outside, nodeToFar } = addresses.ip;
const ports: ProxyServicePort[] = [{ name: "", protocol: "TCP", port: 80, nodePort: 30080 }];

/** Only who answered. */
const who = (answers: string[]) => [...new Set(answers.map((each) => each.split(" ")[0]))].sort();

packetTest(
  "a cluster IP is answered by its endpoints, from pods, node and outside, with the client's address kept",
  async (network, node) => {
    await node.sync([service("web", vip)], behind({ web: at("a b") }));
    assert.deepEqual(await network.askForTwo("c", vip, 80), ["a 10.244.0.13", "b 10.244.0.13"]);
    assert.deepEqual(who(await network.askForTwo("node", vip, 80)), ["a", "b"]);
    assert.deepEqual(await network.askForTwo("outside", vip, 80), [`a ${outside}`, `b ${outside}`]);
  },
);

packetTest("a Service without endpoints refuses, an address that no Service has drops", async (network, node) => {
  const empty = service("empty", "10.96.0.2", { ports });
  await node.sync([service("web", vip), empty], behind({ web: at("a") }));
  for (const from of ["c", "node", "outside"] as const) {
    assert.equal(await network.ask(from, "10.96.0.2", 80), "refused", from);
    assert.equal(await network.ask(from, vip, 81), "refused", `another port, from ${from}`);
    assert.equal(await network.ask(from, nodeAddress, 30080), "refused", `node port, from ${from}`);
  }
  assert.equal(await network.ask("c", "10.96.9.9", 80), "dropped");
  await node.sync([service("web", vip), empty], behind({ web: at("a"), empty: at("b") }));
  assert.equal(await network.ask("c", "10.96.0.2", 80), "b 10.244.0.13");
  assert.equal(await network.ask("outside", nodeAddress, 30080), `b ${outside}`);
});

packetTest("a pod reaches itself through its Service, by an address that is not its own", async (network, node) => {
  await node.sync([service("web", vip, { ports })], behind({ web: at("a") }));
  for (const [address, port] of [[vip, 80], [nodeAddress, 30080]] as const) {
    const answer = await network.ask("a", address, port);
    assert.match(answer, /^a \d/);
    assert.notEqual(answer, `a ${addresses.ip.a}`);
  }
});

packetTest(
  "a node port answers on every address of the node, 127.0.0.1 too, and on no other",
  async (network, node) => {
    await node.sync([service("web", vip, { ports })], behind({ web: at("a") }));
    assert.equal(await network.ask("outside", nodeAddress, 30080), `a ${outside}`);
    assert.equal(await network.ask("outside", nodeToFar, 30080), `a ${outside}`);
    assert.equal(await network.ask("c", nodeAddress, 30080), "a 10.244.0.13");
    assert.match(await network.ask("node", nodeAddress, 30080), /^a \d/);
    const local = await network.ask("node", "127.0.0.1", 30080);
    assert.match(local, /^a \d/);
    assert.doesNotMatch(local, /127\.0\.0\.1/);
    assert.equal(await network.ask("outside", vip, 30080), "refused");
    assert.equal(await network.ask("outside", addresses.ip.c, 30080), "refused");
  },
);

packetTest("nodePortAddresses chooses where node ports answer", async (network, node) => {
  await node.sync([service("web", vip, { ports })], behind({ web: at("a") }));
  assert.equal(await network.ask("outside", nodeAddress, 30080), `a ${outside}`);
  assert.equal(await network.ask("outside", nodeToFar, 30080), "refused");
  assert.equal(await network.ask("node", "127.0.0.1", 30080), "refused");
}, { nodePortAddresses: ["192.0.2.0/24"] });

packetTest(
  "an endpoint on another node sees this node's address where it could not answer else",
  async (network, node) => {
    const web = service("web", vip, { ports, externalIPs: ["192.0.2.77"] });
    await node.sync([web], behind({ web: at("far") }));
    assert.equal(await network.ask("outside", nodeAddress, 30080), `far ${nodeToFar}`);
    assert.equal(await network.ask("outside", vip, 80), `far ${nodeToFar}`);
    assert.equal(await network.ask("node", vip, 80), `far ${nodeToFar}`);
  },
);

packetTest(
  "externalTrafficPolicy Local keeps outsiders on this node's endpoints, pods and the node on all",
  async (network, node) => {
    const web = service("web", vip, { ports, externalTrafficPolicy: "Local", loadBalancerIPs: ["10.200.0.1"] });
    await node.sync([web], behind({ web: at("a far") }));
    assert.deepEqual(await network.askMany(10, "outside", nodeAddress, 30080), [`a ${outside}`]);
    assert.deepEqual(await network.askMany(10, "outside", "10.200.0.1", 80), [`a ${outside}`]);
    assert.deepEqual(who(await network.askForTwo("node", nodeAddress, 30080)), ["a", "far"]);
    await node.sync([web], behind({ web: at("far") }));
    assert.equal(await network.ask("outside", nodeAddress, 30080), "dropped");
    assert.match(await network.ask("node", nodeAddress, 30080), /^far /);
    await node.sync([web], behind({}));
    assert.equal(await network.ask("outside", nodeAddress, 30080), "refused");
  },
);

packetTest(
  "internalTrafficPolicy Local keeps to this node's endpoints, and drops where there are only others",
  async (network, node) => {
    const web = service("web", vip, { internalTrafficPolicy: "Local" });
    await node.sync([web], behind({ web: at("a far") }));
    assert.deepEqual(who(await network.askMany(10, "node", vip, 80)), ["a"]);
    await node.sync([web], behind({ web: at("far") }));
    assert.equal(await network.ask("c", vip, 80), "dropped");
  },
);

packetTest(
  "a load balancer's address lets in its source ranges only; external IPs let in everybody",
  async (network, node) => {
    const ranges = { loadBalancerIPs: ["10.200.0.1"], externalIPs: ["10.200.0.2"] };
    const web = service("web", vip, { ...ranges, loadBalancerSourceRanges: ["10.244.0.12/32", "192.0.2.0/24"] });
    await node.sync([web], behind({ web: at("a") }));
    assert.equal(await network.ask("outside", "10.200.0.1", 80), `a ${outside}`);
    assert.equal(await network.ask("b", "10.200.0.1", 80), "a 10.244.0.12");
    assert.equal(await network.ask("c", "10.200.0.1", 80), "dropped");
    assert.equal(await network.ask("c", "10.200.0.2", 80), "a 10.244.0.13");
    assert.equal(await network.ask("c", vip, 80), "a 10.244.0.13");
  },
);

packetTest("an endpoint that ends answers while no other is ready", async (network, node) => {
  const web = service("web", vip), ending = { ready: false, serving: true, terminating: true };
  await node.sync([web], behind({ web: [...at("a", ending), ...at("b")] }));
  assert.deepEqual(who(await network.askMany(8, "c", vip, 80)), ["b"]);
  await node.sync([web], behind({ web: [...at("a", ending), ...at("b", { ready: false, serving: false })] }));
  assert.deepEqual(who(await network.askMany(8, "c", vip, 80)), ["a"]);
});

packetTest("round robin takes turns in each Service alone; source hash keeps a client", async (network, node) => {
  const one = service("one", vip, { algorithm: "round-robin" }),
    two = service("two", "10.96.0.2", { algorithm: "round-robin" });
  const hash = service("hash", "10.96.0.3", { algorithm: "source-hash" });
  await node.sync([one, two, hash], behind({ one: at("a b"), two: at("a b"), hash: at("a b c") }));
  const turns: string[][] = [[], []];
  for (let i = 0; i < 4; i++) {
    turns[0].push((await network.ask("c", vip, 80)).slice(0, 1));
    turns[1].push((await network.ask("c", "10.96.0.2", 80)).slice(0, 1));
  }
  for (const turn of turns) assert.match(turn.join(""), /^(abab|baba)$/);
  assert.equal((await network.askMany(8, "outside", "10.96.0.3", 80)).length, 1);
});

packetTest("a client keeps its endpoint, over a restart of islet, until the endpoint goes", async (network, node) => {
  const web = service("web", vip, { affinitySeconds: 60, ports });
  const all = behind({ web: at("a b c") });
  await node.sync([web], all);
  for (const [from, address, port] of [["outside", nodeAddress, 30080], ["node", vip, 80]] as const) {
    const first = who([await network.ask(from, address, port)]);
    assert.deepEqual(who(await network.askMany(8, from, address, port)), first, from);
  }
  const [first] = who([await network.ask("outside", vip, 80)]);
  await node.stop();
  await node.start();
  await node.sync([web], all);
  assert.deepEqual(who(await network.askMany(8, "outside", vip, 80)), [first]);
  const others = ["a", "b", "c"].filter((name) => name !== first);
  await node.sync([web], behind({ web: at(others.join(" ")) }));
  const [next, ...more] = who(await network.askMany(8, "outside", vip, 80));
  assert.ok(others.includes(next), next);
  assert.deepEqual(more, []);
});

packetTest("connections outlive restarts of islet and changes of other endpoints", async (network, node) => {
  const web = service("web", vip, { ports });
  await node.sync([web], behind({ web: at("a b") }));
  const open = await Promise.all(Array.from({ length: 200 }, () => 0)).then(async (all) => {
    const connections: Deno.TcpConn[] = [];
    for (const i of all.keys()) {
      const { connection } = await network.connect(
        i % 2 ? "outside" : "c",
        i % 2 ? nodeAddress : vip,
        i % 2 ? 30080 : 80,
      );
      connections.push(connection);
    }
    return connections;
  });
  const echo = async (text: string) => {
    const buffer = new Uint8Array(16);
    for (const connection of open) {
      await connection.write(new TextEncoder().encode(text));
      assert.equal(await connection.read(buffer), text.length);
    }
  };
  await echo("1");
  await node.stop();
  await echo("22");
  assert.match(await network.ask("c", vip, 80), /^[ab] /);
  await node.start();
  await node.sync([web, service("more", "10.96.0.9")], behind({ web: at("a b c"), more: at("c") }));
  await echo("333");
  await node.sync([web], behind({ web: at("c") })); // gone from the Service, but alive
  await echo("4444");
  assert.equal(await network.ask("outside", vip, 80), `c ${outside}`);
  for (const connection of open) connection.close();
});

packetTest("remove() takes away what is ours and nothing else", async (_network, node) => {
  await node.run("nft", "add", "table", "ip", "theirs");
  await node.sync([service("web", vip, { ports })], behind({ web: at("a") }));
  assert.match(await node.run("nft", "list", "tables"), /table ip islet-proxy\n/);
  await node.remove();
  assert.equal(await node.run("nft", "list", "tables"), "table ip theirs\n");
  assert.equal(await node.run("ip", "route", "show", "10.96.0.0/16"), "");
  assert.match(await node.run("sysctl", "-n", "net.ipv4.conf.all.route_localnet"), /^0/);
});

packetTest("a listener on the node's loopback address stays out of pods' reach", async (network, node) => {
  await node.sync([service("web", vip, { ports })], behind({ web: at("a") }));
  assert.match(await node.run("sysctl", "-n", "net.ipv4.conf.all.route_localnet"), /^1/);
  const listener = await network.host("node").enter(() => Deno.listen({ hostname: "127.0.0.66", port: 9999 }));
  try {
    // a pod that is privileged in its own namespace sends packets to 127.0.0.66 out of it
    await network.host("c").enter(() => Deno.writeTextFileSync("/proc/sys/net/ipv4/conf/all/route_localnet", "1"));
    await network.ip("c", "route", "delete", "local", "127.0.0.0/8", "dev", "lo", "table", "local");
    await network.ip("c", "route", "add", "127.0.0.66/32", "via", addresses.ip.gateway, "dev", "eth0");
    const reach = () =>
      network.host("c").enter(() =>
        inTime(
          Deno.connect({ hostname: "127.0.0.66", port: 9999 }).then(
            (connection) => (connection.close(), "reached"),
            () => "not",
          ),
          "not",
        )
      );
    assert.equal(await reach(), "not");
    await node.run("nft", "flush", "chain", "ip", "islet-proxy", "martians");
    assert.equal(await reach(), "reached", "without the guard it would be");
  } finally {
    listener.close();
  }
});
