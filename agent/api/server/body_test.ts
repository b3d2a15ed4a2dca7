import { deepEqual, equal, rejects } from "node:assert/strict";
import fc from "fast-check";
import { ApiError } from "../status.ts";
import { type Body, bodyOf } from "./body.ts";
import { latin1Bytes, type RequestHead } from "./head.ts";
import { Source } from "./source.ts";

/** A source of this text in pieces of these sizes, the last again and again. */
function sourceOf(text: string, sizes: readonly number[] = [Infinity]): Source {
  const bytes = latin1Bytes(text);
  let at = 0, turn = 0;
  return new Source({
    read(into) {
      if (at === bytes.length) return Promise.resolve(null);
      const size = Math.max(1, sizes[Math.min(turn++, sizes.length - 1)]);
      const piece = bytes.subarray(at, at + Math.min(size, into.length));
      into.set(piece);
      at += piece.length;
      return Promise.resolve(piece.length);
    },
  });
}

async function whole(body: Body): Promise<string> {
  let text = "";
  for (let bytes = await body.next(); bytes; bytes = await body.next()) text += String.fromCharCode(...bytes);
  return text;
}

const chunked: Pick<RequestHead, "body"> = { body: { type: "chunked" } };
const length = (count: number): Pick<RequestHead, "body"> => ({ body: { type: "length", length: count } });

Deno.test("a body ends where its length says, and what follows is the next request's", async () => {
  const source = sourceOf("hello world");
  const body = bodyOf(source, length(5), 100);
  equal(body.complete, false);
  equal(await whole(body), "hello");
  equal(body.complete, true);
  equal(await whole({ next: () => source.next(), complete: false }), " world");
});

Deno.test("chunks are put together, with extensions and a trailer, and what follows is left", async () => {
  const source = sourceOf("5;a=b\r\nhello\r\n1\r\n \r\n05\r\nworld\r\n0\r\nX-Sum: 1\r\nY: z\r\n\r\nGET");
  const body = bodyOf(source, chunked, 100);
  equal(await whole(body), "hello world");
  equal(body.complete, true);
  deepEqual(source.ahead, latin1Bytes("GET"));
});

Deno.test("however a body is cut on its way, it is the same", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.string({ minLength: 1, maxLength: 20, unit: "binary-ascii" }), { maxLength: 8 }),
    fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 20 }),
    async (parts, sizes) => {
      const text = parts.join("");
      const framed = parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("") + "0\r\n\r\nnext";
      const source = sourceOf(framed, sizes);
      equal(await whole(bodyOf(source, chunked, 1000)), text);
      const plain = sourceOf(text + "next", sizes);
      if (text !== "") equal(await whole(bodyOf(plain, length(text.length), 1000)), text);
    },
  ));
});

const refused: [name: string, text: string, head: Pick<RequestHead, "body">, code: number][] = [
  ["a body that breaks off", "hel", length(5), 400],
  ["chunks that break off", "5\r\nhel", chunked, 400],
  ["chunks that end in a size", "5", chunked, 400],
  ["chunks without a last one", "5\r\nhello\r\n", chunked, 400],
  ["a size that is none", "x\r\nhello\r\n0\r\n\r\n", chunked, 400],
  ["a negative size", "-5\r\nhello\r\n0\r\n\r\n", chunked, 400],
  ["a size of nine digits", "000000005\r\nhello\r\n0\r\n\r\n", chunked, 400],
  ["a chunk that is longer than it says", "3\r\nhello\r\n0\r\n\r\n", chunked, 400],
  ["bare line feeds", "5\nhello\n0\n\n", chunked, 400],
  ["an endless size line", `5;${"a".repeat(300)}\r\nhello\r\n0\r\n\r\n`, chunked, 400],
  ["an endless trailer", `0\r\n${"X: y\r\n".repeat(1000)}\r\n`, chunked, 400],
  ["a length beyond the limit", "x".repeat(101), length(101), 413],
  ["chunks beyond the limit", `32\r\n${"x".repeat(50)}\r\n33\r\n${"x".repeat(51)}\r\n0\r\n\r\n`, chunked, 413],
];

for (const [name, text, head, code] of refused) {
  Deno.test(`${name} is refused with ${code}, and stays so`, async () => {
    const body = bodyOf(sourceOf(text), head, 100);
    const wrong = (err: unknown) => err instanceof ApiError && err.code === code;
    await rejects(whole(body), wrong);
    await rejects(body.next(), wrong);
    equal(body.complete, false);
  });
}

Deno.test("a body of nothing is complete from the start", async () => {
  const body = bodyOf(sourceOf("GET"), { body: { type: "none" } }, 100);
  equal(body.complete, true);
  equal(await body.next(), undefined);
});
