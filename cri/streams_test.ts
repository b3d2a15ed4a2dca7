import assert from "node:assert/strict";
import { openPort, openProcess, parseStatus, StreamError } from "./streams.ts";

/** A streaming server as a runtime has one; `script` gets each connection and what the client sends on it. */
async function withServer(
  protocol: string,
  script: (send: (channel: number, data: string | number[]) => void, close: () => void) => (message: number[]) => void,
  test: (url: string) => Promise<void>,
) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol });
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      const send = (channel: number, data: string | number[]) => {
        const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
        socket.send(new Uint8Array([channel, ...bytes]));
      };
      const onMessage = script(send, () => socket.close());
      socket.onmessage = ({ data }) => onMessage([...new Uint8Array(data)]);
    };
    return response;
  });
  await test(`http://127.0.0.1:${server.addr.port}/exec/token`);
  await server.shutdown();
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const success = '{"metadata":{},"status":"Success"}';
const failure = (code: string) =>
  `{"status":"Failure","reason":"NonZeroExitCode","message":"exit ${code}","details":{"causes":[{"reason":"ExitCode","message":"${code}"}]}}`;

Deno.test("openProcess() gives output in order and the exit code", async () => {
  await withServer("v4.channel.k8s.io", (send, close) => {
    send(1, []); // the greeting of an opened channel
    send(1, "one");
    send(2, "two");
    send(1, "three");
    send(3, failure("7"));
    close();
    return () => {};
  }, async (url) => {
    const process = await openProcess(url);
    const seen = [];
    for await (const { stream, data } of process.output) seen.push(`${stream} ${text(data)}`);
    assert.deepEqual(seen, ["stdout one", "stderr two", "stdout three"]);
    assert.deepEqual(await process.status, { exitCode: 7, message: "exit 7" });
  });
});

Deno.test("stdin, a resize and the end of stdin go out on their channels, where the protocol has them", async () => {
  for (const [protocol, closes] of [["v5.channel.k8s.io", true], ["v4.channel.k8s.io", false]] as const) {
    const got: number[][] = [];
    await withServer(protocol, (send, close) => (message) => {
      got.push(message);
      if (got.length === (closes ? 3 : 2)) {
        send(3, success);
        close();
      }
    }, async (url) => {
      const process = await openProcess(url);
      await process.resize(80, 24);
      await process.write(new TextEncoder().encode("hi"));
      assert.equal(await process.closeStdin(), closes);
      for await (const _ of process.output);
      assert.deepEqual(await process.status, { exitCode: 0, message: "" });
    });
    assert.equal(got[0][0], 4);
    assert.deepEqual(JSON.parse(text(new Uint8Array(got[0].slice(1)))), { Width: 80, Height: 24 });
    assert.deepEqual(got.slice(1), [[0, 104, 105], ...(closes ? [[255, 0]] : [])]);
  }
});

Deno.test("a stream that ends without a status never makes one up", async () => {
  await withServer("v4.channel.k8s.io", (send, close) => {
    send(1, "half");
    close();
    return () => {};
  }, async (url) => {
    const process = await openProcess(url);
    for await (const { data } of process.output) assert.equal(text(data), "half");
    await assert.rejects(process.status, /closed without a status/);
  });
});

Deno.test("output that nobody reads is not taken from the runtime", async () => {
  let sent = 0;
  let stopped = false;
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const connection = await server.accept();
    const request = new Uint8Array(4096);
    const head = text(request.subarray(0, await connection.read(request) ?? 0));
    const key = /Sec-WebSocket-Key: (\S+)/.exec(head)?.[1];
    const bytes = new TextEncoder().encode(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    const accept = btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest("SHA-1", bytes))));
    await connection.write(new TextEncoder().encode(
      `HTTP/1.1 101 x\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n`,
    ));
    const frame = new Uint8Array(4 + 60_000).fill(120);
    frame.set([0x82, 126, 60_000 >> 8, 60_000 & 255, 1]);
    try {
      while (sent < 1_000_000_000) sent += await connection.write(frame);
    } catch {
      stopped = true;
    }
    connection.close();
  })();
  const process = await openProcess(`http://127.0.0.1:${(server.addr as Deno.NetAddr).port}/`);
  let before = -1;
  while (sent === 0 || sent !== before) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(sent > 0 && sent < 100_000_000, `${sent} bytes were taken`);
  process.close();
  await serving;
  assert.ok(stopped);
  server.close();
});

Deno.test("parseStatus() tells an exit code from a command that could not run", () => {
  assert.deepEqual(parseStatus(success), { exitCode: 0, message: "" });
  assert.deepEqual(parseStatus(failure("137")), { exitCode: 137, message: "exit 137" });
  for (const wrong of ['{"status":"Failure","reason":"InternalError","message":"no such file"}', "no such file"]) {
    const status = parseStatus(wrong);
    assert.ok(status instanceof StreamError);
    assert.equal(status.message, "Cannot run the command: no such file");
  }
});

Deno.test("openPort() carries bytes both ways behind the port numbers", async () => {
  const got: number[][] = [];
  await withServer("v4.channel.k8s.io", (send, close) => {
    send(0, [80, 0]);
    send(1, [80, 0]);
    return (message) => {
      got.push(message);
      send(0, "pong");
      close();
    };
  }, async (url) => {
    const port = await openPort(url);
    const writer = port.writable.getWriter();
    await writer.write(new TextEncoder().encode("ping"));
    let answer = "";
    for await (const data of port.readable) answer += text(data);
    assert.equal(answer, "pong");
    assert.equal(await port.error, undefined);
  });
  assert.deepEqual(got, [[0, 112, 105, 110, 103]]);
});

Deno.test("openPort() hands over the runtime's complaint", async () => {
  await withServer("v4.channel.k8s.io", (send, close) => {
    send(0, [80, 0]);
    send(1, [80, 0]);
    send(1, "connection refused");
    close();
    return () => {};
  }, async (url) => {
    const port = await openPort(url);
    for await (const _ of port.readable) assert.fail("data came");
    assert.equal(await port.error, "connection refused");
  });
});
