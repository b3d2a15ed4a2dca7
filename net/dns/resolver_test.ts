import { deepEqual, equal, ok } from "node:assert/strict";
import { Forwarder } from "./forward.ts";
import type { DnsObserver } from "./observer.ts";
import { Records } from "./records.ts";
import { Resolver } from "./resolver.ts";
import {
  type Answering,
  brief,
  decode,
  ManualClock,
  otherServer,
  queryBytes,
  type QueryOptions,
  replyBytes,
} from "./testing.ts";
import { Zone } from "./zone.ts";

const foreign: Answering = ({ message }) => {
  const { name, type } = message.questions[0];
  if (name.toLowerCase() === "no.example") return replyBytes(message, { flags: 0x183 });
  if (name.toLowerCase() === "broken.example") return replyBytes(message, { flags: 0x182 });
  const answers = type === "A"
    ? [{ name, type: "CNAME", ttl: 60, data: "host.example" }, {
      name: "host.example",
      type: "A",
      ttl: 60,
      data: "192.0.2.1",
    }]
    : [];
  return replyBytes(message, { answers });
};

const external = (name: string, externalName: string) => ({
  namespace: "default",
  name,
  clusterIPs: [],
  externalName,
  ports: [],
});

async function withResolver(
  test: (
    ask: (name: string, type: string, options?: QueryOptions) => Promise<ReturnType<typeof decode>>,
    more: { resolver: Resolver; forwarder: Forwarder; asked: { message: { questions: { name: string }[] } }[] },
  ) => Promise<void>,
) {
  const other = await otherServer(foreign);
  // however long the machine takes to carry an answer, nobody is late
  const forwarder = new Forwarder({ warmUp: false, clock: new ManualClock() });
  forwarder.configure({ servers: [other.server], timeout: 2 });
  const records = new Records({
    services: [
      { namespace: "default", name: "web", clusterIPs: ["10.96.0.20"], ports: [] },
      { namespace: "default", name: "db", clusterIPs: [], ports: [] },
      external("ext", "www.example"),
      external("gone", "no.example"),
      external("broken", "broken.example"),
    ],
    endpoints: [{
      namespace: "default",
      id: "db-1",
      service: "db",
      ports: [],
      endpoints: [1, 2, 3].map((i) => ({ addresses: [`10.244.0.${i}`], ready: true })),
    }],
  });
  const resolver = new Resolver(new Zone(records, { domain: "cluster.local", reverse: ["10.96.0.0/16"] }), forwarder);
  const ask = async (name: string, type: string, options?: QueryOptions) =>
    decode((await resolver.handle(queryBytes(name, type, options), "udp"))!);
  try {
    await test(ask, { resolver, forwarder, asked: other.asked });
  } finally {
    forwarder.stop();
    await other.close();
  }
}

const web = "web.default.svc.cluster.local";

Deno.test("the cluster's names are answered here, at once and with authority", async () => {
  await withResolver(async (ask, { resolver, asked }) => {
    ok(resolver.handle(queryBytes(web, "A"), "udp") instanceof Uint8Array);
    const reply = await ask("WEB.default.svc.cluster.local", "A");
    deepEqual(brief(reply.answers), ["WEB.default.svc.cluster.local A 10.96.0.20"]);
    ok(reply.flag_aa && reply.flag_ra);
    const missing = await ask("missing.default.svc.cluster.local", "A");
    deepEqual([missing.rcode, missing.flag_aa, missing.authorities[0].type], ["NXDOMAIN", true, "SOA"]);
    equal((await ask("9.0.96.10.in-addr.arpa", "PTR")).rcode, "NXDOMAIN");
    deepEqual([asked.length, resolver.counts.local], [0, 4]);
  });
});

Deno.test("other names are asked of others, then known", async () => {
  await withResolver(async (ask, { resolver, asked }) => {
    const first = await ask("www.example", "A");
    deepEqual(brief(first.answers), ["host.example A 192.0.2.1", "www.example CNAME host.example"]);
    ok(!first.flag_aa);
    deepEqual(brief((await ask("www.example", "A")).answers), brief(first.answers));
    equal((await ask("no.example", "A")).rcode, "NXDOMAIN");
    equal((await ask("broken.example", "A")).rcode, "SERVFAIL");
    equal(asked.length, 3);
    deepEqual(resolver.counts, { local: 0, cached: 1, forwarded: 3, failed: 0, refused: 0 });
  });
});

Deno.test("an alias out of the cluster comes with what is behind it", async () => {
  await withResolver(async (ask, { resolver, asked }) => {
    const name = "ext.default.svc.cluster.local";
    for (let i = 0; i < 2; i++) {
      const reply = await ask(name, "A");
      deepEqual(reply.answers.map(({ name, type, data }) => `${name} ${type} ${data}`), [
        `${name} CNAME www.example`,
        "www.example CNAME host.example",
        "host.example A 192.0.2.1",
      ]);
    }
    equal(asked.length, 1);
    const empty = await ask(name, "AAAA");
    deepEqual([empty.rcode, brief(empty.answers)], ["NOERROR", [`${name} CNAME www.example`]]);
    const alias = await ask(name, "CNAME");
    deepEqual([alias.rcode, alias.answers.length], ["NOERROR", 1]);
    equal((await ask("gone.default.svc.cluster.local", "A")).rcode, "NXDOMAIN");
    equal((await ask("broken.default.svc.cluster.local", "A")).rcode, "SERVFAIL");
    equal(resolver.counts.failed, 1);
  });
});

Deno.test("with nobody to ask foreign names fail at once, and the cluster's are answered", async () => {
  await withResolver(async (ask, { resolver, forwarder }) => {
    forwarder.configure({ servers: [] });
    const reply = await ask("www.example", "A", { edns: 1232 });
    deepEqual([reply.rcode, reply.answers.length, reply.questions[0].name], ["SERVFAIL", 0, "www.example"]);
    equal((await ask("ext.default.svc.cluster.local", "A")).rcode, "SERVFAIL");
    equal((await ask(web, "A")).rcode, "NOERROR");
    equal(resolver.counts.failed, 2);
  });
});

Deno.test("ANY gets next to nothing, wherever the name is", async () => {
  await withResolver(async (ask, { asked }) => {
    for (const name of [web, "www.example"]) {
      const reply = await ask(name, "ANY");
      deepEqual([reply.rcode, reply.answers.length, reply.answers[0].type, reply.answers[0].data.cpu], [
        "NOERROR",
        1,
        "HINFO",
        "RFC8482",
      ]);
    }
    equal((await ask("missing.default.svc.cluster.local", "ANY")).rcode, "NXDOMAIN");
    equal(asked.length, 0);
  });
});

Deno.test("others are not asked for those who do not want it", async () => {
  await withResolver(async (ask, { asked }) => {
    equal((await ask("www.example", "A", { recursion: false })).rcode, "REFUSED");
    equal((await ask(web, "A", { recursion: false })).rcode, "NOERROR");
    const alias = await ask("ext.default.svc.cluster.local", "A", { recursion: false });
    deepEqual([alias.rcode, alias.answers.map(({ type }) => type)], ["NOERROR", ["CNAME"]]);
    equal(asked.length, 0);
    await ask("www.example", "A");
    const known = await ask("www.example", "A", { recursion: false });
    deepEqual([known.rcode, known.flag_rd, known.answers.length], ["NOERROR", false, 2]);
  });
});

Deno.test("when too many wait for others, what needs nobody is answered all the same", async () => {
  const other = await otherServer(() => undefined);
  const forwarder = new Forwarder({ warmUp: false });
  forwarder.configure({ servers: [other.server], timeout: 0.1 });
  const records = new Records({
    services: [{ namespace: "default", name: "web", clusterIPs: ["10.96.0.20"], ports: [] }],
  });
  const resolver = new Resolver(new Zone(records, { domain: "cluster.local" }), forwarder, 3);
  try {
    // the same name: one question to others, many who wait for it
    const handle = (name: string) => resolver.handle(queryBytes(name, "A"), "udp");
    const waiting = [1, 2, 3].map(() => handle("www.example"));
    ok(waiting.every((reply) => reply instanceof Promise));
    const [fourth, local] = [handle("www.example"), handle(web)];
    ok(fourth instanceof Uint8Array && local instanceof Uint8Array);
    deepEqual([decode(fourth).rcode, decode(local).rcode], ["SERVFAIL", "NOERROR"]);
    deepEqual((await Promise.all(waiting)).map((reply) => decode(reply!).rcode), ["SERVFAIL", "SERVFAIL", "SERVFAIL"]);
    // there is room again
    forwarder.wake();
    const again = handle("www.example");
    ok(again instanceof Promise);
    await again;
  } finally {
    forwarder.stop();
    await other.close();
  }
});

Deno.test("an observer is told of every query, of every server that is asked, and the cache counts", async () => {
  const other = await otherServer(foreign);
  const told: string[] = [];
  const observer: DnsObserver = {
    replied: ({ transport, type, isOurs, rcode, queryBytes, replyBytes, ms }) => {
      ok(queryBytes > 12 && replyBytes > 12 && ms >= 0);
      told.push(`${transport} ${type} ${isOurs ? "ours" : "others'"} ${rcode}`);
    },
    asked: ({ port }, ms, rcode) => {
      ok(port === other.server.port && ms >= 0);
      told.push(`asked ${rcode}`);
    },
    died: () => void told.push("died"),
  };
  const forwarder = new Forwarder({ warmUp: false, observer, clock: new ManualClock() });
  forwarder.configure({ servers: [other.server], timeout: 2 });
  const records = new Records({
    services: [{ namespace: "default", name: "web", clusterIPs: ["10.96.0.20"], ports: [] }],
  });
  const zone = new Zone(records, { domain: "cluster.local" });
  const resolver = new Resolver(zone, forwarder, undefined, observer);
  try {
    const ask = async (name: string, type: string, transport: "udp" | "tcp" = "udp") =>
      void await resolver.handle(queryBytes(name, type), transport);
    await ask(web, "A");
    await ask("none.default.svc.cluster.local", "AAAA", "tcp");
    await ask("no.example", "A");
    await ask("www.example", "A");
    await ask("www.example", "A");
    deepEqual(told, [
      "udp A ours 0",
      "tcp AAAA ours 3",
      "asked 3",
      "udp A others' 3",
      "asked 0",
      "udp A others' 0",
      "udp A others' 0",
    ]);
    equal(forwarder.cache.counts.hits, 1);
    ok(forwarder.cache.counts.misses >= 2);
  } finally {
    forwarder.stop();
    await other.close();
  }
});

Deno.test("each of a headless service's addresses comes first in turn", async () => {
  await withResolver(async (ask) => {
    const firsts = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const { answers } = await ask("db.default.svc.cluster.local", "A");
      equal(answers.length, 3);
      firsts.add(answers[0].data);
    }
    equal(firsts.size, 3);
  });
});

Deno.test("labels with a dot in them are nobody's name here", async () => {
  await withResolver(async (_, { resolver }) => {
    const bytes = new Uint8Array(queryBytes("web-default.svc.cluster.local", "A"));
    bytes[16] = 0x2e;
    const reply = resolver.handle(bytes, "udp");
    ok(reply instanceof Uint8Array);
    equal(decode(reply).rcode, "NXDOMAIN");
  });
});
