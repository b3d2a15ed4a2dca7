import { deepEqual, equal, ok, throws } from "node:assert/strict";
import dgram from "node:dgram";
import { Forwarder } from "./forward.ts";
import { readQuery } from "./message.ts";
import type { Transport } from "./query.ts";
import { writeReply } from "./reply.ts";
import { Records } from "./records.ts";
import { Resolver } from "./resolver.ts";
import { DnsServer, type DnsServerOptions } from "./server.ts";
import { chance, decode, framed, ManualClock, ownPlace, queryBytes, readFramed } from "./testing.ts";
import { Zone } from "./zone.ts";

const { address } = ownPlace();
let lastPort = 10_000 + Math.floor(Math.random() * 20_000);
/** Another one each time. */
const freePort = () => ++lastPort;

/** Answers any name with one address: the name's number. */
const echo = (bytes: Uint8Array, transport: Transport): Uint8Array | undefined => {
  const received = readQuery(bytes, transport);
  if (!received || "reply" in received) return received?.reply;
  const { query } = received;
  return writeReply(query, {
    rcode: "NOERROR",
    answers: [{ name: query.name, type: "TXT", ttl: 1, data: query.name }],
  });
};

async function withServer(
  options: Partial<DnsServerOptions>,
  test: (port: number, server: DnsServer) => Promise<void>,
) {
  const port = options.port ?? freePort();
  let open = 0;
  let ready = () => {};
  const listening = new Promise<void>((resolve) => ready = resolve);
  const server = new DnsServer({
    addresses: [address],
    port,
    handle: echo,
    onListening: () => ++open === 2 * (options.addresses?.length ?? 1) && ready(),
    ...options,
  });
  server.start();
  try {
    if (!options.onListening) await listening;
    await test(port, server);
  } finally {
    await server.stop();
  }
}

async function client() {
  const socket = dgram.createSocket("udp4");
  const waiting: ((bytes: Uint8Array) => void)[] = [];
  const came: Uint8Array[] = [];
  socket.on("message", (bytes: Uint8Array) => {
    const first = waiting.shift();
    if (first) first(bytes);
    else came.push(bytes);
  });
  await new Promise<void>((resolve) => socket.bind(0, address, () => resolve()));
  return {
    send: (bytes: Uint8Array, port: number) => socket.send(bytes, port, address),
    next: () =>
      came.length > 0 ? Promise.resolve(came.shift()!) : new Promise<Uint8Array>((resolve) => waiting.push(resolve)),
    close: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

const text = (bytes: Uint8Array) => String(decode(bytes).answers[0].data);

Deno.test("queries are answered by UDP and TCP on the same port, each client its own", async () => {
  await withServer({}, async (port, server) => {
    deepEqual(server.listening, [{ address, transport: "udp" }, { address, transport: "tcp" }]);
    const clients = await Promise.all([1, 2, 3, 4].map(client));
    for (const [i, each] of clients.entries()) {
      for (let n = 0; n < 25; n++) each.send(queryBytes(`c${i}-${n}.example`, "TXT", { id: n }), port);
    }
    for (const [i, each] of clients.entries()) {
      const names = new Set<string>();
      for (let n = 0; n < 25; n++) names.add(text(await each.next()));
      deepEqual(names, new Set(Array.from({ length: 25 }, (_, n) => `c${i}-${n}.example`)));
      await each.close();
    }
    const conn = await Deno.connect({ hostname: address, port });
    await conn.write(framed(queryBytes("tcp.example", "TXT")));
    equal(text((await readFramed(conn))!), "tcp.example");
    conn.close();
  });
});

Deno.test("one connection may ask many things at once, in any pieces, and gets every reply", async () => {
  const waits = new Map<string, () => void>();
  const handle = (bytes: Uint8Array, transport: Transport) => {
    const reply = echo(bytes, transport)!;
    if (text(reply) !== "slow.example") return reply;
    return new Promise<Uint8Array>((resolve) => waits.set("slow", () => resolve(reply)));
  };
  await withServer({ handle }, async (port) => {
    const conn = await Deno.connect({ hostname: address, port });
    const stream = new Uint8Array(
      ["slow.example", "a.example", "b.example"].flatMap((name) => [...framed(queryBytes(name, "TXT"))]),
    );
    for (let at = 0; at < stream.length; at += 7) await conn.write(stream.subarray(at, at + 7));
    // the slow one holds nobody up
    const replies = [text((await readFramed(conn))!), text((await readFramed(conn))!)];
    deepEqual(replies.sort(), ["a.example", "b.example"]);
    // a client that has asked all it wants still hears the rest
    await conn.closeWrite();
    waits.get("slow")!();
    equal(text((await readFramed(conn))!), "slow.example");
    equal(await readFramed(conn), undefined);
    conn.close();
  });
});

Deno.test("one connection has so many queries under way at most", async () => {
  const asked: ((reply: Uint8Array) => void)[] = [];
  await withServer({
    maxPipelined: 4,
    handle: () => new Promise<Uint8Array>((resolve) => asked.push(resolve)),
  }, async (port) => {
    const conn = await Deno.connect({ hostname: address, port });
    for (let i = 0; i < 10; i++) await conn.write(framed(queryBytes(`${i}.example`, "TXT")));
    while (asked.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 30));
    equal(asked.length, 4);
    for (let done = 0; done < 10; done++) {
      while (asked.length <= done) await new Promise((resolve) => setTimeout(resolve, 1));
      ok(asked.length <= done + 4);
      asked[done](Uint8Array.of(done));
      deepEqual(await readFramed(conn), Uint8Array.of(done));
    }
    conn.close();
  });
});

Deno.test("a connection that says nothing, or not all of it, is closed in the end", async () => {
  const clock = new ManualClock();
  await withServer({ clock, idleMs: 1000 }, async (port) => {
    const silent = await Deno.connect({ hostname: address, port });
    const slow = await Deno.connect({ hostname: address, port });
    await slow.write(Uint8Array.of(0));
    const asking = await Deno.connect({ hostname: address, port });
    await asking.write(framed(queryBytes("a.example", "TXT")));
    ok(await readFramed(asking));
    await clock.advance(900);
    await slow.write(Uint8Array.of(40, 1, 2, 3));
    await asking.write(framed(queryBytes("b.example", "TXT")));
    ok(await readFramed(asking));
    await clock.advance(100);
    deepEqual([await readFramed(silent), await readFramed(slow)], [undefined, undefined]);
    // the one that went on asking has its time anew
    await asking.write(framed(queryBytes("c.example", "TXT")));
    ok(await readFramed(asking));
    await clock.advance(1000);
    equal(await readFramed(asking), undefined);
    for (const conn of [silent, slow, asking]) conn.close();
  });
});

Deno.test("a new connection takes the place of the one idle for longest when there are too many", async () => {
  await withServer({ maxConnections: 3 }, async (port) => {
    const talk = async (conn: Deno.Conn) => {
      await conn.write(framed(queryBytes("a.example", "TXT"))).catch(() => {});
      return await readFramed(conn) !== undefined;
    };
    const conns: Deno.Conn[] = [];
    for (let i = 0; i < 3; i++) {
      conns.push(await Deno.connect({ hostname: address, port }));
      ok(await talk(conns[i]));
    }
    ok(await talk(conns[0]));
    conns.push(await Deno.connect({ hostname: address, port }));
    ok(await talk(conns[3]));
    deepEqual(await Promise.all(conns.map(talk)), [true, false, true, true]);
    for (const conn of conns) conn.close();
  });
});

Deno.test("bytes of any kind, by UDP and TCP, leave the server answering", async () => {
  const records = new Records({
    services: [{ namespace: "default", name: "web", clusterIPs: ["10.96.0.20"], ports: [] }],
  });
  const forwarder = new Forwarder({ warmUp: false });
  const resolver = new Resolver(new Zone(records, { domain: "cluster.local" }), forwarder);
  await withServer({ handle: (bytes, transport) => resolver.handle(bytes, transport) }, async (port) => {
    const random = chance(7);
    const one = await client();
    const question = queryBytes("web.default.svc.cluster.local", "A", { id: 999 });
    for (let round = 0; round < 300; round++) {
      const bytes = round % 2
        ? Uint8Array.from({ length: 1 + Math.floor(random() * 100) }, () => Math.floor(random() * 256))
        : question.map((byte) => random() < 0.05 ? Math.floor(random() * 256) : byte);
      one.send(bytes, port);
      if (round % 30 === 0) {
        const conn = await Deno.connect({ hostname: address, port });
        await conn.write(round % 60 === 0 ? framed(bytes) : bytes).catch(() => {});
        conn.close();
      }
    }
    // what comes faster than it is read is dropped: the question, too
    const asking = setInterval(() => one.send(question, port), 100);
    while (true) {
      const bytes = await one.next();
      if (bytes.length < 13) continue;
      const reply = decode(bytes);
      if (reply.id !== 999 || reply.answers.length === 0) continue;
      equal(reply.answers[0].data, "10.96.0.20");
      break;
    }
    clearInterval(asking);
    await one.close();
  });
});

Deno.test("an address that is not there yet is waited for, and said once", async () => {
  const clock = new ManualClock();
  const events: string[] = [];
  // another has the port until later: the same to us as an address that is not there
  const port = freePort();
  const holder = Deno.listen({ hostname: address, port });
  const socket = dgram.createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(port, address, () => resolve()));
  await withServer({
    port,
    clock,
    onListening: (at, transport) => events.push(`${at} ${transport} listening`),
    onWaiting: (at, transport) => events.push(`${at} ${transport} waiting`),
  }, async (_, server) => {
    await clock.advance(2000);
    deepEqual(events.sort(), [`${address} tcp waiting`, `${address} udp waiting`]);
    deepEqual(server.listening, []);
    holder.close();
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    await clock.advance(5000);
    while (server.listening.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    deepEqual(events.slice(2).sort(), [`${address} tcp listening`, `${address} udp listening`]);
    const one = await client();
    one.send(queryBytes("a.example", "TXT"), port);
    equal(text(await one.next()), "a.example");
    await one.close();
  });
});

Deno.test("an address that this machine does not have is waited for, and stop() gives up", async () => {
  const reasons: string[] = [];
  const server = new DnsServer({
    addresses: ["192.0.2.1"],
    port: 5353,
    handle: echo,
    onWaiting: (_, transport, err) => reasons.push(`${transport} ${(err as { code?: string }).code}`),
  });
  server.start();
  while (reasons.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  deepEqual(reasons.sort(), ["tcp EADDRNOTAVAIL", "udp EADDRNOTAVAIL"]);
  await server.stop();
  deepEqual(server.listening, []);
});

Deno.test("stop() frees the port and ends connections, with queries under way", async () => {
  const port = freePort();
  for (let round = 0; round < 2; round++) {
    let asked = 0;
    let conn: Deno.Conn | undefined;
    await withServer({
      port,
      handle: () => {
        asked++;
        return new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 50));
      },
    }, async () => {
      conn = await Deno.connect({ hostname: address, port });
      await conn.write(framed(queryBytes("a.example", "TXT")));
      while (asked === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    });
    equal(await readFramed(conn!), undefined);
    conn!.close();
  }
  await new Promise((resolve) => setTimeout(resolve, 60));
});

Deno.test("wildcard addresses are refused", () => {
  for (const wildcard of ["0.0.0.0", "::", "0:0:0:0:0:0:0:0", ""]) {
    throws(() => new DnsServer({ addresses: ["127.0.0.1", wildcard], handle: echo }), /Cannot listen on/);
  }
});
