import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteReader, concat, StreamError } from "./bytes.ts";
import {
  closeCode,
  closePayload,
  type ControlMessage,
  type DataPiece,
  encodeFrame,
  FrameError,
  FrameReader,
  opcode,
} from "./websocket_frames.ts";

const text = (content: string) => new TextEncoder().encode(content);

/** A reader of bytes that arrive in pieces of these lengths, over and over. */
function reader(bytes: Uint8Array, from: "client" | "server", lengths: number[] = [bytes.length || 1]): FrameReader {
  let at = 0, next = 0;
  return new FrameReader(
    new ByteReader(() => {
      if (at >= bytes.length) return Promise.resolve(undefined);
      const piece = bytes.slice(at, at += lengths[next++ % lengths.length]);
      return Promise.resolve(piece);
    }),
    from,
  );
}

async function readAll(frames: FrameReader): Promise<(DataPiece | ControlMessage)[]> {
  const all = [];
  for (let frame; (frame = await frames.next());) all.push({ ...frame, data: frame.data.slice() });
  return all;
}

/** What a client sends, with a mask that changes nothing. */
function masked(first: number, length: number[], content: Uint8Array = new Uint8Array(0)): Uint8Array {
  return concat([new Uint8Array([first, 0x80 | length[0], ...length.slice(1), 0, 0, 0, 0]), content]);
}

const broken: [what: string, bytes: Uint8Array, code: number, message: RegExp][] = [
  ["a client that does not mask", new Uint8Array([0x82, 1, 7]), 1002, /a client must mask/],
  ["a reserved bit", masked(0xc2, [0]), 1002, /an extension/],
  ["an opcode for data that is none", masked(0x83, [0]), 1002, /opcode 3/],
  ["an opcode for control that is none", masked(0x8b, [0]), 1002, /opcode 11/],
  ["a ping in parts", masked(0x09, [0]), 1002, /a ping that is too long or in parts/],
  ["a ping of 126 bytes", masked(0x89, [126, 0, 126]), 1002, /a ping that is too long/],
  ["a message that goes on and did not begin", masked(0x80, [0]), 1002, /goes on that did not begin/],
  [
    "a message that begins within another",
    concat([masked(0x02, [1], text("a")), masked(0x82, [0])]),
    1002,
    /begins within another/,
  ],
  ["a length with too many bytes", masked(0x82, [126, 0, 125]), 1002, /shortest/],
  ["a long length with too many bytes", masked(0x82, [127, 0, 0, 0, 0, 0, 0, 255, 255]), 1002, /shortest/],
  ["a length beyond all numbers", masked(0x82, [127, 255, 255, 255, 255, 255, 255, 255, 255]), 1009, /too long/],
  ["text that is no UTF-8", masked(0x81, [2], new Uint8Array([0xc3, 0x28])), 1007, /no UTF-8/],
  ["text that ends within a character", masked(0x81, [1], new Uint8Array([0xc3])), 1007, /no UTF-8/],
  ["a close of one byte", masked(0x88, [1], new Uint8Array([3])), 1002, /half a status code/],
  ["a close with a code that is never sent", masked(0x88, [2], new Uint8Array([3, 0xed])), 1002, /status code 1005/],
  ["a close with a code that nobody has", masked(0x88, [2], new Uint8Array([0, 1])), 1002, /status code 1/],
  ["a close with a reason that is no UTF-8", masked(0x88, [3], new Uint8Array([3, 0xe8, 0xff])), 1007, /no UTF-8/],
];
for (const [what, bytes, code, message] of broken) {
  Deno.test(`FrameReader closes with ${code} on ${what}`, async () => {
    await assert.rejects(readAll(reader(bytes, "client")), (err) => {
      assert.ok(err instanceof FrameError);
      assert.equal(err.code, code);
      assert.match(err.message, message);
      return true;
    });
  });
}

Deno.test("FrameReader refuses a server that masks", async () => {
  await assert.rejects(readAll(reader(encodeFrame(opcode.binary, [text("a")], true), "server")), /must not mask/);
});

Deno.test("a connection that ends within a frame is an error, one that ends between two is none", async () => {
  const frame = encodeFrame(opcode.binary, [text("abc")], true);
  assert.equal((await readAll(reader(frame, "client"))).length, 1);
  for (let length = 1; length < frame.length; length++) {
    await assert.rejects(readAll(reader(frame.slice(0, length), "client")), StreamError, `${length} bytes`);
  }
});

Deno.test("control messages come between the pieces of a message, and empty pieces in its middle are dropped", async () => {
  const bytes = concat([
    masked(0x01, [0]),
    masked(0x00, [1], text("a")),
    masked(0x89, [2], text("hi")),
    masked(0x00, [0]),
    masked(0x80, [0]),
    masked(0x88, [5], closePayload(closeCode.normal, "bye")),
  ]);
  const seen = (await readAll(reader(bytes, "client"))).map((frame) =>
    frame.kind === "data"
      ? `${frame.first ? "<" : ""}${new TextDecoder().decode(frame.data)}${frame.last ? ">" : ""}`
      : frame.kind
  );
  assert.deepEqual(seen, ["<", "a", "ping", ">", "close"]);
});

Deno.test("text may be cut within a character", async () => {
  const [first, second] = text("é");
  const bytes = concat([masked(0x01, [1], new Uint8Array([first])), masked(0x80, [1], new Uint8Array([second]))]);
  const pieces = await readAll(reader(bytes, "client")) as DataPiece[];
  assert.equal(new TextDecoder().decode(concat(pieces.map(({ data }) => data))), "é");
});

Deno.test("a long message comes in pieces as it arrives", async () => {
  const content = new Uint8Array(200_000).map((_, i) => i * 31);
  const frame = encodeFrame(opcode.binary, [content], true);
  const pieces = await readAll(reader(frame, "client", [14, 60_001, 60_002, 90_000])) as DataPiece[];
  assert.deepEqual(pieces.map(({ data }) => data.length), [60_001, 60_002, 79_997]);
  assert.deepEqual(pieces.map(({ first, last }) => [first, last]), [[true, false], [false, false], [false, true]]);
  assert.deepEqual(concat(pieces.map(({ data }) => data)), content);
});

Deno.test("encodeFrame() makes a frame in the room that it is given, if that is large enough", () => {
  const room = new Uint8Array(20).fill(9);
  const frame = encodeFrame(opcode.binary, [text("abc")], false, room);
  assert.equal(frame.buffer, room.buffer);
  assert.deepEqual(frame, new Uint8Array([0x82, 3, 97, 98, 99]));
  assert.notEqual(encodeFrame(opcode.binary, [new Uint8Array(19)], false, room).buffer, room.buffer);
});

Deno.test("closePayload() cuts a reason to what a frame holds, at a whole character", () => {
  const payload = closePayload(1000, "é".repeat(100));
  assert.equal(payload.length, 2 + 122);
  assert.equal(new TextDecoder("utf-8", { fatal: true }).decode(payload.subarray(2)), "é".repeat(61));
});

const messages = fc.array(
  fc.record({
    parts: fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 3 }),
    long: fc.constantFrom(0, 0, 0, 1000, 66_000),
  }),
  { maxLength: 5 },
);

Deno.test("what was encoded is read again, masked or not, however the bytes arrive", async () => {
  await fc.assert(
    fc.asyncProperty(
      messages,
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 }),
      async (all, mask, lengths) => {
        const contents = all.map(({ parts, long }) => [...parts, new Uint8Array(long).fill(5)]);
        const bytes = concat(contents.map((parts) => encodeFrame(opcode.binary, parts, mask)));
        const read: Uint8Array[] = [];
        for (const frame of await readAll(reader(bytes, mask ? "client" : "server", lengths))) {
          assert.equal(frame.kind, "data");
          const { first, data } = frame as DataPiece;
          if (first) read.push(data);
          else read.push(concat([read.pop()!, data]));
        }
        assert.deepEqual(read, contents.map(concat));
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("no bytes at all make the reader fail otherwise than by telling of them", async () => {
  const frame = fc.tuple(
    fc.constantFrom(0x80, 0x81, 0x82, 0x88, 0x89, 0x8a, 0x00, 0x01, 0x02, 0xff),
    fc.uint8Array({ maxLength: 140 }),
    fc.boolean(),
  ).map(([first, content, mask]) => {
    const bytes = encodeFrame(0, [content], mask);
    bytes[0] = first;
    return bytes;
  });
  const noise = fc.oneof({ weight: 3, arbitrary: frame }, fc.uint8Array({ maxLength: 40 }));
  await fc.assert(
    fc.asyncProperty(fc.array(noise, { maxLength: 12 }), fc.constantFrom("client", "server"), async (parts, from) => {
      try {
        await readAll(reader(concat(parts), from as "client", [7, 1, 100]));
      } catch (err) {
        assert.ok(err instanceof StreamError, `${err}`);
      }
    }),
    { numRuns: 2000 },
  );
});
