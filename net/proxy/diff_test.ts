import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeNft } from "../nft/fake.ts";
import { chunks, compare, isEmpty, place, script, type Sweep, TableState, transaction } from "./diff.ts";
import { frontendsOf } from "./elements.ts";
import { elementsOf } from "./frontend.ts";
import { readBack } from "./read_back.ts";
import { layoutScript, rulesScript } from "./table.ts";
import { isPrepared, tableName } from "./chains.ts";
import { assertIndexes, behind, contents, endpoint, options, service } from "./testing.ts";
import { type ProxyEndpoint, type ProxyService } from "./types.ts";

const words = (text: string) => text === "" ? [] : text.split(" ");

Deno.test("place() keeps endpoints where they are and fills holes from the end", () => {
  const cases: [string, string, string][] = [
    ["", "a b c", "a b c"],
    ["a b c d", "a b c d", "a b c d"],
    ["a b c d", "d c b a", "a b c d"],
    ["a b c d", "a c d", "a d c"],
    ["a b c d", "a b", "a b"],
    ["a b c d", "c d", "c d"],
    ["a b", "x a b y", "a b x y"],
    ["a b c", "x y", "x y"],
  ];
  for (const [before, wanted, expected] of cases) {
    assert.deepEqual(place(words(before), words(wanted)), words(expected), `${before} → ${wanted}`);
  }
});

async function empty(): Promise<FakeNft> {
  const nft = new FakeNft();
  await nft.run(layoutScript("ip") + rulesScript("ip", options));
  return nft;
}

type World = { services: ProxyService[]; endpoints: Map<string, ProxyEndpoint[]> };

/** Applies a world in transactions of `size` elements; what is asked after each is the caller's. */
async function apply(nft: FakeNft, state: TableState, world: World, size: number, after = () => {}, sweep?: Sweep) {
  const { frontends } = frontendsOf("ip", world.services, world.endpoints, options);
  const groups = chunks(compare(state, frontends), size);
  for (const [i, group] of groups.entries()) {
    const last = i === groups.length - 1;
    const step = transaction(state, group, sweep && !last ? "nothing" : sweep ?? "touched");
    if (!isEmpty(step)) await nft.run(script("ip", step));
    state.commit(step);
    after();
  }
}

/** Deletes what nobody needs, as a start does. */
async function sweep(nft: FakeNft, state: TableState) {
  const rest = transaction(state, [], "all");
  if (!isEmpty(rest)) await nft.run(script("ip", rest));
  state.commit(rest);
}

const world: fc.Arbitrary<World> = fc.uniqueArray(
  fc.record({
    name: fc.integer({ min: 1, max: 6 }),
    affinitySeconds: fc.option(fc.constantFrom(10, 20), { nil: undefined }),
    algorithm: fc.constantFrom("random", "round-robin", "source-hash", undefined),
    internalTrafficPolicy: fc.constantFrom("Cluster", "Local"),
    externalTrafficPolicy: fc.constantFrom("Cluster", "Local"),
    nodePort: fc.option(fc.constantFrom(30001, 30002, 30003), { nil: undefined }),
    externalIPs: fc.constantFrom([], ["192.0.2.7"], ["192.0.2.8", "192.0.2.9"]),
    loadBalancerIPs: fc.constantFrom([], ["192.0.2.20"]),
    loadBalancerSourceRanges: fc.constantFrom([], ["10.0.0.0/8", "10.1.0.0/16"], ["198.51.100.0/24"]),
    endpoints: fc.uniqueArray(
      fc.record({
        address: fc.integer({ min: 1, max: 8 }).map((n) => `10.244.0.${n}`),
        port: fc.constantFrom(8080, 8081),
        ready: fc.boolean(),
        serving: fc.boolean(),
        terminating: fc.boolean(),
        local: fc.boolean(),
        hints: fc.constantFrom(undefined, { zone: true }, { zone: false }, { node: true, zone: false }),
      }),
      { selector: ({ address }) => address, maxLength: 8 },
    ),
  }),
  { selector: ({ name }) => name, maxLength: 6 },
).map((list) => ({
  services: list.map(({ name, nodePort, endpoints: _, ...more }) =>
    service(`s${name}`, `10.96.0.${name}`, {
      ...more,
      ports: [{ name: "", protocol: "TCP", port: 80, nodePort }],
    })
  ),
  endpoints: behind(Object.fromEntries(
    list.map(({ name, endpoints }) => [`s${name}`, endpoints.map(({ address, ...more }) => endpoint(address, more))]),
  )),
}));

/** The table without the order of endpoints, which depends on what was there before. */
function unordered(nft: FakeNft): unknown {
  const all = contents(nft);
  const sorted = Object.entries(all).map(([set, elements]) => {
    if (!set.includes("endpoints-")) return [set, Object.entries(elements).sort()];
    const pairs = Object.entries(elements).map(([key, value]) => `${key.slice(0, key.lastIndexOf(" . "))} → ${value}`);
    return [set, pairs.sort()];
  });
  const table = nft.tables.get(`ip ${tableName}`)!;
  const affinity = [...table.sets.keys()].filter((name) => name.startsWith("affinity-")).sort();
  return {
    elements: Object.fromEntries(sorted),
    chains: [...table.chains].filter(([name]) => !isPrepared(name)).sort(),
    affinity,
  };
}

Deno.test("any sequence of changes ends in the same table as one full load, and every transaction keeps the indexes whole", async () => {
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(world, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 40 }),
      async (worlds, size) => {
        const nft = await empty(), state = new TableState();
        for (const each of worlds) await apply(nft, state, each, size, () => checked += assertIndexes(nft));
        await sweep(nft, state);
        const fresh = await empty();
        await apply(fresh, new TableState(), worlds.at(-1)!, 2000);
        assert.deepEqual(unordered(nft), unordered(fresh));
      },
    ),
    { numRuns: 150 },
  );
  assert.ok(checked > 1000, `only ${checked} frontends were looked at`);
});

Deno.test("a table that is read back and changed ends like one that was changed all along", async () => {
  await fc.assert(
    fc.asyncProperty(world, world, fc.integer({ min: 1, max: 40 }), async (before, after, size) => {
      const nft = await empty();
      await apply(nft, new TableState(), before, 2000);
      const { state } = await readBack(nft, "ip");
      await apply(nft, state, after, size, () => assertIndexes(nft), "all");
      await sweep(nft, state);
      const fresh = await empty();
      await apply(fresh, new TableState(), after, 2000);
      assert.deepEqual(unordered(nft), unordered(fresh));
    }),
    { numRuns: 100 },
  );
});

Deno.test("a table that is read back and wanted as it is gets no element changed", async () => {
  const nft = await empty();
  const same = {
    services: [
      service("a", "10.96.0.1", { affinitySeconds: 60 }),
      service("b", "10.96.0.2", { loadBalancerIPs: ["192.0.2.1"], loadBalancerSourceRanges: ["10.0.0.0/8"] }),
      service("c", "10.96.0.3"),
    ],
    endpoints: behind({
      a: [endpoint("10.244.0.2"), endpoint("10.244.0.3")],
      b: [endpoint("10.244.0.2", { local: false })],
    }),
  };
  await apply(nft, new TableState(), same, 2000);
  const before = contents(nft), scripts = nft.taken.length;
  assert.equal(Object.keys(before).length, 8);
  const { state } = await readBack(nft, "ip");
  await apply(nft, state, same, 2000, undefined, "all");
  assert.equal(nft.taken.length, scripts, String(nft.taken.at(-1)));
  assert.deepEqual(contents(nft), before);
});

Deno.test("one endpoint fewer of ten is its index, the last index and the count, and nothing else", async () => {
  const nft = await empty(), state = new TableState();
  const ten = Array.from({ length: 10 }, (_, i) => endpoint(`10.244.0.${i + 10}`));
  const services = [service("a", "10.96.0.1")];
  await apply(nft, state, { services, endpoints: behind({ a: ten }) }, 2000);
  await apply(nft, state, { services, endpoints: behind({ a: ten.filter((_, i) => i !== 3) }) }, 2000);
  const elements = nft.taken.at(-1)!.split("\n").filter((line) => /^\d/.test(line)).sort();
  assert.deepEqual(
    elements,
    [
      "10.244.0.13 . 10.244.0.13", // its pair for hairpin traffic
      "10.96.0.1 . tcp . 80 . 3 : 10.244.0.19 . 8080",
      "10.96.0.1 . tcp . 80 . 3,",
      "10.96.0.1 . tcp . 80 . 9",
      "10.96.0.1 . tcp . 80 : goto lb-tcp-9",
      "10.96.0.1 . tcp . 80",
    ].sort(),
  );
});

Deno.test("what a table holds that nobody explains is deleted with the next change of its frontend", async () => {
  const nft = await empty();
  const one = { services: [service("a", "10.96.0.1")], endpoints: behind({ a: [endpoint("10.244.0.2")] }) };
  await apply(nft, new TableState(), one, 2000);
  const good = contents(nft);
  const strays = "10.96.0.1 . tcp . 80 . 5 : 10.244.0.9 . 8080,\n10.96.0.9 . tcp . 80 . 0 : 10.244.0.9 . 8080";
  await nft.run(`add element ip ${tableName} endpoints-tcp {\n${strays}\n}\n`);
  const { state } = await readBack(nft, "ip");
  await apply(nft, state, one, 2000, undefined, "all");
  assert.deepEqual(contents(nft), good);
});

Deno.test("chunks() never splits a frontend, and holds about as many elements as asked", () => {
  const services = Array.from({ length: 20 }, (_, i) => service(`s${i}`, `10.96.0.${i}`));
  const ten = Array.from({ length: 10 }, (_, i) => endpoint(`10.244.0.${i + 10}`));
  const endpoints = behind(Object.fromEntries(services.map(({ name }) => [name, ten])));
  const { frontends } = frontendsOf("ip", services, endpoints, options);
  const groups = chunks(compare(new TableState(), frontends), 50);
  assert.deepEqual(groups.map((group) => group.length), [4, 4, 4, 4, 4]);
  assert.equal(groups.flat().flatMap(({ to }) => elementsOf(to!)).length, 20 * 11);
  assert.deepEqual(chunks(compare(new TableState(), frontends), 1).map((group) => group.length), Array(20).fill(1));
});
