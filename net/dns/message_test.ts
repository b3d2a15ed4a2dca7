import { deepEqual, equal, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readQuery } from "./message.ts";
import { nameBytes, type Query, queryFor } from "./query.ts";
import { answersOf, keptReply, passOn, writeReply } from "./reply.ts";
import { brief, chance, decode, queryBytes, replyBytes } from "./testing.ts";
import type { Rr } from "./types.ts";
import { caselessKey, scatterCase } from "./wire.ts";

function read(bytes: Uint8Array, transport: "udp" | "tcp" = "udp"): Query {
  const received = readQuery(bytes, transport);
  ok(received && "query" in received, "is a query that can be answered");
  return received.query;
}

function refusal(bytes: Uint8Array): string {
  const received = readQuery(bytes, "udp");
  if (!received) return "nothing";
  if ("query" in received) return "a query";
  const { rcode, additionals, flag_qr } = decode(received.reply);
  ok(flag_qr);
  const extended = additionals[0]?.extendedRcode ?? 0;
  return extended ? String(extended * 16 + (received.reply[3] & 15)) : rcode;
}

const addresses = (name: string, count: number): Rr[] =>
  Array.from({ length: count }, (_, i) => ({ name, type: "A", ttl: 5, data: `10.0.${i >> 8}.${i & 255}` }));

Deno.test("readQuery() reads name, type, flags and the client's limit", () => {
  const plain = read(queryBytes("Web.Default.svc.cluster.local", "SRV", { id: 7 }));
  deepEqual(
    [plain.id, plain.name, plain.type, plain.typeName, plain.edns, plain.limit, plain.recursionDesired],
    [7, "Web.Default.svc.cluster.local", 33, "SRV", false, 512, true],
  );
  equal(read(queryBytes(".", "NS")).name, "");
  equal(read(queryBytes("x", "UNKNOWN_65280")).typeName, "UNKNOWN_65280");
  equal(read(queryBytes("x", "A", { recursion: false })).recursionDesired, false);
  const limits = [100, 512, 900, 1232, 4096].map((edns) => read(queryBytes("x", "A", { edns })).limit);
  deepEqual(limits, [512, 512, 900, 1232, 1232]);
  equal(read(queryBytes("x", "A"), "tcp").limit, 65535);
  ok(read(queryBytes("x", "A", { edns: 1232, dnssec: true })).dnssec);
});

Deno.test("queries that differ only in case and id have one key", () => {
  const key = (name: string, type: string, edns?: number, dnssec?: boolean) =>
    read(queryBytes(name, type, { id: name.length, edns, dnssec })).key;
  equal(key("Example.COM", "A"), key("example.com", "A", 1232));
  const keys = [
    key("example.com", "A"),
    key("example.com", "AAAA"),
    key("example.org", "A"),
    key("example.com", "A", 512, true),
  ];
  equal(new Set(keys).size, keys.length);
});

Deno.test("readQuery() refuses what it must, by the right code, and says nothing to replies", () => {
  const base = queryBytes("example.com", "A", { edns: 1232 });
  const changed = (change: (bytes: Uint8Array) => void) => {
    const bytes = new Uint8Array(base);
    change(bytes);
    return bytes;
  };
  equal(refusal(base), "a query");
  equal(refusal(base.slice(0, 11)), "nothing");
  equal(refusal(changed((bytes) => bytes[2] |= 0x80)), "nothing");
  for (const opcode of [1, 2, 4, 5, 6, 15]) equal(refusal(changed((bytes) => bytes[2] |= opcode << 3)), "NOTIMP");
  equal(refusal(base.slice(0, 12)), "FORMERR");
  equal(refusal(base.slice(0, 20)), "FORMERR");
  equal(refusal(base.slice(0, base.length - 1)), "FORMERR");
  equal(refusal(changed((bytes) => bytes[5] = 0)), "FORMERR");
  equal(refusal(changed((bytes) => bytes[5] = 2)), "FORMERR");
  equal(refusal(changed((bytes) => bytes[12] = 0xc0)), "FORMERR");
  equal(refusal(changed((bytes) => bytes[12] = 0x47)), "FORMERR");
  // the OPT record: version, owner, a second one
  equal(refusal(changed((bytes) => bytes[base.length - 5] = 1)), "16");
  const twice = new Uint8Array([...base, ...base.slice(-11)]);
  twice[11] = 2;
  equal(refusal(twice), "FORMERR");
  equal(refusal(queryBytes("example.com", "OPT")), "FORMERR");
  equal(refusal(queryBytes("version.bind", "TXT", { class: "CH" })), "REFUSED");
  for (const type of ["AXFR", "IXFR"]) equal(refusal(queryBytes("cluster.local", type)), "REFUSED");
});

Deno.test("writeReply() echoes the question as it came and names owners by it", () => {
  const query = read(queryBytes("WEB.default.svc.cluster.local", "A", { edns: 1400 }));
  const bytes = writeReply(query, {
    rcode: "NOERROR",
    authoritative: true,
    answers: addresses("web.default.svc.cluster.local", 2),
  });
  const reply = decode(bytes);
  deepEqual(reply.questions, [{ name: "WEB.default.svc.cluster.local", type: "A", class: "IN" }]);
  deepEqual(brief(reply.answers), [
    "WEB.default.svc.cluster.local A 10.0.0.0",
    "WEB.default.svc.cluster.local A 10.0.0.1",
  ]);
  deepEqual(
    [reply.id, reply.flag_qr, reply.flag_aa, reply.flag_tc, reply.flag_rd, reply.flag_ra, reply.rcode],
    [4711, true, true, false, true, true, "NOERROR"],
  );
  deepEqual(reply.additionals.map(({ type, udpPayloadSize }) => [type, udpPayloadSize]), [["OPT", 1232]]);
  // header, question, two records with a pointer for an owner, OPT
  equal(bytes.length, 12 + 35 + 2 * 16 + 11);
});

Deno.test("writeReply() writes every type of record so that another decoder reads it", () => {
  const query = read(queryBytes("a.example", "ANY"), "tcp");
  const soa = {
    mname: "ns.a.example",
    rname: "hostmaster.a.example",
    serial: 3,
    refresh: 1,
    retry: 2,
    expire: 4,
    minimum: 5,
  };
  const answers: Rr[] = [
    { name: "a.example", type: "A", ttl: 1, data: "10.0.0.1" },
    { name: "b.a.example", type: "AAAA", ttl: 2, data: "fd00::1" },
    { name: "c.b.a.example", type: "CNAME", ttl: 3, data: "d.example" },
    { name: "other", type: "PTR", ttl: 4, data: "web.default.svc.cluster.local" },
    { name: "x.other", type: "SRV", ttl: 5, data: { priority: 1, weight: 2, port: 3, target: "t.a.example" } },
    { name: "", type: "NS", ttl: 6, data: "ns.example" },
    { name: "a.example", type: "TXT", ttl: 7, data: "1.1.0" },
    { name: "a.example", type: "HINFO", ttl: 8, data: { cpu: "RFC8482", os: "" } },
  ];
  const reply = decode(
    writeReply(query, {
      rcode: "NXDOMAIN",
      answers,
      authorities: [{ name: "example", type: "SOA", ttl: 9, data: soa }],
    }),
  );
  equal(reply.rcode, "NXDOMAIN");
  deepEqual(
    reply.answers.map(({ name, type, ttl, data }) => ({
      name: name === "." ? "" : name,
      type,
      ttl,
      data: type === "TXT" ? String(data) : data,
    })),
    answers,
  );
  deepEqual([reply.authorities[0].name, reply.authorities[0].data], ["example", soa]);
});

Deno.test("writeReply() cuts at a record and says so; what it leaves out of additions it does not mention", () => {
  const name = "db.default.svc.cluster.local";
  for (const [edns, least, most] of [[undefined, 26, 30], [1232, 70, 75]] as const) {
    const query = read(queryBytes(name, "A", { edns }));
    const bytes = writeReply(query, { rcode: "NOERROR", answers: addresses(name, 400) });
    const reply = decode(bytes);
    ok(bytes.length <= query.limit && reply.flag_tc);
    ok(reply.answers.length >= least && reply.answers.length <= most, `${reply.answers.length} fit`);
    const additions = decode(
      writeReply(query, { rcode: "NOERROR", answers: addresses(name, 1), additionals: addresses(name, 400) }),
    );
    ok(!additions.flag_tc && additions.answers.length === 1 && additions.additionals.length > 10);
  }
  const stream = decode(
    writeReply(read(queryBytes(name, "A"), "tcp"), { rcode: "NOERROR", answers: addresses(name, 400) }),
  );
  deepEqual([stream.flag_tc, stream.answers.length], [false, 400]);
  const beyond = decode(
    writeReply(read(queryBytes(name, "A"), "tcp"), { rcode: "NOERROR", answers: addresses(name, 5000) }),
  );
  ok(beyond.flag_tc);
});

Deno.test("passOn() gives another's reply this client's id, case, flags and time left", () => {
  const asked = { id: 1, questions: [{ name: "eXaMpLe.CoM", type: "A", class: "IN" }] };
  const kept = keptReply(replyBytes(asked, {
    flags: 0x400 | 0x20 | 0x180,
    answers: [{ name: "example.com", type: "CNAME", ttl: 300, data: "host.example.com" }, {
      name: "host.example.com",
      type: "A",
      ttl: 20,
      data: "192.0.2.1",
    }],
    additionals: [{ type: "OPT", name: ".", udpPayloadSize: 4096, flags: 0, options: [] }],
  }))!;
  const reply = decode(passOn(kept, read(queryBytes("EXAMPLE.com", "A", { id: 9, edns: 1232 })), 30));
  deepEqual([reply.id, reply.questions[0].name, reply.flag_aa, reply.flag_ad], [9, "EXAMPLE.com", false, false]);
  deepEqual(reply.answers.map(({ ttl }) => ttl), [270, 0]);
  deepEqual(reply.additionals.map(({ type, udpPayloadSize }) => [type, udpPayloadSize]), [["OPT", 1232]]);
  deepEqual(decode(passOn(kept, read(queryBytes("example.com", "A")), 0)).additionals, []);
  deepEqual(brief(answersOf(kept) as never), ["example.com CNAME host.example.com", "host.example.com A 192.0.2.1"]);
});

Deno.test("passOn() cuts at a record where the client's limit is", () => {
  const name = "many.example.com";
  const asked = { id: 1, questions: [{ name, type: "A", class: "IN" }] };
  const kept = keptReply(replyBytes(asked, { answers: addresses(name, 100) }))!;
  const bytes = passOn(kept, read(queryBytes(name, "A")), 0);
  ok(bytes.length <= 512);
  const reply = decode(bytes);
  ok(reply.flag_tc && reply.answers.length > 10 && reply.answers.length < 100);
  const whole = decode(passOn(kept, read(queryBytes(name, "A"), "tcp"), 0));
  deepEqual([whole.flag_tc, whole.answers.length], [false, 100]);
});

Deno.test("what is kept of a datagram does not hold on to the memory that it was received into", () => {
  const received = Buffer.alloc(65536);
  const reply = replyBytes({ id: 1, questions: [{ name: "a.example", type: "A", class: "IN" }] }, {
    answers: addresses("a.example", 2),
  });
  received.set(reply);
  const kept = keptReply(received.subarray(0, reply.length))!;
  received.fill(0);
  equal(kept.buffer.byteLength, reply.length);
  deepEqual(kept, new Uint8Array(reply));
  received.set(queryBytes("a.example", "A"));
  equal(read(received.subarray(0, 27)).question.buffer.byteLength, 15);
});

Deno.test("keptReply() passes types on that nobody here knows, byte for byte", () => {
  const asked = { id: 1, questions: [{ name: "x.example", type: "UNKNOWN_65280", class: "IN" }] };
  const data = Uint8Array.of(0, 255, 1, 254);
  const bytes = replyBytes(asked, {
    answers: [{
      name: "x.example",
      type: "UNKNOWN_65280",
      ttl: 5,
      data: new (class extends Uint8Array {
        copy(target: Uint8Array, at: number) {
          target.set(this, at);
        }
      })(data),
    }],
  });
  const reply = decode(passOn(keptReply(bytes)!, read(queryBytes("x.example", "UNKNOWN_65280")), 0));
  deepEqual(new Uint8Array(reply.answers[0].data), data);
});

Deno.test("names that text cannot hold are written so that a dot is always a border", () => {
  const bytes = queryBytes("a-b.cluster.local", "A");
  bytes[14] = 0x2e;
  equal(read(bytes).name, "a\\046b.cluster.local");
  bytes[14] = 0xff;
  const query = read(bytes);
  equal(query.name, "a\\255b.cluster.local");
  const reply = writeReply(query, { rcode: "NXDOMAIN", authorities: addresses("cluster.local", 1) });
  deepEqual(reply.slice(12, 12 + query.question.length), query.question);
  // the owner of what follows does not point into the label
  equal(decode(reply).authorities[0].name, "cluster.local");
});

Deno.test("nameBytes() takes names and nothing else; queryFor() asks for one", () => {
  for (const name of ["a..b", ".a", "x".repeat(64), Array(128).fill("aa").join(".")]) {
    equal(nameBytes(name), undefined, name);
  }
  deepEqual(nameBytes("ab.c"), Uint8Array.of(2, 97, 98, 1, 99, 0));
  const like = read(queryBytes("a.example", "AAAA", { edns: 1232 }));
  const other = queryFor("B.example.org", like)!;
  equal(other.key, read(queryBytes("b.example.org", "AAAA")).key);
  equal(queryFor("a..b", like), undefined);
});

Deno.test("scatterCase() changes letters only, and their case only", () => {
  const name = nameBytes("Example-1.com")!;
  const scattered = scatterCase(name, (bits) => bits.fill(0xff));
  equal(new TextDecoder().decode(scattered.slice(1, 10)), "example-1");
  equal(new TextDecoder().decode(scatterCase(name, (bits) => bits.fill(0)).slice(1, 10)), "EXAMPLE-1");
  equal(caselessKey(scattered), caselessKey(name));
});

Deno.test("bytes of any kind are read without harm, and every reply to them can be read", () => {
  const random = chance(20260731);
  const number = (below: number) => Math.floor(random() * below);
  const seeds = [
    queryBytes("web.default.svc.cluster.local", "A", { edns: 1232 }),
    queryBytes("1.0.96.10.in-addr.arpa", "PTR"),
    replyBytes({ id: 1, questions: [{ name: "a.example", type: "TXT", class: "IN" }] }, {
      answers: [{ name: "a.example", type: "TXT", ttl: 1, data: ["x", "y"] }, {
        name: "a.example",
        type: "MX",
        ttl: 1,
        data: { preference: 1, exchange: "m" },
      }],
      authorities: [{
        name: "a.example",
        type: "SOA",
        ttl: 1,
        data: { mname: "a", rname: "b", serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 1 },
      }],
      additionals: [{
        type: "OPT",
        name: ".",
        udpPayloadSize: 4096,
        flags: 0,
        options: [{ code: 8, family: 1, sourcePrefixLength: 0, scopePrefixLength: 0, ip: "0.0.0.0" }],
      }],
    }),
  ];
  const query = read(queryBytes("a.example", "TXT", { edns: 600 }));
  const outcomes = { queries: 0, refused: 0, ignored: 0, kept: 0, dropped: 0, decoded: 0 };
  for (let round = 0; round < 20_000; round++) {
    let bytes: Uint8Array;
    if (round % 4 === 0) {
      bytes = Uint8Array.from({ length: number(80) }, () => number(256));
      // most of them look like queries at first, so that they are read on
      if (bytes.length > 12 && round % 8 === 0) bytes.set([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, number(2)], 0);
    } else {
      bytes = new Uint8Array(seeds[number(seeds.length)]);
      for (let changes = 1 + number(4); changes > 0; changes--) bytes[number(bytes.length)] = number(256);
      if (number(4) === 0) bytes = bytes.slice(0, number(bytes.length + 1));
    }
    const received = readQuery(bytes, round % 2 ? "udp" : "tcp");
    if (!received) outcomes.ignored++;
    else if ("reply" in received) {
      outcomes.refused++;
      ok(decode(received.reply).flag_qr);
    } else {
      outcomes.queries++;
      const written = writeReply(received.query, { rcode: "NXDOMAIN", authorities: addresses("cluster.local", 1) });
      ok(decode(written).flag_qr);
    }
    const kept = keptReply(bytes);
    if (!kept) {
      outcomes.dropped++;
      continue;
    }
    outcomes.kept++;
    if (caselessKey(kept.slice(12, 12 + query.question.length)) === caselessKey(query.question)) {
      ok(passOn(kept, query, 3).length <= query.limit);
    }
    try {
      answersOf(kept);
      outcomes.decoded++;
    } catch (error) {
      ok(error instanceof Error);
    }
  }
  for (const [outcome, count] of Object.entries(outcomes)) ok(count > 100, `${outcome} ${count} times`);
});
