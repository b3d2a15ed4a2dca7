import assert from "node:assert/strict";
import { encodeFrame, FrameReader, opcode } from "../../../cri/websocket_frames.ts";
import { UpgradeRefusedError } from "../../../cri/upgrade.ts";
import { acceptKey } from "../../../cri/websocket.ts";
import { portsOf } from "./port_forward.ts";
import { type RuntimeConnection, streamNode } from "./testing.ts";

const encoder = new TextEncoder(), decoder = new TextDecoder();
const bytes = (text: string) => encoder.encode(text);
const tunnel = "SPDY/3.1+portforward.k8s.io";

Deno.test("SPDY is handed through, with no ports asked for: its streams name them", async () => {
  await using node = await streamNode();
  const opening = node.spdy("portforward", ["portforward.k8s.io"]);
  const runtime = await node.runtime.accept();
  await runtime.spdy("portforward.k8s.io");
  const client = await opening;
  assert.equal(client.headers.get("x-stream-protocol-version"), "portforward.k8s.io");
  await client.write(bytes("up"));
  assert.equal(decoder.decode(await runtime.reader.read(2)), "up");
  assert.deepEqual(node.runtime.asked, [{ podSandboxId: "sandbox-web", port: [] }]);
  client.close();
  runtime.close();
  await node.idle();
});

Deno.test("SPDY is carried in a WebSocket's messages, of whatever sizes", async () => {
  await using node = await streamNode();
  const opening = node.webSocket("portforward", [tunnel]);
  const runtime = await node.runtime.accept();
  assert.match(runtime.head, /^POST [^]*\r\nX-Stream-Protocol-Version: portforward\.k8s\.io\r\n/);
  await runtime.spdy("portforward.k8s.io");
  const client = await opening;
  assert.equal(client.protocol, tunnel);
  const content = crypto.getRandomValues(new Uint8Array(60_000));
  await client.send(content.subarray(0, 10));
  await client.send(new Uint8Array(0));
  await client.send(content.subarray(10));
  assert.deepEqual(await runtime.reader.read(content.length), content);
  await runtime.write(content);
  const got: number[] = [];
  while (got.length < content.length) got.push(...(await client.receive())!);
  assert.deepEqual(new Uint8Array(got), content);
  runtime.close();
  assert.equal(await client.receive(), undefined);
  await node.idle();
});

Deno.test("a tunnel's client that leaves ends the runtime's connection", async () => {
  await using node = await streamNode();
  const opening = node.rawWebSocket("portforward", tunnel);
  const runtime = await node.runtime.accept();
  await runtime.spdy("portforward.k8s.io");
  (await opening).close();
  assert.ok(await runtime.ended());
  runtime.close();
  await node.idle();
});

Deno.test("a pod without a sandbox is told before the upgrade", async () => {
  await using node = await streamNode({ sandbox: false });
  const openings = [
    () => node.webSocket("portforward", [tunnel]),
    () => node.webSocket("portforward?ports=1", [""]),
    () => node.spdy("portforward", ["portforward.k8s.io"]),
  ];
  for (const open of openings) {
    await assert.rejects(open(), (err) => {
      assert.ok(err instanceof UpgradeRefusedError);
      assert.deepEqual([err.status, err.said], [500, 'pod not found ("web_default")']);
      return true;
    });
  }
  await node.idle();
});

/** The runtime's end of port-forwarding over a WebSocket. */
async function acceptChannels(runtime: RuntimeConnection) {
  const key = /Sec-WebSocket-Key: (\S+)/.exec(runtime.head)![1];
  await runtime.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${await acceptKey(key)}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n`,
  );
  const frames = new FrameReader(runtime.reader, "client");
  return {
    next: async () => {
      const frame = await frames.next();
      return frame?.kind === "data" ? decoder.decode(frame.data) : frame?.kind;
    },
    send: (text: string) => runtime.write(encodeFrame(opcode.binary, [bytes(text)], false)),
  };
}

for (const protocol of ["v4.channel.k8s.io", "v4.base64.channel.k8s.io", ""]) {
  Deno.test(`channels of ports go through in ${protocol || "no protocol"}`, async () => {
    await using node = await streamNode();
    const opening = node.webSocket("portforward?ports=80&ports=81,82", [protocol]);
    const runtime = await node.runtime.accept();
    const peer = await acceptChannels(runtime);
    const client = await opening;
    assert.deepEqual(node.runtime.asked, [{ podSandboxId: "sandbox-web", port: [80, 81, 82] }]);
    const base64 = protocol.includes("base64");
    await client.send(bytes(base64 ? `2${btoa("up")}` : "\x02up"));
    assert.equal(await peer.next(), "\x02up");
    await peer.send("\x04down");
    assert.equal(decoder.decode(await client.receive()), base64 ? `4${btoa("down")}` : "\x04down");
    runtime.close();
    assert.equal(await client.receive(), undefined);
    await node.idle();
  });
}

Deno.test("a client of channels that leaves ends the runtime's connection", async () => {
  await using node = await streamNode();
  const opening = node.rawWebSocket("portforward?ports=80", "v4.channel.k8s.io");
  const runtime = await node.runtime.accept();
  await acceptChannels(runtime);
  (await opening).close();
  assert.ok(await runtime.ended());
  runtime.close();
  await node.idle();
});

const unclear: [query: string, message: RegExp][] = [
  ["", /^query parameter "ports" is required$/],
  ["?ports=", /^query parameter "ports" cannot be empty$/],
  ["?ports=0", /^port "0" must be > 0$/],
  ["?ports=80,x", /^unable to parse "80,x" as a port$/],
  ["?ports=65536", /^unable to parse "65536" as a port$/],
  [`?ports=${Array(128).fill(80)}`, /^at most 127 ports/],
];
for (const [query, message] of unclear) {
  Deno.test(`channels for ${query.slice(0, 20) || "no ports"} are refused`, async () => {
    await using node = await streamNode();
    await assert.rejects(node.webSocket(`portforward${query}`, ["v4.channel.k8s.io"]), (err) => {
      assert.ok(err instanceof UpgradeRefusedError);
      assert.equal(err.status, 400);
      assert.match(JSON.parse(err.said).message, message);
      return true;
    });
    assert.deepEqual(node.runtime.asked, []);
  });
}

Deno.test("protocols that no port is forwarded in are refused", async () => {
  await using node = await streamNode();
  await assert.rejects(node.webSocket("portforward?ports=80", ["v5.channel.k8s.io"]), /403.*not supported/);
});

Deno.test("portsOf() keeps the order, and names that come twice", () => {
  assert.deepEqual(portsOf("port", ["443,80", "80"]), [443, 80, 80]);
});
