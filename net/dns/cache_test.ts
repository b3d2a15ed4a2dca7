import { deepEqual, equal, ok } from "node:assert/strict";
import { Cache, type CacheOptions, lifetime } from "./cache.ts";
import { ManualClock, replyBytes } from "./testing.ts";

const a = (ttl: number, name = "a.example") => ({ name, type: "A", ttl, data: "192.0.2.1" });
const soa = (ttl: number, minimum: number) => ({
  name: "example",
  type: "SOA",
  ttl,
  data: { mname: "ns.example", rname: "x.example", serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
});
const cname = (ttl: number) => ({ name: "a.example", type: "CNAME", ttl, data: "b.example" });
const kept = (reply: { answers?: unknown[]; authorities?: unknown[]; flags?: number }, type = "A") =>
  replyBytes({ id: 1, questions: [{ name: "a.example", type, class: "IN" }] }, reply);

for (
  const [what, reply, expected] of [
    ["the shortest time of its answers", { answers: [cname(300), a(60, "b.example")] }, { ttl: 60, negative: false }],
    ["no time for an answer of none", { answers: [a(0)] }, { ttl: 0, negative: false }],
    ["no time for a time that is none", { answers: [a(0x80000001)] }, { ttl: 0, negative: false }],
    ["the SOA's minimum for a name that is not there", { flags: 0x183, authorities: [soa(600, 30)] }, {
      ttl: 30,
      negative: true,
    }],
    ["the SOA's own time if that is less", { flags: 0x183, authorities: [soa(20, 30)] }, { ttl: 20, negative: true }],
    ["the same for a name without the type", { authorities: [soa(600, 30)] }, { ttl: 30, negative: true }],
    ["the shortest of both for an alias to nothing", {
      flags: 0x183,
      answers: [cname(10)],
      authorities: [soa(600, 30)],
    }, { ttl: 10, negative: true }],
    ["no time for nothing without an SOA", { flags: 0x183 }, { ttl: 0, negative: true }],
    ["no time for an alias to nothing without an SOA", { answers: [cname(10)] }, { ttl: 0, negative: true }],
    ["no time for a failure", { flags: 0x182, answers: [a(60)] }, { ttl: 0, negative: false }],
    ["no time for a refusal", { flags: 0x185, authorities: [soa(600, 30)] }, { ttl: 0, negative: false }],
    ["no time for what was cut short", { flags: 0x380, answers: [a(60)] }, { ttl: 0, negative: false }],
  ] as const
) {
  Deno.test(`lifetime() gives ${what}`, () => deepEqual(lifetime(kept(reply as never)), expected));
}

function cacheOf(options: CacheOptions = {}) {
  const clock = new ManualClock();
  return { clock, cache: new Cache({ clock, ...options }) };
}

Deno.test("a reply is kept for as long as it says, and its age is told", async () => {
  const { clock, cache } = cacheOf();
  equal(cache.put("a", kept({ answers: [a(60)] })), 60);
  equal(cache.get("a")?.age, 0);
  await clock.advance(59_999);
  equal(cache.get("a")?.age, 59);
  await clock.advance(1);
  equal(cache.get("a"), undefined);
  deepEqual([cache.size, cache.bytes], [0, 0]);
});

Deno.test("times are bounded, that of nothing more closely", () => {
  const { cache } = cacheOf({ maxTtl: 100, maxNegativeTtl: 10 });
  equal(cache.put("a", kept({ answers: [a(99_999)] })), 100);
  equal(cache.put("b", kept({ flags: 0x183, authorities: [soa(99_999, 99_999)] })), 10);
  equal(cache.put("c", kept({ flags: 0x182 }), 1), 1);
});

Deno.test("a reply that must not be kept takes the place of one that was", () => {
  const { cache } = cacheOf();
  cache.put("a", kept({ answers: [a(60)] }));
  equal(cache.put("a", kept({ answers: [a(0)] })), 0);
  equal(cache.get("a"), undefined);
});

Deno.test("memory is bounded: what was not asked for the longest goes first", () => {
  const one = kept({ answers: [a(60)] });
  const { cache } = cacheOf({ maxBytes: 4 * (one.length + 201) });
  for (const key of ["a", "b", "c", "d"]) cache.put(key, one);
  cache.put("a", one);
  ok(cache.get("b"));
  cache.put("e", one);
  cache.put("f", one);
  deepEqual(["a", "b", "c", "d", "e", "f"].filter((key) => cache.get(key)), ["a", "b", "e", "f"]);
  ok(cache.bytes <= 4 * (one.length + 201));
  cache.put("large", kept({ answers: Array.from({ length: 200 }, () => a(60)) }));
  equal(cache.get("large"), undefined);
  equal(cache.size, 4);
  cache.clear();
  deepEqual([cache.size, cache.bytes], [0, 0]);
});
