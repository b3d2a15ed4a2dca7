import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { headEnd, HeadError, latin1Bytes, parseHead, type RequestHead, responseHead } from "./head.ts";

const parse = (text: string, most = 10) => parseHead(latin1Bytes(text), most);
const request = (lines: string[], first = "GET / HTTP/1.1") => parse([first, "Host: a", ...lines, "", ""].join("\r\n"));

Deno.test("a head is its line and its headers", () => {
  const { headers, ...head } = request(["X-A:  b  ", "x-a: c", "Empty:"], "GET /a?b=c HTTP/1.1");
  deepEqual(head, {
    method: "GET",
    target: "/a?b=c",
    minor: 1,
    body: { type: "none" },
    expectsContinue: false,
    keepAlive: true,
    upgrade: undefined,
  });
  deepEqual([headers.get("x-a"), headers.get("empty"), headers.get("host")], ["b, c", "", "a"]);
});

const readings: [name: string, lines: string[], first: string, expected: Partial<RequestHead>][] = [
  ["a length", ["Content-Length: 12"], "POST / HTTP/1.1", { body: { type: "length", length: 12 } }],
  ["no length", ["Content-Length: 0"], "POST / HTTP/1.1", { body: { type: "none" } }],
  ["chunks", ["Transfer-Encoding: Chunked"], "POST / HTTP/1.1", { body: { type: "chunked" } }],
  ["the last request", ["Connection: keep-alive, Close"], "GET / HTTP/1.1", { keepAlive: false }],
  ["HTTP/1.0", [], "GET / HTTP/1.0", { minor: 0, keepAlive: false }],
  ["an upgrade", ["Connection: Upgrade", "Upgrade: WebSocket"], "GET / HTTP/1.1", { upgrade: "websocket" }],
  ["an upgrade that Connection does not name", ["Upgrade: websocket"], "GET / HTTP/1.1", { upgrade: undefined }],
  ["who waits for 100", ["Expect: 100-Continue", "Content-Length: 1"], "PUT / HTTP/1.1", { expectsContinue: true }],
];

for (const [name, lines, first, expected] of readings) {
  Deno.test(`parseHead() knows ${name}`, () => {
    const head = request(lines, first);
    for (const [key, value] of Object.entries(expected)) deepEqual(head[key as keyof RequestHead], value);
  });
}

const refused: [name: string, text: string, code: number][] = [
  ["no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["a fourth word", "GET / x HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["a strange method", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["a control character", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["another protocol", "GET / FTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["another version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400],
  ["HTTP/2 without more ado", "PRI * HTTP/2.0\r\n\r\n", 400],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
  ["two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400],
  ["bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 400],
  ["a line feed within", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400],
  ["a folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400],
  ["a header without a name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400],
  ["a header without a colon", "GET / HTTP/1.1\r\nHost: a\r\nx\r\n\r\n", 400],
  ["a space before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", 400],
  ["a zero byte in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\0\r\n\r\n", 400],
  ["two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400],
  ["a list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400],
  ["a signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400],
  ["an endless length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400],
  ["length and chunks", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
  ["chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
  ["another coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400],
  ["another expectation", "POST / HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\n\r\n", 417],
  ["too many headers", `GET / HTTP/1.1\r\nHost: a\r\n${"X: b\r\n".repeat(10)}\r\n`, 431],
];

for (const [name, text, code] of refused) {
  Deno.test(`parseHead() refuses ${name} with ${code}`, () => {
    throws(() => parse(text), (err: unknown) => err instanceof HeadError && err.code === code);
  });
}

Deno.test("headEnd() finds the end of a head wherever it was cut", () => {
  const text = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest\r\n\r\n";
  const bytes = latin1Bytes(text);
  const end = text.indexOf("rest");
  for (let cut = 0; cut <= bytes.length; cut++) {
    equal(headEnd(bytes.subarray(0, cut)), cut >= end ? end : -1);
    // going on from where nothing was found before
    if (cut < end) equal(headEnd(bytes, Math.max(0, cut - 3)), end);
  }
});

Deno.test("no bytes make parseHead() fail in another way than it says", () => {
  const piece = fc.constantFrom(
    "\r\n",
    "\n",
    ":",
    " ",
    "GET",
    "/",
    "HTTP/1.1",
    "Host",
    "a",
    "\t",
    "\0",
    ",",
    "chunked",
    "Content-Length",
    "7",
  );
  fc.assert(fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 30 }), (pieces) => {
    try {
      const head = parse(`GET / HTTP/1.1\r\nHost: a\r\n${pieces.join("")}\r\n\r\n`);
      equal(head.headers.get("content-length") !== null && head.body.type === "chunked", false);
    } catch (err) {
      if (!(err instanceof HeadError)) throw err;
    }
  }));
});

Deno.test("responseHead() lets no value break out of its line", () => {
  equal(responseHead(200, [["x-a", "b\r\nSet-Cookie: c"]]), "HTTP/1.1 200 OK\r\nx-a: b Set-Cookie: c\r\n\r\n");
  equal(responseHead(299, []), "HTTP/1.1 299 Status\r\n\r\n");
});
