import assert from "node:assert/strict";
import { StreamError } from "./bytes.ts";
import { WebSocketConnection } from "./websocket.ts";

/** A server that answers the upgrade by hand and then runs `script` on the raw connection. */
async function withRawServer(
  script: (connection: Deno.Conn, answer: (head: string) => Promise<void>, key: string) => Promise<void>,
  test: (url: string) => Promise<void>,
) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const connection = await listener.accept();
    const request = new TextDecoder().decode(await readSome(connection));
    const key = /Sec-WebSocket-Key: (\S+)/.exec(request)?.[1] ?? "";
    const answer = async (head: string) => {
      await connection.write(new TextEncoder().encode(head));
    };
    await script(connection, answer, key);
    connection.close();
  })();
  await test(`http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}/exec/token`);
  await serving;
  listener.close();
}

async function readSome(connection: Deno.Conn): Promise<Uint8Array> {
  const buffer = new Uint8Array(65536);
  return buffer.subarray(0, await connection.read(buffer) ?? 0);
}

async function accepted(key: string): Promise<string> {
  const bytes = new TextEncoder().encode(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  const digest = btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest("SHA-1", bytes))));
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${digest}\r\nSec-WebSocket-Protocol: p1\r\n\r\n`;
}

Deno.test("a message in fragments with a ping between them arrives whole, and the ping is answered", async () => {
  let pong: Uint8Array = new Uint8Array();
  await withRawServer(async (connection, answer, key) => {
    await answer(await accepted(key));
    await connection.write(new Uint8Array([0x02, 2, 1, 2])); // binary, not final
    await connection.write(new Uint8Array([0x89, 1, 42])); // ping
    await connection.write(new Uint8Array([0x80, 1, 3])); // continuation, final
    pong = await readSome(connection);
    await connection.write(new Uint8Array([0x88, 2, 3, 232])); // close
    await readSome(connection);
  }, async (url) => {
    const socket = await WebSocketConnection.open(url, ["p1", "p2"]);
    assert.equal(socket.protocol, "p1");
    assert.deepEqual(await socket.receive(), new Uint8Array([1, 2, 3]));
    assert.equal(await socket.receive(), undefined);
    assert.equal(await socket.receive(), undefined);
    await assert.rejects(socket.send(new Uint8Array([1])), /closed/);
  });
  assert.deepEqual([pong[0], pong[1], pong[6] ^ pong[2]], [0x8a, 0x81, 42]);
});

Deno.test("messages of every length class go both ways, masked on the way out", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "p1" });
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  });
  const socket = await WebSocketConnection.open(`http://127.0.0.1:${server.addr.port}/`, ["p1"]);
  for (const length of [0, 125, 126, 65535, 65536, 300_000]) {
    const message = new Uint8Array(length).map((_, i) => i * 7);
    await socket.send(message);
    assert.deepEqual(await socket.receive(), message, `length ${length}`);
  }
  socket.close();
  assert.equal(await socket.receive(), undefined);
  await server.shutdown();
});

const refusals: [string, string, RegExp][] = [
  ["a refusal", "HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\n\r\nno token", /HTTP status 404: no token/],
  [
    "a handshake for somebody else",
    "HTTP/1.1 101 x\r\nSec-WebSocket-Accept: bm8=\r\nSec-WebSocket-Protocol: p1\r\n\r\n",
    /handshake does not fit/,
  ],
  ["headers without end", "HTTP/1.1 101 x\r\n" + "a: b\r\n".repeat(4000), /headers do not end/],
  ["nothing", "", /connection ended/],
];
for (const [what, head, expected] of refusals) {
  Deno.test(`open() tells of ${what}`, async () => {
    await withRawServer((_, answer) => answer(head).catch(() => {}), async (url) => {
      await assert.rejects(WebSocketConnection.open(url, ["p1"]), (err) => {
        assert.ok(err instanceof StreamError);
        assert.match(err.message, expected);
        return true;
      });
    });
  });
}

Deno.test("a server that chose no protocol of ours is refused", async () => {
  await withRawServer(
    async (_, answer, key) => await answer((await accepted(key)).replace("Protocol: p1", "Protocol: p9")),
    async (url) => {
      await assert.rejects(WebSocketConnection.open(url, ["p1"]), /speaks "p9", not p1/);
    },
  );
});

Deno.test("the signal ends a connection that waits, with its reason", async () => {
  const leave = Promise.withResolvers<void>();
  await withRawServer(async (_, answer, key) => {
    await answer(await accepted(key));
    await leave.promise;
  }, async (url) => {
    const caller = new AbortController();
    const socket = await WebSocketConnection.open(url, ["p1"], { signal: caller.signal });
    const receiving = assert.rejects(socket.receive(), /gave up/);
    caller.abort(new Error("gave up"));
    await receiving;
    leave.resolve();
  });
});

Deno.test("a connection that breaks in a frame is an error, not an end", async () => {
  await withRawServer(async (connection, answer, key) => {
    await answer(await accepted(key));
    await connection.write(new Uint8Array([0x82, 5, 1, 2]));
  }, async (url) => {
    const socket = await WebSocketConnection.open(url, ["p1"]);
    await assert.rejects(socket.receive(), StreamError);
  });
});
