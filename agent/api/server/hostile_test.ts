/** What clients send that mean harm: requests that others read differently, and such as cost more than they should. */
import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { silentLogger } from "../../telemetry/log.ts";
import { ApiError } from "../status.ts";
import { bodyOf } from "./body.ts";
import { openDoor } from "./door.ts";
import { HeadError, latin1Bytes, parseHead } from "./head.ts";
import { Source } from "./source.ts";

const parse = (text: string) => parseHead(latin1Bytes(text), 10);

Deno.test("bare line feeds at a head's end do not hide the headers before them", () => {
  for (const end of ["\n\n", "\n\r\n", "\r\n\n", "\n\n\r\n"]) {
    throws(
      () => parse(`GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\nContent-Length: 5${end}`),
      (err: unknown) => err instanceof HeadError && err.code === 400,
      JSON.stringify(end),
    );
  }
});

Deno.test("a method is in capitals: none is called like something that every object has", () => {
  for (const method of ["constructor", "toString", "get", "Get", "__proto__", "G3T"]) {
    throws(
      () => parse(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`),
      (err: unknown) => err instanceof HeadError && err.code === 405,
      method,
    );
  }
  equal(parse("VERSION-CONTROL / HTTP/1.1\r\nHost: a\r\n\r\n").method, "VERSION-CONTROL");
});

Deno.test("bytes beyond ASCII in a header are latin1, all of them", () => {
  equal(parse("GET / HTTP/1.1\r\nHost: a\r\nX-A: \x80\x9f\xff\r\n\r\n").headers.get("x-a"), "\x80\x9f\xff");
});

Deno.test("only white space around a value is dropped", () => {
  const { headers } = parse("GET / HTTP/1.1\r\nHost: a\r\nX-A: \t b \t c\t \r\nX-B: \t \r\nX-C:\r\n\r\n");
  deepEqual(["x-a", "x-b", "x-c"].map((name) => headers.get(name)), ["b \t c", "", ""]);
});

Deno.test("a value with a long run of spaces costs no more than its length", () => {
  // in quadratic time this would take hours
  const value = `x${" ".repeat(4_000_000)}y`;
  equal(parse(`GET / HTTP/1.1\r\nHost: a\r\nX-A: ${value}\r\n\r\n`).headers.get("x-a"), value);
});

/** A source of pieces, each as one read gives it. */
function sourceOf(...pieces: string[]): Source {
  return new Source({
    read(into) {
      const piece = pieces.shift();
      if (piece === undefined) return Promise.resolve(null);
      into.set(latin1Bytes(piece));
      return Promise.resolve(piece.length);
    },
  });
}

for (
  const size of ["zz", "", "0x5", "+5", "-1", " 5", "\x0b5", "5\xa0", "5\x0b", "5;a\rb", "5;a\0", "100000000", "5 5"]
) {
  Deno.test(`after a chunk's size of ${JSON.stringify(size)} nothing is taken for another one`, async () => {
    const body = bodyOf(sourceOf(`${size}\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n`), { body: { type: "chunked" } }, 100);
    const isMalformed = (err: unknown) => err instanceof ApiError && err.code === 400;
    await rejects(body.next(), isMalformed);
    await rejects(body.next(), isMalformed);
    equal(body.complete, false);
  });
}

Deno.test("a body that comes byte by byte occupies no more than its bytes", async () => {
  const body = bodyOf(sourceOf(..."hello"), { body: { type: "length", length: 5 } }, 1000);
  const sizes: number[] = [];
  for (let bytes; (bytes = await body.next());) sizes.push(bytes.buffer.byteLength);
  deepEqual(sizes, [1, 1, 1, 1, 1]);
});

/** All that a door answers to this. */
async function answersTo(text: string): Promise<{ answers: string; paths: string[] }> {
  const dir = Deno.makeTempDirSync();
  const paths: string[] = [];
  const door = await openDoor({
    door: "socket",
    listen: { path: `${dir}/s` },
    log: silentLogger,
    async fetch(request, { upgrade }) {
      paths.push(new URL(request.url).pathname);
      await request.text();
      return new Response(upgrade ? "offered" : "plain");
    },
  });
  using connection = await Deno.connect({ transport: "unix", path: `${dir}/s` });
  await connection.write(latin1Bytes(text));
  await connection.closeWrite();
  let answers = "";
  for await (const bytes of connection.readable) answers += new TextDecoder().decode(bytes);
  await door.close(0);
  Deno.removeSync(dir, { recursive: true });
  return { answers, paths };
}

Deno.test("a request whose chunks are wrong is the last one of its connection", async () => {
  const { answers, paths } = await answersTo(
    "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
  );
  deepEqual(paths, ["/a"]);
  match(answers, /^HTTP\/1.1 400 /);
});

Deno.test("a body is not what follows an upgrade", async () => {
  const { answers } = await answersTo(
    "POST /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 5\r\n\r\nhello",
  );
  match(answers, /plain$/);
});

Deno.test("who holds all connections without asking anything gives way to who comes", async () => {
  const dir = Deno.makeTempDirSync();
  const path = `${dir}/s`;
  const listen = { path };
  const waiting = Promise.withResolvers<Response>();
  const door = await openDoor({
    door: "socket",
    listen,
    log: silentLogger,
    limits: { connections: 4 },
    fetch: (request) => new URL(request.url).pathname === "/wait" ? waiting.promise : new Response("here"),
  });
  const dial = () => Deno.connect({ transport: "unix", path });
  const ask = async (connection: Deno.Conn, path: string) =>
    void await connection.write(latin1Bytes(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`));
  const answer = async (connection: Deno.Conn) => {
    let text = "";
    for await (const bytes of connection.readable) text += new TextDecoder().decode(bytes);
    return text;
  };
  const busy = await dial();
  await ask(busy, "/wait");
  const silent = [await dial(), await dial(), await dial()];
  while (door.connections < 4) await new Promise((resolve) => setTimeout(resolve, 5));
  const late = await dial();
  await ask(late, "/");
  match(await answer(late), /here$/);
  equal(await answer(silent[0]), "");
  waiting.resolve(new Response("after all"));
  match(await answer(busy), /after all$/);
  await door.close(0);
  for (const connection of silent.slice(1)) connection.close();
  Deno.removeSync(dir, { recursive: true });
});
