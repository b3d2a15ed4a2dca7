import assert from "node:assert/strict";
import { ByteReader, bytesOf, writeAll } from "./bytes.ts";
import { openProcessSpdy } from "./spdy.ts";
import { Peer } from "./testing.ts";
import { UpgradeRefusedError } from "./upgrade.ts";

const encoder = new TextEncoder(), decoder = new TextDecoder();
const streams = { stdin: true, stdout: true, stderr: true, tty: false };
const success = encoder.encode('{"status":"Success"}');
const exit3 = encoder.encode(
  '{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}',
);

/** A server that answers one connection. */
async function withServer(
  answer: string,
  serve: (peer: Peer) => Promise<void>,
  use: (url: string) => Promise<void>,
): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    using connection = await listener.accept();
    const reader = new ByteReader(bytesOf(connection));
    const head = await reader.readHead();
    await writeAll(connection, encoder.encode(answer));
    await serve(new Peer(head, reader, connection));
  })();
  await use(`http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}/exec/token?x=1`);
  await served;
}

const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\n\r\n";

Deno.test("openProcessSpdy() opens a stream for each that is asked for, ends stdin, and reads output and exit code", async () => {
  await withServer(switching, async (peer) => {
    assert.match(peer.head, /^POST \/exec\/token\?x=1 HTTP\/1\.1\r\n/);
    assert.match(peer.head, /\r\nUpgrade: SPDY\/3\.1\r\n/);
    assert.deepEqual(await peer.opened(4), { 1: "error", 3: "stdin", 5: "stdout", 7: "stderr" });
    await peer.send(2, new Uint8Array(12), { control: true }); // SYN_REPLY: not looked at
    const input = await peer.next();
    assert.deepEqual([input.control, input.id, input.flags, decoder.decode(input.data)], [false, 3, 0, "hello"]);
    const end = await peer.next();
    assert.deepEqual([end.control, end.id, end.flags, end.data.length], [false, 3, 1, 0]);
    await peer.send(5, encoder.encode("out"));
    await peer.send(7, encoder.encode("err"));
    await peer.send(1, exit3.subarray(0, 10));
    await peer.send(1, exit3.subarray(10), { flags: 1 });
    await peer.send(7, new Uint8Array(8), { control: true }); // GOAWAY
  }, async (url) => {
    const process = await openProcessSpdy(url, streams);
    await process.write(encoder.encode("hello"));
    assert.equal(await process.closeStdin(), true);
    const said = [];
    for await (const { stream, data } of process.output) said.push(`${stream} ${decoder.decode(data)}`);
    assert.deepEqual(said, ["stdout out", "stderr err"]);
    assert.equal((await process.status).exitCode, 3);
  });
});

Deno.test("a terminal has a stream of sizes and none of stderr", async () => {
  await withServer(switching, async (peer) => {
    assert.deepEqual(await peer.opened(3), { 1: "error", 3: "stdout", 5: "resize" });
    const size = await peer.next();
    assert.deepEqual([size.id, decoder.decode(size.data)], [5, '{"Width":80,"Height":24}']);
    await peer.send(1, success);
  }, async (url) => {
    const process = await openProcessSpdy(url, { stdin: false, stdout: true, stderr: true, tty: true });
    await process.resize(80, 24);
    await assert.rejects(process.write(encoder.encode("x")), /it was not asked for/);
    for await (const _ of process.output);
    assert.equal((await process.status).exitCode, 0);
  });
});

Deno.test("a server's ping is answered, an answer to a ping is not", async () => {
  await withServer(switching, async (peer) => {
    await peer.opened(4);
    await peer.send(6, new Uint8Array([0, 0, 0, 1]), { control: true });
    await peer.send(6, new Uint8Array([0, 0, 0, 2]), { control: true });
    const { control, id, data } = await peer.next();
    assert.deepEqual([control, id, ...data], [true, 6, 0, 0, 0, 2]);
    await peer.send(1, success);
  }, async (url) => {
    const process = await openProcessSpdy(url, streams);
    for await (const _ of process.output);
    await process.status;
  });
});

Deno.test("large input goes out in pieces", async () => {
  await withServer(switching, async (peer) => {
    await peer.opened(4);
    let total = 0;
    while (total < 200_000) {
      const { data } = await peer.next();
      assert.ok(data.length <= 65536);
      total += data.length;
    }
    await peer.send(1, success);
  }, async (url) => {
    const process = await openProcessSpdy(url, streams);
    await process.write(new Uint8Array(200_000));
    for await (const _ of process.output);
    await process.status;
  });
});

Deno.test("a connection that ends without a status never makes one up", async () => {
  await withServer(switching, async (peer) => {
    await peer.opened(4);
  }, async (url) => {
    const process = await openProcessSpdy(url, streams);
    await assert.rejects(async () => {
      for await (const _ of process.output);
    }, /closed without a status/);
    await assert.rejects(process.status, /closed without a status/);
  });
});

Deno.test("a server that does not speak SPDY is told apart, with its words", async () => {
  const answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 9\r\n\r\nno thanks";
  await withServer(answer, async () => {}, async (url) => {
    await assert.rejects(openProcessSpdy(url, streams), (err) => {
      assert.ok(err instanceof UpgradeRefusedError);
      assert.match(err.message, /HTTP status 400: no thanks/);
      return true;
    });
  });
});

Deno.test("the signal ends a connection that waits, with its reason", async () => {
  const stop = new AbortController();
  await withServer(switching, async (peer) => {
    await peer.opened(4);
    stop.abort(new Error("enough"));
    await assert.rejects(peer.next());
  }, async (url) => {
    const process = await openProcessSpdy(url, streams, { signal: stop.signal });
    await assert.rejects(async () => {
      for await (const _ of process.output);
    }, /enough/);
    await assert.rejects(process.status, /enough/);
  });
});
