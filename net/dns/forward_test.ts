import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { Forwarder, type ForwarderOptions } from "./forward.ts";
import { readQuery } from "./message.ts";
import type { Query } from "./query.ts";
import { passOn } from "./reply.ts";
import type { Server } from "./resolv_conf.ts";
import {
  type Answering,
  type Asked,
  brief,
  decode,
  ManualClock,
  otherServer,
  queryBytes,
  type QueryOptions,
  replyBytes,
} from "./testing.ts";

const a = (name: string, data = "192.0.2.1", ttl = 60) => ({ name, type: "A", ttl, data });
const soa = {
  name: "example",
  type: "SOA",
  ttl: 600,
  data: { mname: "ns", rname: "x", serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 30 },
};
/** The server's answer to anything: one address. */
const address: Answering = ({ message }) => replyBytes(message, { answers: [a(message.questions[0].name)] });

function query(name: string, type = "A", options: QueryOptions = {}): Query {
  const received = readQuery(queryBytes(name, type, options), "udp");
  ok(received && "query" in received);
  return received.query;
}

async function ask(forwarder: Forwarder, name: string, type = "A", options: QueryOptions = {}) {
  const asked = query(name, type, options);
  const found = await forwarder.resolve(asked);
  return found && decode(passOn(found.kept, asked, found.age));
}

interface Setup {
  answers: Answering[];
  tcp?: boolean;
  options?: ForwarderOptions;
  timeout?: number;
  stubDomains?: (servers: Server[]) => Record<string, Server[]>;
  use?: (servers: Server[]) => Server[];
}

async function withServers(
  { answers, tcp, options, timeout = 2, stubDomains, use = (servers) => servers }: Setup,
  test: (forwarder: Forwarder, asked: Asked[][], servers: Server[], clock: ManualClock) => Promise<void>,
) {
  const others = await Promise.all(answers.map((answer) => otherServer(answer, { tcp })));
  // however long the machine takes to carry an answer, nobody is late but who is said to be
  const clock = new ManualClock();
  const forwarder = new Forwarder({ warmUp: false, clock, ...options });
  try {
    const servers = others.map(({ server }) => server);
    forwarder.configure({ servers: use(servers), timeout, stubDomains: stubDomains?.(servers) });
    await test(forwarder, others.map(({ asked }) => asked), servers, clock);
  } finally {
    forwarder.stop();
    await Promise.all(others.map((other) => other.close()));
  }
}

/** Lets time pass until the question has its answer, or none. */
async function inTheEnd<T>(clock: ManualClock, asking: Promise<T>): Promise<T> {
  let isOver = false;
  asking.finally(() => isOver = true);
  while (!isOver) await clock.advance(100);
  return await asking;
}

/** Waits until a server has been asked so often. */
async function askedTimes(asked: Asked[], times: number): Promise<void> {
  while (asked.length < times) await new Promise((resolve) => setTimeout(resolve, 1));
}

Deno.test("resolve() asks a server once and answers from memory afterwards, with less time left", async () => {
  await withServers({ answers: [address] }, async (forwarder, [asked], _, clock) => {
    deepEqual(brief((await ask(forwarder, "web.example"))!.answers), ["web.example A 192.0.2.1"]);
    await clock.advance(20_000);
    const reply = (await ask(forwarder, "WEB.example", "A", { id: 77 }))!;
    deepEqual([reply.id, reply.questions[0].name, reply.answers[0].ttl], [77, "WEB.example", 40]);
    equal(asked.length, 1);
    await clock.advance(40_000);
    await ask(forwarder, "web.example");
    equal(asked.length, 2);
  });
});

Deno.test("resolve() keeps what does not exist for as long as the zone says", async () => {
  const nothing: Answering = ({ message }) => replyBytes(message, { flags: 0x183, authorities: [soa] });
  await withServers({ answers: [nothing] }, async (forwarder, [asked], _, clock) => {
    for (let i = 0; i < 3; i++) equal((await ask(forwarder, "no.example"))!.rcode, "NXDOMAIN");
    equal(asked.length, 1);
    await clock.advance(30_000);
    equal((await ask(forwarder, "no.example"))!.rcode, "NXDOMAIN");
    equal(asked.length, 2);
  });
});

Deno.test("resolve() asks once for all who want the same at the same time", async () => {
  await withServers({ answers: [address] }, async (forwarder, [asked]) => {
    const replies = await Promise.all(
      ["a.example", "A.example", "a.EXAMPLE", "b.example"].map((name) => ask(forwarder, name)),
    );
    deepEqual(replies.map((reply) => reply!.questions[0].name), ["a.example", "A.example", "a.EXAMPLE", "b.example"]);
    ok(replies.every((reply) => reply!.answers.length === 1));
    equal(asked.length, 2);
  });
});

Deno.test("resolve() asks with an id, a port and a case of its own each time, and for recursion", async () => {
  await withServers({ answers: [address] }, async (forwarder, [asked]) => {
    for (let i = 0; i < 20; i++) await ask(forwarder, `a-name-with-letters-${i}.example`, "A", { id: 5 });
    equal(asked.length, 20);
    ok(new Set(asked.map(({ message }) => message.id)).size > 15);
    ok(new Set(asked.map(({ port }) => port)).size > 10);
    for (const { message } of asked) {
      const { name } = message.questions[0];
      notEqual(name, name.toLowerCase());
      notEqual(name, name.toUpperCase());
      ok(message.flag_rd && message.additionals[0].udpPayloadSize === 1232);
    }
  });
});

Deno.test("resolve() passes over replies that are forged, and takes the one that is not", async () => {
  const forged: Answering = ({ message, transport }) => {
    if (transport === "tcp") return undefined;
    const [question] = message.questions;
    const other = (change: object) =>
      replyBytes({ ...message, ...change }, { answers: [a(question.name, "203.0.113.66")] });
    const upside = [...question.name].map((c) => c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()).join("");
    const query = queryBytes(question.name, "A", { id: message.id });
    return [
      other({ id: (message.id + 1) & 0xffff }),
      other({ questions: [{ ...question, name: "other.example" }] }),
      other({ questions: [{ ...question, type: "AAAA" }] }),
      other({ questions: [question, question] }),
      new Uint8Array(5),
      query,
      replyBytes(message, { answers: [a(question.name)] }),
      other({ questions: [{ ...question, name: upside }] }),
    ];
  };
  await withServers({ answers: [forged] }, async (forwarder) => {
    deepEqual(brief((await ask(forwarder, "bank.example"))!.answers), ["bank.example A 192.0.2.1"]);
  });
});

Deno.test("resolve() passes over replies from elsewhere", async () => {
  const { createSocket } = await import("node:dgram");
  const stranger = createSocket("udp4");
  await new Promise<void>((resolve) => stranger.bind(0, "127.0.0.1", () => resolve()));
  let forgeries = 0;
  const answer: Answering = async ({ message, port }) => {
    const forged = replyBytes(message, { answers: [a(message.questions[0].name, "203.0.113.66")] });
    await new Promise<void>((resolve) => stranger.send(forged, port, "127.0.0.1", () => resolve()));
    forgeries++;
    return address({ message } as Asked) as Uint8Array;
  };
  try {
    await withServers({ answers: [answer] }, async (forwarder) => {
      deepEqual(brief((await ask(forwarder, "bank.example"))!.answers), ["bank.example A 192.0.2.1"]);
      equal(forgeries, 1);
    });
  } finally {
    stranger.close();
  }
});

Deno.test("many forged replies are taken for an attack, which TCP is safe from", async () => {
  const flood: Answering = ({ message, transport }) => {
    const forged = replyBytes({ ...message, id: (message.id + 1) & 0xffff }, {
      answers: [a(message.questions[0].name, "203.0.113.66")],
    });
    return transport === "tcp" ? address({ message } as Asked) as Uint8Array : Array.from({ length: 40 }, () => forged);
  };
  await withServers({ answers: [flood] }, async (forwarder, [asked]) => {
    deepEqual(brief((await ask(forwarder, "bank.example"))!.answers), ["bank.example A 192.0.2.1"]);
    deepEqual(asked.map(({ transport }) => transport), ["udp", "tcp"]);
  });
  await withServers({ answers: [flood], tcp: false }, async (forwarder, [asked], _, clock) => {
    equal(await inTheEnd(clock, ask(forwarder, "bank.example")), undefined);
    ok(asked.every(({ transport }) => transport === "udp"));
  });
});

Deno.test("a server that cannot read the question need not repeat it", async () => {
  const old: Answering = (asked) => {
    if (asked.message.additionals.length === 0) return address(asked);
    const bare = new Uint8Array(12);
    bare.set(asked.bytes.subarray(0, 2));
    bare.set([0x80, 0x01], 2);
    return bare;
  };
  await withServers({ answers: [old] }, async (forwarder) => {
    equal((await ask(forwarder, "a.example"))!.answers.length, 1);
  });
});

const lowerCase: Answering = ({ message }) => {
  const questions = message.questions.map((each) => ({ ...each, name: each.name.toLowerCase() }));
  return replyBytes({ ...message, questions }, { answers: [a(questions[0].name)] });
};

Deno.test("a server that writes names in lower case is believed by TCP, and by UDP from then on", async () => {
  await withServers({ answers: [lowerCase] }, async (forwarder, [asked]) => {
    for (const name of ["one-of-these.example", "another-one.example"]) {
      deepEqual(brief((await ask(forwarder, name))!.answers), [`${name} A 192.0.2.1`]);
    }
    deepEqual(asked.map(({ transport }) => transport), ["udp", "tcp", "udp"]);
  });
});

Deno.test("a server that writes names in lower case and has no TCP is asked in lower case", async () => {
  await withServers({ answers: [lowerCase], tcp: false }, async (forwarder, [asked]) => {
    for (const name of ["one-of-these.example", "another-one.example"]) {
      deepEqual(brief((await ask(forwarder, name))!.answers), [`${name} A 192.0.2.1`]);
    }
    deepEqual(asked.map(({ message }) => /[A-Z]/.test(message.questions[0].name)), [true, false, false]);
  });
});

const many = (name: string) => Array.from({ length: 200 }, (_, i) => a(name, `192.0.2.${i}`));

Deno.test("resolve() asks again by TCP for what was cut short", async () => {
  const cut: Answering = ({ message, transport }) =>
    replyBytes(message, transport === "tcp" ? { answers: many(message.questions[0].name) } : { flags: 0x380 });
  await withServers({ answers: [cut] }, async (forwarder, [asked]) => {
    const asking = query("many.example");
    const found = await forwarder.resolve(asking);
    equal(decode(passOn(found!.kept, { ...asking, limit: 65535 }, 0)).answers.length, 200);
    const short = decode(passOn(found!.kept, asking, 0));
    ok(short.flag_tc && short.answers.length > 10);
    deepEqual(asked.map(({ transport }) => transport), ["udp", "tcp"]);
  });
});

Deno.test("what was cut short is passed on as such where there is no TCP, and not kept", async () => {
  const cut: Answering = ({ message }) =>
    replyBytes(message, { flags: 0x380, answers: [a(message.questions[0].name)] });
  await withServers({ answers: [cut], tcp: false }, async (forwarder, [asked]) => {
    for (let i = 0; i < 2; i++) {
      const reply = (await ask(forwarder, "many.example"))!;
      ok(reply.flag_tc && reply.answers.length === 1);
    }
    equal(asked.length, 2);
  });
});

Deno.test("a server from before EDNS is asked without it, from then on", async () => {
  const old: Answering = (asked) =>
    asked.message.additionals.length > 0 ? replyBytes(asked.message, { flags: 0x181 }) : address(asked);
  await withServers({ answers: [old] }, async (forwarder, [asked]) => {
    for (const name of ["a.example", "b.example"]) equal((await ask(forwarder, name))!.answers.length, 1);
    deepEqual(asked.map(({ message }) => message.additionals.length), [1, 0, 0]);
  });
});

Deno.test("a client that wants signatures gets an answer of its own", async () => {
  const signed: Answering = ({ message }) => {
    const { name } = message.questions[0];
    const more = message.additionals[0].flag_do ? [{ name, type: "TXT", ttl: 60, data: ["signature"] }] : [];
    return replyBytes(message, { answers: [a(name), ...more] });
  };
  await withServers({ answers: [signed] }, async (forwarder, [asked]) => {
    const count = async (dnssec: boolean) =>
      (await ask(forwarder, "a.example", "A", { edns: 1232, dnssec }))!.answers.length;
    deepEqual([await count(false), await count(true), await count(false), await count(true)], [1, 2, 1, 2]);
    equal(asked.length, 2);
  });
});

Deno.test("names in a stub domain are asked of its servers, the longest domain first", async () => {
  const named = (data: string): Answering => ({ message }) =>
    replyBytes(message, { answers: [a(message.questions[0].name, data)] });
  await withServers({
    answers: [named("192.0.2.1"), named("192.0.2.2"), named("192.0.2.3")],
    use: ([first]) => [first],
    stubDomains: ([, second, third]) => ({
      "corp.example": [second],
      ".deep.CORP.example.": [third],
      "none.example": [],
    }),
  }, async (forwarder) => {
    const asked: [string, string | undefined][] = [
      ["example", "192.0.2.1"],
      ["corp.example", "192.0.2.2"],
      ["a.Corp.example", "192.0.2.2"],
      ["notcorp.example", "192.0.2.1"],
      ["deep.corp.example", "192.0.2.3"],
      ["x.y.deep.corp.example", "192.0.2.3"],
      ["a.none.example", undefined],
    ];
    for (const [name, expected] of asked) equal((await ask(forwarder, name))?.answers[0].data, expected, name);
  });
});

Deno.test("resolve() goes on to the next server, and says no where none answers", async () => {
  const failing: Answering = ({ message }) => replyBytes(message, { flags: 0x182 });
  await withServers({ answers: [failing, address] }, async (forwarder) => {
    equal((await ask(forwarder, "a.example"))!.answers.length, 1);
  });
  await withServers({ answers: [() => undefined, address], timeout: 1 }, async (forwarder, [silent], _, clock) => {
    const asking = ask(forwarder, "a.example");
    await askedTimes(silent, 1);
    await clock.advance(1000);
    equal((await asking)!.answers.length, 1);
  });
  await withServers({ answers: [() => undefined], timeout: 1 }, async (forwarder, [asked], _, clock) => {
    const asking = ask(forwarder, "a.example");
    await askedTimes(asked, 1);
    await clock.advance(1000);
    await askedTimes(asked, 2);
    equal(await inTheEnd(clock, asking), undefined);
    equal(forwarder.servers[0].alive, false);
    equal(await ask(forwarder, "b.example"), undefined);
    equal(asked.length, 2);
  });
});

Deno.test("a failure that servers report is passed on, and held for a second", async () => {
  const failing: Answering = ({ message }) => replyBytes(message, { flags: 0x182 });
  await withServers({ answers: [failing] }, async (forwarder, [asked], _, clock) => {
    for (let i = 0; i < 3; i++) equal((await ask(forwarder, "a.example"))!.rcode, "SERVFAIL");
    equal(asked.length, 1);
    await clock.advance(1000);
    equal((await ask(forwarder, "a.example"))!.rcode, "SERVFAIL");
    equal(asked.length, 2);
  });
});

Deno.test("configure() never takes this server itself, however it is written", async () => {
  const forwarder = new Forwarder({
    warmUp: false,
    own: [{ address: "fd00:96::a", port: 53 }, { address: "10.96.0.10", port: 53 }, { address: "127.0.0.1", port: 53 }],
  });
  const at = (address: string, port = 53) => ({ address, port });
  const { refused } = forwarder.configure({
    servers: [at("10.96.0.10"), at("0.0.0.0"), at("192.0.2.1"), at("192.0.2.1")],
    stubDomains: { "a.example": [at("fd00:96:0::a"), at("10.96.0.10", 54)] },
  });
  deepEqual(refused.map(({ address }) => address).sort(), ["0.0.0.0", "10.96.0.10", "fd00:96:0::a"]);
  deepEqual(forwarder.servers.map(({ domain, server }) => [domain, server.address, server.port]), [
    ["a.example", "10.96.0.10", 54],
    ["", "192.0.2.1", 53],
  ]);
  const onlySelf = forwarder.configure({ servers: [at("10.96.0.10")] });
  equal(onlySelf.refused.length, 1);
  equal(await ask(forwarder, "a.example"), undefined);
  forwarder.stop();
});

Deno.test("configure() with other servers forgets what the former said, with the same ones it does not", async () => {
  const named = (data: string): Answering => ({ message }) =>
    replyBytes(message, { answers: [a(message.questions[0].name, data)] });
  await withServers(
    { answers: [named("192.0.2.1"), named("192.0.2.2")], use: ([first]) => [first] },
    async (forwarder, [first, second], servers) => {
      equal((await ask(forwarder, "a.example"))!.answers[0].data, "192.0.2.1");
      forwarder.configure({ servers: [servers[0]], timeout: 2 });
      equal((await ask(forwarder, "a.example"))!.answers[0].data, "192.0.2.1");
      deepEqual([first.length, second.length], [1, 0]);
      forwarder.configure({ servers: [servers[1]], timeout: 2 });
      equal((await ask(forwarder, "a.example"))!.answers[0].data, "192.0.2.2");
    },
  );
});

Deno.test("configure() finds out at once which servers live", async () => {
  await withServers({ answers: [address], options: { warmUp: true } }, async (forwarder, [asked]) => {
    while (asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    deepEqual(asked[0].message.questions, [{ name: ".", type: "NS", class: "IN" }]);
    ok(forwarder.servers[0].alive);
  });
});

Deno.test("questions under way are bounded", async () => {
  await withServers({ answers: [() => undefined], options: { maxOpen: 3 } }, async (forwarder) => {
    const asking = [1, 2, 3].map((i) => forwarder.resolve(query(`${i}.example`)));
    ok(asking.every((each) => each instanceof Promise));
    equal(forwarder.resolve(query("4.example")), undefined);
    ok(forwarder.resolve(query("3.example")) instanceof Promise);
    forwarder.stop();
    deepEqual(await Promise.all(asking), [undefined, undefined, undefined]);
  });
});
