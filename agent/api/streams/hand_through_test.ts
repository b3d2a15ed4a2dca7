import assert from "node:assert/strict";
import { UpgradeRefusedError } from "../../../cri/upgrade.ts";
import { ManualClock } from "../../clock.ts";
import { streamNode } from "./testing.ts";

const encoder = new TextEncoder(), decoder = new TextDecoder();
const bytes = (text: string) => encoder.encode(text);
const path = "exec?command=cat&stdin=1&stdout=1";
const versions = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

Deno.test("a SPDY client's connection is joined with one to the runtime, headers and all", async () => {
  await using node = await streamNode();
  const opening = node.spdy(path, versions);
  const runtime = await node.runtime.accept();
  assert.match(runtime.head, /^POST \/token HTTP\/1\.1\r\n/);
  // a line each: older servers take one for one version
  assert.deepEqual(
    [...runtime.head.matchAll(/^X-Stream-Protocol-Version: (.*)\r$/gm)].map(([, version]) => version),
    versions,
  );
  await runtime.spdy("v4.channel.k8s.io");
  const client = await opening;
  assert.equal(client.headers.get("upgrade"), "SPDY/3.1");
  assert.equal(client.headers.get("x-stream-protocol-version"), "v4.channel.k8s.io");
  await client.write(bytes("up"));
  assert.equal(decoder.decode(await runtime.reader.read(2)), "up");
  await runtime.write("down");
  assert.equal(decoder.decode(await client.reader.read(4)), "down");
  await runtime.write("last words");
  runtime.close();
  assert.equal(decoder.decode(await client.reader.read(10)), "last words");
  assert.equal(await client.reader.readSome(), undefined);
  client.close();
  runtime.close();
  await node.idle();
});

Deno.test("what comes right behind the runtime's agreement is not lost", async () => {
  await using node = await streamNode();
  const opening = node.spdy(path, versions);
  const runtime = await node.runtime.accept();
  await runtime.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\n\r\nfirst words");
  const client = await opening;
  assert.equal(decoder.decode(await client.reader.read(11)), "first words");
  client.close();
  runtime.close();
  await node.idle();
});

Deno.test("many bytes go both ways at once and arrive as they were", async () => {
  await using node = await streamNode();
  const opening = node.spdy(path, versions);
  const runtime = await node.runtime.accept();
  await runtime.spdy();
  const client = await opening;
  const size = 8 * 1024 * 1024;
  const [up, down] = [7, 13].map((factor) => new Uint8Array(size).map((_, i) => (i * factor) >> 5));
  const [gotUp, gotDown] = await Promise.all([
    runtime.reader.read(size),
    client.reader.read(size),
    client.write(up),
    runtime.write(down),
  ]);
  assert.ok(gotUp.every((byte, i) => byte === up[i]));
  assert.ok(gotDown.every((byte, i) => byte === down[i]));
  client.close();
  runtime.close();
  await node.idle();
});

Deno.test("the runtime's refusal is the client's, with its words", async () => {
  await using node = await streamNode();
  const opening = node.spdy(path, ["v9"]);
  const runtime = await node.runtime.accept();
  await runtime.write(
    "HTTP/1.1 403 Forbidden\r\nX-Accepted-Stream-Protocol-Versions: v4.channel.k8s.io\r\n" +
      "Transfer-Encoding: chunked\r\n\r\n5\r\nspeak\r\n6\r\n up v4\r\n0\r\n\r\n",
  );
  await assert.rejects(opening, (err) => {
    assert.ok(err instanceof UpgradeRefusedError);
    assert.deepEqual([err.status, err.said], [403, "speak up v4"]);
    assert.equal(err.headers.get("x-accepted-stream-protocol-versions"), "v4.channel.k8s.io");
    return true;
  });
  await node.idle();
});

Deno.test("a client that leaves ends the runtime's connection", async () => {
  await using node = await streamNode();
  const opening = node.spdy(path, versions);
  const runtime = await node.runtime.accept();
  await runtime.spdy();
  (await opening).close();
  assert.ok(await runtime.ended());
  runtime.close();
  await node.idle();
});

Deno.test("a client that has ended its side still gets what the runtime says, for a moment", async () => {
  const clock = new ManualClock();
  await using node = await streamNode({ clock });
  const opening = node.spdy(path, versions);
  const runtime = await node.runtime.accept();
  await runtime.spdy();
  const client = await opening;
  await client.write(bytes("input"));
  await client.endWrite();
  assert.equal(decoder.decode(await runtime.reader.read(5)), "input");
  assert.equal(await runtime.reader.readSome(), undefined);
  await runtime.write("answer");
  assert.equal(decoder.decode(await client.reader.read(6)), "answer");
  await clock.advance(2000);
  assert.equal(await client.reader.readSome(), undefined);
  client.close();
  runtime.close();
  await node.idle();
});

Deno.test("a runtime that has ended leaves a client that goes on sending only a moment", async () => {
  const clock = new ManualClock();
  await using node = await streamNode({ clock });
  const opening = node.spdy(path, versions);
  const runtime = await node.runtime.accept();
  await runtime.spdy();
  const client = await opening;
  await runtime.write("done");
  runtime.close();
  assert.equal(decoder.decode(await client.reader.read(4)), "done");
  assert.equal(await client.reader.readSome(), undefined);
  await client.write(bytes("more"));
  assert.equal(node.limit.open, 1);
  await clock.advance(5000);
  await node.idle();
  client.close();
});

Deno.test("handed-through streams end with the API, and when nothing moves", async () => {
  for (const end of ["closing", "idle"] as const) {
    const clock = new ManualClock();
    await using node = await streamNode({ clock, idleMs: 1000 });
    const opening = node.spdy(path, versions);
    const runtime = await node.runtime.accept();
    await runtime.spdy();
    const client = await opening;
    if (end === "closing") node.closing.abort(new Error("islet is shutting down"));
    else await clock.advance(1000);
    assert.ok(await runtime.ended());
    await client.reader.readSome().catch(() => {});
    client.close();
    await node.idle();
  }
});
