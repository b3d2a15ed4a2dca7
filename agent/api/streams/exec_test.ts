import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { closePayload, encodeFrame, FrameReader, opcode } from "../../../cri/websocket_frames.ts";
import { UpgradeRefusedError } from "../../../cri/upgrade.ts";
import type { WebSocketConnection } from "../../../cri/websocket.ts";
import { ManualClock } from "../../clock.ts";
import { running, testPod } from "../testing.ts";
import { StreamLimit } from "./limit.ts";
import { streamNode } from "./testing.ts";

const encoder = new TextEncoder(), decoder = new TextDecoder();
const bytes = (text: string) => encoder.encode(text);
const success = bytes('{"metadata":{},"status":"Success"}');
const exit3 = bytes(
  '{"status":"Failure","reason":"NonZeroExitCode","message":"exit status 3",' +
    '"details":{"causes":[{"reason":"ExitCode","message":"3"}]}}',
);
const all = "exec?command=sh&stdin=1&stdout=1&stderr=1";
/** Numbers of the streams that the API opens for all of them. */
const stream = { error: 1, stdin: 3, stdout: 5, stderr: 7 };

/** Messages until the server closes, each as its channel and text. */
async function messages(socket: WebSocketConnection): Promise<string[]> {
  const seen: string[] = [];
  for (let message; (message = await socket.receive());) seen.push(decoder.decode(message));
  return seen;
}

const protocols: [name: string, base64: boolean, end: RegExp | undefined][] = [
  ["v5.channel.k8s.io", false, /"ExitCode","message":"3"/],
  ["v4.channel.k8s.io", false, /"ExitCode","message":"3"/],
  ["v4.base64.channel.k8s.io", true, /"ExitCode","message":"3"/],
  ["channel.k8s.io", false, /^exit status 3$/],
  ["base64.channel.k8s.io", true, /^exit status 3$/],
  ["", false, /^exit status 3$/],
];
for (const [name, base64, end] of protocols) {
  Deno.test(`exec in ${name || "no protocol"} carries input, output and the end`, async () => {
    await using node = await streamNode();
    const opening = node.webSocket(all, [name]);
    const runtime = await node.runtime.accept();
    const peer = await runtime.spdy();
    await peer.opened(4);
    const socket = await opening;
    assert.equal(socket.protocol, name);
    const mark = base64 ? "0" : "\0";
    await socket.send(bytes(mark + (base64 ? btoa("hello") : "hello")));
    assert.deepEqual(await peer.next(), { control: false, id: stream.stdin, flags: 0, data: bytes("hello") });
    await peer.send(stream.stdout, bytes("out"));
    await peer.send(stream.stderr, bytes("err"));
    await peer.send(stream.error, exit3);
    runtime.close();
    const seen = (await messages(socket)).map((message) => {
      const channel = base64 ? Number(message[0]) : message.charCodeAt(0);
      return [channel, base64 ? atob(message.slice(1)) : message.slice(1)] as const;
    });
    // the first, empty one says that the connection stands
    assert.deepEqual(seen.slice(0, 3), [[1, ""], [1, "out"], [2, "err"]]);
    assert.equal(seen.length, 4);
    assert.equal(seen[3][0], 3);
    assert.match(seen[3][1], end!);
  });
}

Deno.test("the oldest protocols say nothing of success", async () => {
  await using node = await streamNode();
  const opening = node.webSocket("exec?command=true&stderr=1", ["channel.k8s.io"]);
  const runtime = await node.runtime.accept();
  const peer = await runtime.spdy();
  await peer.opened(2);
  await peer.send(stream.error, success);
  runtime.close();
  assert.deepEqual(await messages(await opening), ["\x02"]);
});

Deno.test("a client's order of protocols decides, and one that is unknown is passed over", async () => {
  await using node = await streamNode();
  const opening = node.webSocket(all, ["v9.channel.k8s.io", "v4.channel.k8s.io", "v5.channel.k8s.io"]);
  await (await node.runtime.accept()).spdy();
  const socket = await opening;
  assert.equal(socket.protocol, "v4.channel.k8s.io");
  socket.close();
  await node.idle();
});

Deno.test("the runtime is asked for what the request says", async () => {
  await using node = await streamNode({
    pod: testPod({ spec: { containers: [{ name: "web", image: "i", tty: true, stdin: true }] } }),
  });
  for (const path of ["exec?command=sh&command=-c&command=a%20b&stdout=true&stderr=true&tty=1", "attach?stdin=1"]) {
    const opening = node.webSocket(path, ["v5.channel.k8s.io"]);
    await (await node.runtime.accept()).spdy();
    (await opening).close();
  }
  await node.idle();
  const asked = { containerId: "web-0", tty: true };
  assert.deepEqual(node.runtime.asked, [
    { ...asked, cmd: ["sh", "-c", "a b"], stdin: false, stdout: true, stderr: false },
    { ...asked, stdin: true, stdout: false, stderr: false },
  ]);
});

Deno.test("v5 ends stdin, and what comes behind it is dropped; v4 cannot", async () => {
  for (const [protocol, ends] of [["v5.channel.k8s.io", true], ["v4.channel.k8s.io", false]] as const) {
    await using node = await streamNode();
    const opening = node.webSocket(all, [protocol]);
    const peer = await (await node.runtime.accept()).spdy();
    await peer.opened(4);
    const socket = await opening;
    await socket.send(bytes("\0a"));
    await socket.send(new Uint8Array([255, 0]));
    await socket.send(bytes("\0b"));
    const [first, second] = [await peer.next(), await peer.next()];
    assert.equal(decoder.decode(first.data), "a");
    assert.deepEqual([decoder.decode(second.data), second.flags], ends ? ["", 1] : ["b", 0]);
    socket.close();
    await node.idle();
  }
});

Deno.test("a terminal's size reaches the runtime, whatever else is sent on its channel", async () => {
  await using node = await streamNode();
  const opening = node.webSocket("exec?command=sh&stdin=1&stdout=1&tty=1", ["v5.channel.k8s.io"]);
  const peer = await (await node.runtime.accept()).spdy();
  const types = await peer.opened(4);
  assert.deepEqual(Object.values(types), ["error", "stdin", "stdout", "resize"]);
  const socket = await opening;
  for (const size of ["null", "{", '{"Width":0,"Height":1}', '{"Width":"a"}', "x".repeat(5000)]) {
    await socket.send(bytes(`\x04${size}`));
  }
  await socket.send(bytes('\x04{"Width":80,"Height":24}'));
  assert.equal(decoder.decode((await peer.next()).data), '{"Width":80,"Height":24}');
  socket.close();
  await node.idle();
});

Deno.test("a client with credit is told what was passed on", async () => {
  await using node = await streamNode();
  const opening = node.webSocket(all, ["v5.channel.islet.dev"]);
  const peer = await (await node.runtime.accept()).spdy();
  await peer.opened(4);
  const socket = await opening;
  assert.deepEqual(await socket.receive(), new Uint8Array([1]));
  await socket.send(bytes("\0abc"));
  assert.deepEqual(await socket.receive(), new Uint8Array([6, 0, 0, 0, 3]));
  socket.close();
  await node.idle();
});

Deno.test("what cannot run is told in the runtime's words", async () => {
  await using node = await streamNode();
  const opening = node.webSocket(all, ["v5.channel.k8s.io"]);
  const runtime = await node.runtime.accept();
  const peer = await runtime.spdy();
  await peer.opened(4);
  await peer.send(
    stream.error,
    bytes('{"status":"Failure","reason":"InternalError","message":"Internal error occurred: no such file","code":500}'),
  );
  runtime.close();
  const [, status] = await messages(await opening);
  const { status: failed, reason, message, code } = JSON.parse(status.slice(1));
  assert.deepEqual([failed, reason, message, code], [
    "Failure",
    "InternalError",
    "Internal error occurred: no such file",
    500,
  ]);
});

Deno.test("a process that is lost is told on the error channel", async () => {
  await using node = await streamNode();
  const opening = node.webSocket(all, ["v5.channel.k8s.io"]);
  const runtime = await node.runtime.accept();
  await (await runtime.spdy()).opened(4);
  runtime.close();
  const [, status] = await messages(await opening);
  assert.match(JSON.parse(status.slice(1)).message, /Cannot tell how the command ended/);
});

Deno.test("a container that does not run is told to each client in its own way", async () => {
  const waiting = running("web", { state: { waiting: { reason: "CrashLoopBackOff" } } });
  await using node = await streamNode({ pod: testPod({ status: { containerStatuses: [waiting] } }) });
  const [, status] = await messages(await node.webSocket(all, ["v5.channel.k8s.io"]));
  assert.equal(
    JSON.parse(status.slice(1)).message,
    'Internal error occurred: unable to upgrade connection: container not found ("web")',
  );
  await assert.rejects(node.spdy(all, ["v4.channel.k8s.io"]), (err) => {
    assert.ok(err instanceof UpgradeRefusedError);
    assert.deepEqual([err.status, err.said], [500, 'container not found ("web")']);
    return true;
  });
  await node.idle();
});

Deno.test("a runtime that speaks no SPDY is asked again over a WebSocket", async () => {
  await using node = await streamNode();
  const opening = node.webSocket("exec?command=ls&stdout=1", ["v5.channel.k8s.io"]);
  await (await node.runtime.accept()).refuse("400 Bad Request", "only WebSockets");
  const second = await node.runtime.accept();
  assert.match(second.head, /^GET .*\r\n[^]*Upgrade: websocket/);
  await second.refuse("500 Internal Server Error", "not that either");
  const [, status] = await messages(await opening);
  assert.match(JSON.parse(status.slice(1)).message, /HTTP status 500: not that either/);
});

Deno.test("a client that leaves ends the process's streams, whether it says so or not", async () => {
  for (const leave of ["close", "vanish"] as const) {
    await using node = await streamNode();
    const opening = node.rawWebSocket(all, "v5.channel.k8s.io");
    const runtime = await node.runtime.accept();
    await (await runtime.spdy()).opened(4);
    const client = await opening;
    if (leave === "close") await client.write(encodeFrame(opcode.close, [closePayload(1000)], true));
    else client.close();
    assert.ok(await runtime.ended());
    if (leave === "close") {
      const frames = new FrameReader(client.reader, "server");
      while ((await frames.next())?.kind === "data");
      client.close();
    }
    await node.idle();
  }
});

Deno.test("a client that breaks the protocol is told how, and its process's streams end", async () => {
  const wrong: [what: string, protocol: string, frame: Uint8Array, code: number][] = [
    ["no mask", "v5.channel.k8s.io", encodeFrame(opcode.binary, [bytes("\0a")], false), 1002],
    ["no base64", "v4.base64.channel.k8s.io", encodeFrame(opcode.text, [bytes("0a-b=")], true), 1007],
    ["half of base64", "v4.base64.channel.k8s.io", encodeFrame(opcode.text, [bytes("0abc")], true), 1007],
  ];
  for (const [what, protocol, frame, code] of wrong) {
    await using node = await streamNode();
    const opening = node.rawWebSocket(all, protocol);
    const runtime = await node.runtime.accept();
    await (await runtime.spdy()).opened(4);
    const client = await opening;
    await client.write(frame);
    const frames = new FrameReader(client.reader, "server");
    let last = await frames.next();
    while (last?.kind === "data") last = await frames.next();
    assert.equal(last?.kind, "close", what);
    assert.equal(new DataView(last!.data.buffer).getUint16(0), code, what);
    assert.ok(await runtime.ended());
    client.close();
    await node.idle();
  }
});

Deno.test("base64 that arrives in pieces is put together again", async () => {
  await using node = await streamNode();
  const opening = node.rawWebSocket(all, "v4.base64.channel.k8s.io");
  const peer = await (await node.runtime.accept()).spdy();
  await peer.opened(4);
  const client = await opening;
  const content = crypto.getRandomValues(new Uint8Array(50_000));
  const encoded = bytes(`0${Buffer.from(content).toString("base64")}`);
  for (let at = 0; at < encoded.length; at += 7001) {
    const frame = encodeFrame(opcode.text, [encoded.subarray(at, at + 7001)], true);
    frame[0] = (at === 0 ? opcode.text : opcode.continuation) | (at + 7001 >= encoded.length ? 0x80 : 0);
    await client.write(frame);
  }
  const got: number[] = [];
  while (got.length < content.length) got.push(...(await peer.next()).data);
  assert.deepEqual(new Uint8Array(got), content);
  client.close();
  await node.idle();
});

Deno.test("a ping is answered while the process is silent", async () => {
  await using node = await streamNode();
  const opening = node.rawWebSocket(all, "v5.channel.k8s.io");
  await (await node.runtime.accept()).spdy();
  const client = await opening;
  await client.write(encodeFrame(opcode.ping, [bytes("there?")], true));
  const frames = new FrameReader(client.reader, "server");
  await frames.next(); // the greeting
  const pong = await frames.next();
  assert.deepEqual([pong?.kind, decoder.decode(pong?.data)], ["pong", "there?"]);
  client.close();
  await node.idle();
});

const handshakes: [what: string, headers: Record<string, string>, method: string, code: number, message: RegExp][] = [
  ["another version", { "sec-websocket-version": "8" }, "GET", 400, /version 13 is spoken here, not 8/],
  ["no key", { "sec-websocket-key": "" }, "GET", 400, /key is missing or malformed/],
  ["a key that is too short", { "sec-websocket-key": "YWJj" }, "GET", 400, /key is missing or malformed/],
  ["the wrong method", {}, "POST", 400, /opened by GET/],
  [
    "protocols that nobody speaks",
    { "sec-websocket-protocol": "v9.channel.k8s.io, chat" },
    "GET",
    403,
    /requested protocol\(s\) are not supported: \[v9\.channel\.k8s\.io chat\]; supports \[/,
  ],
  ["another protocol than these", { upgrade: "h2c" }, "GET", 400, /^Upgrade request required$/],
];
for (const [what, headers, method, code, message] of handshakes) {
  Deno.test(`a handshake with ${what} is refused with a Status`, async () => {
    await using node = await streamNode();
    const connection = await node.connect();
    const { pathname, search } = new URL(node.url(all));
    const lines = Object.entries({
      host: "x",
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
      "sec-websocket-protocol": "v5.channel.k8s.io",
      ...(method === "POST" ? { "content-length": "0" } : {}),
      ...headers,
    }).filter(([, value]) => value !== "").map(([name, value]) => `${name}: ${value}\r\n`);
    await connection.write(bytes(`${method} ${pathname}${search} HTTP/1.1\r\n${lines.join("")}\r\n`));
    let answer = "";
    for await (const chunk of connection.readable) answer += decoder.decode(chunk);
    assert.match(answer, new RegExp(`^HTTP/1.1 ${code} `));
    const status = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")));
    assert.equal(status.kind, "Status");
    assert.match(status.message, message);
    assert.equal(node.limit.open, 0);
    assert.deepEqual(node.runtime.asked, []);
  });
}

Deno.test("more streams than there may be are refused, until one ends", async () => {
  await using node = await streamNode({ limit: new StreamLimit(1) });
  const opening = node.webSocket(all, ["v5.channel.k8s.io"]);
  await (await node.runtime.accept()).spdy();
  const first = await opening;
  for (const again of [() => node.webSocket(all, ["v5.channel.k8s.io"]), () => node.spdy(all, [])]) {
    await assert.rejects(again(), (err) => {
      assert.ok(err instanceof UpgradeRefusedError);
      assert.equal(err.status, 429);
      assert.equal(err.headers.get("retry-after"), "1");
      assert.equal(JSON.parse(err.said).reason, "TooManyRequests");
      return true;
    });
  }
  first.close();
  await node.idle();
  const third = node.webSocket(all, ["v5.channel.k8s.io"]);
  await (await node.runtime.accept()).spdy();
  (await third).close();
  await node.idle();
});

Deno.test("output that the client does not read is not taken from the runtime", async () => {
  await using node = await streamNode();
  const opening = node.rawWebSocket(all, "v5.channel.k8s.io");
  const runtime = await node.runtime.accept();
  const peer = await runtime.spdy();
  await peer.opened(4);
  const client = await opening;
  const piece = new Uint8Array(64 * 1024);
  let sent = 0;
  const sending = (async () => {
    for (; sent < 256 * 1024 * 1024; sent += piece.length) await peer.send(stream.stdout, piece);
  })().catch(() => {});
  await settled(() => sent);
  // what the system's buffers of two connections hold, and no more
  assert.ok(sent < 32 * 1024 * 1024, `${sent} bytes were taken`);
  client.close();
  await sending;
  await node.idle();
});

/** Waits until a number grows no more. */
async function settled(number: () => number): Promise<void> {
  for (let before = -1; before < number();) {
    before = number();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

Deno.test("input that the process does not read is not taken from the client, who is told that we are there", async () => {
  const clock = new ManualClock();
  await using node = await streamNode({ clock });
  const opening = node.rawWebSocket(all, "v5.channel.k8s.io");
  const runtime = await node.runtime.accept();
  await (await runtime.spdy()).opened(4);
  const client = await opening;
  const frame = encodeFrame(opcode.binary, [new Uint8Array(64 * 1024)], true);
  let sent = 0;
  const sending = (async () => {
    while (sent < 256 * 1024 * 1024) {
      await client.write(frame);
      sent += frame.length;
    }
  })().catch(() => {});
  await settled(() => sent);
  assert.ok(sent < 32 * 1024 * 1024, `${sent} bytes were taken`);
  await clock.advance(10_000);
  const frames = new FrameReader(client.reader, "server");
  assert.equal((await frames.next())?.kind, "data"); // the greeting
  assert.equal((await frames.next())?.kind, "pong");
  client.close();
  await sending;
  // that it has gone is found out by the next try to tell it something
  await clock.advance(10_000);
  assert.ok(await runtime.ended());
  await node.idle();
});

Deno.test("a stream on which nothing moves is ended, one on which something does goes on", async () => {
  const clock = new ManualClock();
  await using node = await streamNode({ clock, idleMs: 1000 });
  const opening = node.webSocket(all, ["v5.channel.k8s.io"]);
  const runtime = await node.runtime.accept();
  const peer = await runtime.spdy();
  await peer.opened(4);
  const socket = await opening;
  await socket.receive();
  await clock.advance(900);
  await peer.send(stream.stdout, bytes("x"));
  await socket.receive();
  await clock.advance(900);
  assert.equal(node.limit.open, 1);
  await clock.advance(200);
  await assert.rejects(socket.receive(), /connection ended/);
  assert.ok(await runtime.ended());
  await node.idle();
});

Deno.test("streams end with the API, and their clients are told", async () => {
  await using node = await streamNode();
  const opening = node.webSocket(all, ["v5.channel.k8s.io"]);
  const runtime = await node.runtime.accept();
  await (await runtime.spdy()).opened(4);
  const socket = await opening;
  await socket.receive();
  node.closing.abort(new Error("islet is shutting down"));
  const [status] = await messages(socket);
  assert.equal(JSON.parse(status.slice(1)).message, "Internal error occurred: islet is shutting down");
  assert.ok(await runtime.ended());
  await node.idle();
});

Deno.test("whatever bytes a client sends, its stream ends and nothing is left", async () => {
  await using node = await streamNode();
  const frame = fc.tuple(
    fc.constantFrom(0x80, 0x81, 0x82, 0x88, 0x89, 0x8a, 0x00, 0x01, 0x02, 0xff),
    fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom("\0in", "\x04{}", "\xff\0", "0aGk=", "9!").map(bytes)),
    fc.boolean(),
  ).map(([first, content, masked]) => {
    const frame = encodeFrame(0, [content], masked);
    frame[0] = first;
    return frame;
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame, { maxLength: 8 }),
      fc.constantFrom(...protocols.map(([name]) => name)),
      async (frames, protocol) => {
        const opening = node.rawWebSocket(all, protocol);
        const runtime = await node.runtime.accept();
        await runtime.spdy();
        const client = await opening;
        for (const frame of frames) await client.write(frame).catch(() => {});
        client.close();
        assert.ok(await runtime.ended());
        runtime.close();
        await node.idle();
      },
    ),
    { numRuns: 150 },
  );
});
