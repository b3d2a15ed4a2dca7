import assert from "node:assert/strict";
import { ByteReader, bytesOfStream, PendingWrites, StreamError } from "./bytes.ts";

/** A reader of bytes that arrive in these pieces. */
function readerOf(...pieces: string[]): ByteReader {
  return new ByteReader(() => {
    const next = pieces.shift();
    return Promise.resolve(next === undefined ? undefined : new TextEncoder().encode(next));
  });
}

const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

Deno.test("ByteReader reads exact numbers of bytes across pieces, and says when there are too few", async () => {
  const reader = readerOf("ab", "cdef", "g");
  assert.equal(text(await reader.read(1)), "a");
  assert.equal(text(await reader.read(4)), "bcde");
  assert.equal(text(await reader.readOrEnd(1)), "f");
  await assert.rejects(reader.read(2), StreamError);
  assert.equal(await readerOf().readOrEnd(1), undefined);
  await assert.rejects(readerOf("a").readOrEnd(2), /the connection ended/);
});

Deno.test("ByteReader gives what has arrived, no more than is asked for, and nothing twice", async () => {
  const reader = readerOf("abcdef", "gh");
  assert.equal(text(await reader.readSome(2)), "ab");
  assert.equal(text(await reader.read(1)), "c");
  assert.equal(text(await reader.readSome()), "def");
  assert.equal(text(await reader.readSome(5)), "gh");
  assert.equal(await reader.readSome(), undefined);
});

Deno.test("ByteReader reads a head, and what is behind it is left", async () => {
  const reader = readerOf("HTTP/1.1 101 Go\r\nA: b\r", "\n\r\nrest");
  assert.equal(await reader.readHead(), "HTTP/1.1 101 Go\r\nA: b");
  assert.equal(text(await reader.readSome()), "rest");
  await assert.rejects(readerOf("x".repeat(100)).readHead(50), /do not end/);
});

Deno.test("bytesOfStream() passes over empty pieces", async () => {
  const stream = ReadableStream.from([new Uint8Array(), new Uint8Array([1]), new Uint8Array()]);
  const next = bytesOfStream(stream.getReader());
  assert.deepEqual(await next(), new Uint8Array([1]));
  assert.equal(await next(), undefined);
});

Deno.test("PendingWrites are given up when they are closed, and those that come later at once", async () => {
  const writes = new PendingWrites();
  assert.equal(await writes.until(Promise.resolve(3)), 3);
  await assert.rejects(writes.until(Promise.reject(new Error("broken"))), /broken/);
  const never = writes.until(new Promise(() => {}));
  writes.close();
  await assert.rejects(never, /the connection is closed/);
  await assert.rejects(writes.until(Promise.resolve()), StreamError);
});
