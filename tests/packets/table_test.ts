/** The table in the real kernel: what is refused, what others do to it, and that a miss lets nothing through. */
import assert from "node:assert/strict";
import { NftLibrary } from "../../net/nft/mod.ts";
import { ServiceProxy, tableName } from "../../net/proxy/mod.ts";
import { PacketNetwork } from "./network.ts";
import { at, behind, ProxyNode, proxyOptions, service } from "./node.ts";

const vip = "10.96.0.1";

Deno.test("a connection that finds no endpoint is dropped, not let past: with the endpoint it connects", async () => {
  await using network = await PacketNetwork.create();
  await using node = new ProxyNode(network);
  await node.start();
  await node.sync([service("web", vip)], behind({ web: at("a b") }));
  // a table that is between two states, or damaged: the verdict is there, the endpoints are not
  const elements = [0, 1].map((index) => `${vip} . tcp . 80 . ${index}`).join(", ");
  await node.run("nft", "delete", "element", "ip", tableName, "endpoints-tcp", `{ ${elements} }`);
  const connecting = network.connect("c", vip, 80);
  assert.equal(await network.ask("c", vip, 80), "dropped");
  await node.run(
    "nft",
    "add",
    "element",
    "ip",
    tableName,
    "endpoints-tcp",
    `{ ${vip} . tcp . 80 . 0 : 10.244.0.11 . 8080 }`,
  );
  const { answer, connection } = await connecting; // the kernel sends its SYN again
  connection.close();
  assert.equal(answer, "a 10.244.0.13");
});

Deno.test("what the kernel refuses is told with the element at fault, holds back nothing else, and is put right later", async () => {
  await using network = await PacketNetwork.create();
  const retries: (() => void)[] = [], reports: string[] = [];
  await network.host("node").enter(async () => {
    const nft = new NftLibrary();
    const proxy = new ServiceProxy({
      nft,
      options: proxyOptions,
      timers: { after: (_, fn) => (retries.push(fn), () => {}) },
      report: ({ service, message }) => reports.push(`${service}: ${message}`),
    });
    await proxy.start();
    await proxy.sync([service("web", vip)], behind({ web: at("a") }));
    // somebody writes into our table what we do not know of
    await nft.run(`add element ip ${tableName} services {\n10.96.0.5 . tcp . 80 : drop\n}\n`);
    const all = Array.from({ length: 20 }, (_, i) => service(`s${i}`, `10.96.0.${i + 1}`)).slice(1);
    const endpoints = behind(
      Object.fromEntries(["web", ...all.map(({ name }) => name)].map((name) => [name, at("b")])),
    );
    const { problems } = await proxy.sync([service("web", vip), ...all], endpoints);
    assert.deepEqual(problems.map(({ service }) => service), ["default/s4"]);
    assert.match(
      reports.join("\n"),
      /^default\/s4: 10\.96\.0\.5 port 80\/tcp: .*File exists: 10\.96\.0\.5 \. tcp \. 80 : goto/,
    );
    const verdicts = [...(await nft.readElements("ip", tableName, "services")).values()];
    assert.deepEqual(verdicts.sort(), ["drop", ...Array(19).fill("goto lb-tcp-1")]);
    retries.splice(0).forEach((retry) => retry());
    const again = await proxy.sync([service("web", vip), ...all], endpoints);
    assert.deepEqual(again.problems, []);
    await proxy.stop();
    nft.close();
  });
  assert.equal(await network.ask("c", "10.96.0.5", 80), "b 10.244.0.13");
});

Deno.test("a table that somebody has taken away is written anew; tables of others stay as they are", async () => {
  await using network = await PacketNetwork.create();
  await using node = new ProxyNode(network);
  await node.start();
  await node.run("nft", "add table ip theirs; add chain ip theirs c; add rule ip theirs c counter accept");
  const theirs = await node.run("nft", "list", "table", "ip", "theirs");
  await node.sync([service("web", vip)], behind({ web: at("a") }));
  await node.run("nft", "delete", "table", "ip", tableName);
  assert.notEqual(await network.ask("c", vip, 80), "a 10.244.0.13");
  await node.verify();
  assert.deepEqual(node.problems.splice(0), [`the table ${tableName} has gone: it is written anew`]);
  assert.equal(await network.ask("c", vip, 80), "a 10.244.0.13");
  assert.equal(await node.run("nft", "list", "table", "ip", "theirs"), theirs);
  assert.match(theirs, /counter/);
});
