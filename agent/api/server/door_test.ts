import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ApiError } from "../status.ts";
import { silentLogger } from "../../telemetry/log.ts";
import type { RequestEnv } from "../request.ts";
import type { Fetch } from "./connection.ts";
import { type Door, openDoor } from "./door.ts";
import type { Limits } from "./limits.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A door on a socket of its own, closed at the end with everything that came through it. */
async function withDoor(
  fetch: Fetch,
  use: (at: { path: string; door: Door; dial: () => Promise<Deno.UnixConn> }) => Promise<void>,
  limits: Partial<Limits> = {},
): Promise<void> {
  const dir = Deno.makeTempDirSync();
  const path = `${dir}/s`;
  const door = await openDoor({ door: "socket", fetch, listen: { path }, limits, log: silentLogger });
  const open: Deno.Conn[] = [];
  const dial = async () => {
    const connection = await Deno.connect({ transport: "unix", path });
    open.push(connection);
    return connection;
  };
  try {
    await use({ path, door, dial });
  } finally {
    for (const connection of open) {
      try {
        connection.close();
      } catch { /* closed already */ }
    }
    await door.close(0);
    Deno.removeSync(dir, { recursive: true });
  }
}

async function send(connection: Deno.Conn, text: string | Uint8Array): Promise<void> {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Reads until `enough` says so, or the end. */
async function read(connection: Deno.Conn, enough: (text: string) => boolean = () => false): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(65536);
  while (!enough(text)) {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) break;
    text += decoder.decode(buffer.subarray(0, count));
  }
  return text;
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function until(what: string, done: () => boolean): Promise<void> {
  for (let turns = 0; !done(); turns++) {
    if (turns > 1000) throw new Error(`Waited in vain until ${what}`);
    await sleep(5);
  }
}

const echo: Fetch = async (request, env) =>
  Response.json({
    method: request.method,
    url: request.url,
    header: request.headers.get("x-a"),
    body: await request.text(),
    door: env.door,
  });

Deno.test("a door gives method, URL, headers and body to the app, and its answer back", () =>
  withDoor(echo, async ({ path }) => {
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
    const ask = async (init: RequestInit & { client?: Deno.HttpClient }) =>
      await (await fetch("http://localhost/a%20b/c?d=e", { ...init, client })).json();
    const url = "http://localhost/a%20b/c?d=e";
    deepEqual(await ask({ headers: { "x-a": "1" } }), { method: "GET", url, header: "1", body: "", door: "socket" });
    const body = "x".repeat(200_000);
    deepEqual(await ask({ method: "POST", body }), { method: "POST", url, header: null, body, door: "socket" });
  }));

Deno.test("HEAD gets the headers of GET and no body", () =>
  withDoor(() => new Response("hello", { headers: { "x-b": "2" } }), async ({ dial }) => {
    const connection = await dial();
    await send(connection, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const answer = await read(connection);
    match(answer, /^HTTP\/1.1 200 OK\r\n/);
    match(answer, /x-b: 2\r\n/i);
    equal(answer.split("\r\n\r\n")[1], "");
  }));

Deno.test("a body beyond the limit is refused with a 413, declared or not", () =>
  withDoor(
    async (request) => {
      try {
        return new Response(String((await request.arrayBuffer()).byteLength));
      } catch (err) {
        ok(err instanceof ApiError, String(err));
        return Response.json({ message: err.message }, { status: err.code });
      }
    },
    async ({ dial }) => {
      const declared = await dial();
      await send(declared, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n`);
      const refused = await read(declared);
      match(refused, /^HTTP\/1.1 413 /);
      match(refused, /Request entity too large: limit is 1000/);

      const chunked = await dial();
      await send(chunked, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
      const chunk = `1f4\r\n${"x".repeat(500)}\r\n`;
      await send(chunked, chunk + chunk);
      await send(chunked, chunk).catch(() => {});
      match(await read(chunked), /^HTTP\/1.1 413 /);

      const fits = await dial();
      await send(
        fits,
        `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n${"x".repeat(1000)}`,
      );
      match(await read(fits), /\r\n\r\n1000$/);

      const archive = await dial();
      await send(
        archive,
        "POST /islet/v1/images/import HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2000\r\n\r\n" +
          "x".repeat(2000),
      );
      match(await read(archive), /\r\n\r\n2000$/, "archives of images have no limit");
    },
    { body: 1000 },
  ));

Deno.test("a connection serves one request after another", () =>
  withDoor(echo, async ({ dial }) => {
    const connection = await dial();
    for (const body of ["one", "two"]) {
      await send(connection, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n${body}`);
      ok((await read(connection, (text) => text.includes(`"door"`))).includes(`"body":"${body}"`));
    }
  }));

Deno.test("a stream's head goes out before there is anything on it", () => {
  const said = Promise.withResolvers<Uint8Array>();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      controller.enqueue(await said.promise);
      controller.close();
    },
  });
  return withDoor(() => new Response(body), async ({ dial }) => {
    const connection = await dial();
    await send(connection, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const head = await read(connection, (text) => text.includes("\r\n\r\n"));
    match(head, /^HTTP\/1\.1 200 .*transfer-encoding: chunked/is);
    ok(head.endsWith("\r\n\r\n"), head);
    said.resolve(encoder.encode("late"));
    match(await read(connection, (text) => text.includes("0\r\n\r\n")), /^4\r\nlate\r\n/);
  });
});

Deno.test("nothing is read of a stream while the client is behind", () => {
  let pulls = 0;
  let canceled = false;
  const chunk = new Uint8Array(64 * 1024);
  const endless = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls++;
        controller.enqueue(chunk);
      },
      cancel() {
        canceled = true;
      },
    }, { highWaterMark: 0 });
  return withDoor(() => new Response(endless()), async ({ dial }) => {
    const connection = await dial();
    await send(connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await until("the stream is read", () => pulls > 0);
    let before = -1;
    while (before !== pulls) {
      before = pulls;
      await sleep(50);
    }
    ok(pulls < 64, `${pulls} chunks of 64 KiB were read for a client that takes none`);
    const buffer = new Uint8Array(65536);
    for (let taken = 0; taken < 8 * 1024 * 1024;) taken += await connection.read(buffer) ?? 0;
    ok(pulls > before, "the stream goes on when the client does");
    connection.close();
    await until("the stream is told that the client is gone", () => canceled);
  });
});

Deno.test("a client that takes nothing of an answer for too long is let go", () => {
  let canceled = false;
  const endless = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
      cancel: () => void (canceled = true),
    });
  return withDoor(() => new Response(endless()), async ({ dial }) => {
    await send(await dial(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await until("the stream is ended", () => canceled);
  }, { stalledMs: 50 });
});

Deno.test("a client may take its time with an answer that says so, and with that one alone", () => {
  const ended: string[] = [];
  const endless = (name: string) =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(65536)),
      cancel: () => void ended.push(name),
    });
  return withDoor((request, env) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/short") env.patient!();
    if (pathname === "/patient") env.patient!();
    return pathname === "/short" ? new Response("short") : new Response(endless(pathname));
  }, async ({ dial }) => {
    const patient = await dial(), other = await dial();
    await send(patient, "GET /patient HTTP/1.1\r\nHost: a\r\n\r\n");
    await send(other, "GET /short HTTP/1.1\r\nHost: a\r\n\r\n");
    await read(other, (text) => text.endsWith("short"));
    await send(other, "GET /impatient HTTP/1.1\r\nHost: a\r\n\r\n");
    await until("the other stream is ended", () => ended.length > 0);
    await sleep(100);
    deepEqual(ended, ["/impatient"]);
  }, { stalledMs: 50 });
});

Deno.test("the request's signal tells that the client is gone", () => {
  let gone = false;
  let asked = false;
  return withDoor((request) => {
    asked = true;
    return new Promise((resolve) => {
      request.signal.addEventListener("abort", () => {
        gone = true;
        resolve(new Response(null));
      });
    });
  }, async ({ dial }) => {
    const connection = await dial();
    await send(connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await until("the app is asked", () => asked);
    ok(!gone);
    connection.close();
    await until("the app knows", () => gone);
  });
});

Deno.test("a stream that fails on the way ends the connection, not the answer", () => {
  const broken = () =>
    new ReadableStream<Uint8Array>({
      async pull(controller) {
        controller.enqueue(encoder.encode("part"));
        await sleep(10);
        controller.error(new Error("broken"));
      },
    }, { highWaterMark: 0 });
  return withDoor(() => new Response(broken()), async ({ dial }) => {
    const connection = await dial();
    await send(connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const answer = await read(connection);
    match(answer, /part/);
    ok(!answer.endsWith("0\r\n\r\n"), "the last chunk would say that all is there");
  });
});

Deno.test("an app that throws is a 500 Status, and the door stays open", () =>
  withDoor(() => {
    throw new Error("boom");
  }, async ({ dial }) => {
    for (let turn = 0; turn < 2; turn++) {
      const connection = await dial();
      await send(connection, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      match(await read(connection), /^HTTP\/1.1 500 [\s\S]*"kind":"Status"/);
    }
  }));

Deno.test("what is no HTTP is answered with a 400 and does no harm", () =>
  withDoor(echo, async ({ dial }) => {
    for (
      const text of [
        "GARBAGE\r\n\r\n",
        "GET\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\n: novalue\r\n\r\n",
      ]
    ) {
      const connection = await dial();
      await send(connection, text);
      const answer = await read(connection);
      match(answer, /^HTTP\/1.[01] (400|505) /, JSON.stringify(text));
    }
    for (const target of ["http://%", "//", "*", "/%", "/\\..", "http://other.example/path"]) {
      const connection = await dial();
      await send(connection, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      match(await read(connection), /^HTTP\/1.1 (200|400) /, target);
    }
    const connection = await dial();
    await send(connection, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    match(await read(connection), /^HTTP\/1.1 200 /);
  }));

Deno.test("a head that is too large is refused", () =>
  withDoor(echo, async ({ dial }) => {
    const connection = await dial();
    await send(connection, `GET / HTTP/1.1\r\nHost: a\r\nX-Big: ${"x".repeat(100_000)}\r\n\r\n`).catch(() => {});
    match(await read(connection), /^HTTP\/1.1 (431|400) /);
  }));

Deno.test("who sends a head too slowly is let go", () =>
  withDoor(
    echo,
    async ({ dial }) => {
      const connection = await dial();
      await send(connection, "GET / HTTP/1.1\r\nHost: a\r\n");
      const drip = setInterval(() => void send(connection, "X-A: b\r\n").catch(() => {}), 20);
      try {
        const answer = await read(connection);
        match(answer, /^(HTTP\/1.1 408 |$)/);
      } finally {
        clearInterval(drip);
      }
    },
    { headMs: 200 },
  ));

Deno.test("who sends a body too slowly is let go", () =>
  withDoor(
    echo,
    async ({ dial }) => {
      const connection = await dial();
      await send(connection, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nstart");
      match(await read(connection), /^(HTTP\/1.1 4\d\d |$)/);
    },
    { headMs: 100, bodyMs: 100 },
  ));

Deno.test("an idle connection is closed after a while", () =>
  withDoor(
    echo,
    async ({ dial }) => {
      const connection = await dial();
      await send(connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      match(await read(connection), /^HTTP\/1.1 200 /); // to its end
    },
    { idleMs: 100 },
  ));

Deno.test("connections beyond the limit are closed while all wait for answers, and there is room when one goes", () => {
  let asked = 0;
  const waits: Fetch = (request, env) => {
    if (!request.url.endsWith("/wait")) return echo(request, env);
    asked++;
    return new Promise<Response>((resolve) => request.signal.addEventListener("abort", () => resolve(new Response())));
  };
  return withDoor(waits, async ({ dial }) => {
    const ask = async (connection: Deno.Conn) => {
      await send(connection, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").catch(() => {});
      return await read(connection, (text) => text.includes(`"door"`));
    };
    const kept = [await dial(), await dial()];
    for (const connection of kept) await send(connection, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    await until("both are asked", () => asked === 2);
    equal(await ask(await dial()), "");
    kept[0].close();
    let answer = "";
    for (let turn = 0; turn < 100 && answer === ""; turn++) {
      await sleep(10);
      answer = await ask(await dial());
    }
    match(answer, /^HTTP\/1.1 200 /);
  }, { connections: 2 });
});

const upgradeHead = "GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: islet-test\r\n\r\n";

Deno.test("an upgrade hands over the raw connection with what was sent too early", () => {
  let seen: RequestEnv | undefined;
  return withDoor((request, env) => {
    seen = env;
    equal(request.headers.get("upgrade"), "islet-test");
    const { readable, writable } = env.upgrade!.accept({ Upgrade: "islet-test", Connection: "Upgrade", "X-C": "3" });
    void readable.pipeTo(writable);
    return new Response(null);
  }, async ({ dial }) => {
    const connection = await dial();
    await send(connection, upgradeHead + "early");
    const answer = await read(connection, (text) => text.includes("early"));
    match(answer, /^HTTP\/1.1 101 Switching Protocols\r\n/);
    match(answer, /x-c: 3\r\n/i);
    await send(connection, " and late");
    equal(await read(connection, (text) => text.endsWith("late")), " and late");
    const large = new Uint8Array(1_000_000).fill(120);
    const sending = send(connection, large).then(() => connection.closeWrite());
    const back = await read(connection);
    await sending;
    equal(back.length, large.length, "all comes back after the client has ended its half");
    equal(seen?.door, "socket");
  });
});

Deno.test("an upgrade that nobody takes is answered like any request", () =>
  withDoor(() => Response.json({ kind: "Status", code: 403 }, { status: 403 }), async ({ dial }) => {
    const connection = await dial();
    await send(connection, upgradeHead);
    const answer = await read(connection);
    match(answer, /^HTTP\/1.1 403 Forbidden\r\n/);
    match(answer, /{"kind":"Status","code":403}$/);
  }));

Deno.test("an upgraded connection whose peer reads nothing holds its writer back", () => {
  let written = 0;
  let failed = false;
  return withDoor((_request, env) => {
    const { writable } = env.upgrade!.accept({ Upgrade: "islet-test", Connection: "Upgrade" });
    const writer = writable.getWriter();
    void (async () => {
      for (;;) {
        await writer.write(new Uint8Array(64 * 1024));
        written++;
      }
    })().catch(() => failed = true);
    return new Response(null);
  }, async ({ dial }) => {
    const connection = await dial();
    await send(connection, upgradeHead);
    await until("something is written", () => written > 0);
    let before = -1;
    while (before !== written) {
      before = written;
      await sleep(50);
    }
    ok(written < 64, `${written} chunks of 64 KiB were written to a client that takes none`);
    connection.close();
    await until("the writer is told", () => failed);
  });
});

Deno.test("closing a door waits for answers under way, and not for idle connections", () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  return withDoor(({ url }) => {
    if (url.endsWith("/quick")) return new Response("quick");
    asked.resolve();
    return answer.promise;
  }, async ({ door, dial }) => {
    const idle = await dial();
    await send(idle, "GET /quick HTTP/1.1\r\nHost: a\r\n\r\n");
    await read(idle, (text) => text.endsWith("quick"));
    const busy = await dial();
    await send(busy, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    await asked.promise;
    const closed = door.close(5000);
    equal(await read(idle), "", "the idle connection is ended at once");
    answer.resolve(new Response("slow"));
    match(await read(busy), /slow$/);
    await closed;
  });
});

Deno.test("closing a door ends what does not end by itself", () => {
  const asked = Promise.withResolvers<void>();
  return withDoor(() => {
    asked.resolve();
    return new Promise(() => {});
  }, async ({ door, dial }) => {
    const busy = await dial();
    await send(busy, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await asked.promise;
    await door.close(20);
    equal(await read(busy), "");
  });
});
