import assert from "node:assert/strict";
import { FakeNft } from "../nft/fake.ts";
import { routeLocalnetMarker, tableName } from "./chains.ts";
import { type Frontend } from "./frontend.ts";
import { ServiceProxy, type ServiceProxyInit } from "./proxy.ts";
import { assertIndexes, behind, contents, endpoint, options, service } from "./testing.ts";

/** A proxy on a kernel in memory, with timers that run when told to. */
function setUp({ nft = new FakeNft(), ...more }: Partial<ServiceProxyInit> & { nft?: FakeNft } = {}) {
  const timers: { ms: number; fn: () => void }[] = [];
  const reports: string[] = [], host: string[] = [], stale: string[][] = [];
  let routeLocalnet = false;
  const proxy = new ServiceProxy({
    nft,
    options,
    families: ["ip"],
    healthAddress: "127.0.0.1",
    timers: {
      after(ms, fn) {
        const timer = { ms, fn };
        timers.push(timer);
        return () => {
          if (timers.includes(timer)) timers.splice(timers.indexOf(timer), 1);
        };
      },
    },
    host: {
      setRoutes: async (family, cidrs) => void host.push(`${family} routes: ${cidrs.join(", ")}`),
      setRouteLocalnet(isOn) {
        const was = routeLocalnet;
        routeLocalnet = isOn;
        host.push(`route_localnet ${isOn}`);
        return was !== isOn;
      },
    },
    deleteStaleFlows: (_, frontends: readonly Frontend[]) =>
      void stale.push(frontends.map(({ id, serving }) => `${id} → ${serving.join(", ")}`).sort()),
    report: ({ service, message }) => void reports.push(service ? `${service}: ${message}` : message),
    ...more,
  });
  return { nft, proxy, timers, reports, host, stale };
}

const one = endpoint("10.244.0.2"), two = endpoint("10.244.0.3");
const dns = (name: string, address: string) =>
  service(name, address, { ports: [{ name: "", protocol: "UDP", port: 53, nodePort: 30053 }] });
const udp = (address: string) => endpoint(address, { protocol: "UDP", port: 53 });

Deno.test("sync() before start() waits for what is there to be read", async () => {
  const { proxy, nft } = setUp();
  const synced = proxy.sync([service("a", "10.96.0.1")], behind({ a: [one] }));
  assert.equal(nft.taken.length, 0);
  await proxy.start();
  assert.deepEqual((await synced).problems, []);
  assert.equal(contents(nft).services["10.96.0.1 . tcp . 80"], "goto lb-tcp-1");
  await proxy.stop();
});

Deno.test("sync() many times at once is one piece of work, of the newest", async () => {
  const { proxy, nft } = setUp();
  await proxy.start();
  await proxy.sync([], new Map());
  const before = nft.taken.length;
  const all = Array.from(
    { length: 20 },
    (_, i) => proxy.sync([service("a", `10.96.0.${i + 1}`)], behind({ a: [one] })),
  );
  await Promise.all(all);
  assert.ok(nft.taken.length - before <= 2, `${nft.taken.length - before} transactions`);
  assert.deepEqual(Object.keys(contents(nft).services), ["10.96.0.20 . tcp . 80"]);
  // one that is asked for as soon as another is done is not lost
  await proxy.sync([], new Map()).then(() => proxy.sync([service("a", "10.96.0.5")], behind({ a: [one] })));
  assert.deepEqual(Object.keys(contents(nft).services), ["10.96.0.5 . tcp . 80"]);
  await proxy.stop();
});

Deno.test("a restart changes only what has changed meanwhile, and never empties the table", async () => {
  const first = setUp();
  await first.proxy.start();
  const services = [
    service("a", "10.96.0.1"),
    service("b", "10.96.0.2"),
    service("c", "10.96.0.3", { algorithm: "round-robin" }),
  ];
  await first.proxy.sync(services, behind({ a: [one], b: [one, two], c: [two] }));
  await first.proxy.stop();
  const { nft } = first, before = nft.taken.length, was = contents(nft);
  const inTurn = () => [...nft.tables.get(`ip ${tableName}`)!.chains.keys()].filter((name) => name.startsWith("rr-"));
  assert.deepEqual(inTurn(), ["rr-tcp-10.96.0.3-tcp-80-1"]);

  const second = setUp({ nft });
  await second.proxy.start();
  assert.deepEqual(contents(nft), was);
  await second.proxy.sync(services.slice(0, 2), behind({ a: [one], b: [one] }));
  const texts = nft.taken.slice(before).join("");
  assert.doesNotMatch(texts, /delete table|flush|10\.96\.0\.1\b/);
  assert.deepEqual(contents(nft).services, {
    "10.96.0.1 . tcp . 80": "goto lb-tcp-1",
    "10.96.0.2 . tcp . 80": "goto lb-tcp-1",
  });
  assert.deepEqual(contents(nft)["cluster-ips"], { "10.96.0.1": undefined, "10.96.0.2": undefined });
  assert.deepEqual(contents(nft).hairpin, { "10.244.0.2 . 10.244.0.2": undefined });
  assert.deepEqual(inTurn(), []);
  await second.proxy.stop();
});

Deno.test("a table of other options gets other rules and keeps its elements; one of another layout is replaced at once", async () => {
  const first = setUp();
  await first.proxy.start();
  const services = [service("a", "10.96.0.1")], endpoints = behind({ a: [one] });
  await first.proxy.sync(services, endpoints);
  await first.proxy.stop();
  const { nft } = first, was = contents(nft);
  let before = nft.taken.length;

  const rules = setUp({ nft, options: { ...options, nodePortAddresses: ["192.0.2.0/24"] } });
  await rules.proxy.start();
  await rules.proxy.sync(services, endpoints);
  assert.doesNotMatch(nft.taken.slice(before).join(""), /delete table|element/);
  assert.match(nft.tables.get(`ip ${tableName}`)!.chains.get("prerouting")!.join("\n"), /192\.0\.2\.0\/24/);
  assert.deepEqual(contents(nft), was);
  await rules.proxy.stop();

  before = nft.taken.length;
  const layout = setUp({ nft, options: { ...options, masqueradeBit: 15 } });
  await layout.proxy.start();
  assert.equal(nft.taken.length, before, "nothing is touched before it is known what is wanted");
  await layout.proxy.sync(services, endpoints);
  const replacing = nft.taken.slice(before).filter((text) => text.includes("delete table"));
  assert.equal(replacing.length, 1);
  assert.match(replacing[0], /goto lb-tcp-1/, "the same transaction fills it again");
  assert.deepEqual(contents(nft), was);
  await layout.proxy.stop();
});

Deno.test("configure() writes other rules under the same elements, while and after others are written", async () => {
  const { proxy, nft, host } = setUp({ strayClusterIPs: ["10.99.0.7", "fd00:99::7"] });
  await proxy.start();
  assert.deepEqual(host, ["ip routes: 10.96.0.0/16, 10.99.0.7"]);
  const services = [service("a", "10.96.0.1")], endpoints = behind({ a: [one] });
  const rules = () => nft.tables.get(`ip ${tableName}`)!.chains.get("prerouting")!.join("\n");
  const synced = proxy.sync(services, endpoints);
  proxy.configure({ ...options, nodePortAddresses: ["192.0.2.1"] });
  await synced;
  assert.match(rules(), /192\.0\.2\.1/);
  let before = nft.taken.length;
  proxy.configure({ ...options, nodePortAddresses: ["192.0.2.2"] });
  await proxy.verify();
  assert.match(rules(), /192\.0\.2\.2/);
  assert.doesNotMatch(nft.taken.slice(before).join(""), /element|delete table/);
  assert.equal(contents(nft).services["10.96.0.1 . tcp . 80"], "goto lb-tcp-1");
  before = nft.taken.length;
  proxy.configure({ ...options, nodePortAddresses: ["192.0.2.2"] });
  await proxy.sync([service("b", "10.96.0.2")], behind({ b: [two] }));
  assert.equal(nft.taken.slice(before).join("").includes("flush chain"), false, "the same options are no change");
  assert.deepEqual(Object.keys(contents(nft).services), ["10.96.0.2 . tcp . 80"]);
  await proxy.stop();
});

Deno.test("an object that the kernel refuses holds back no other, is reported once, and is tried again", async () => {
  const { nft, proxy, timers, reports } = setUp();
  nft.refuse = (script) => script.includes("10.96.0.13") ? "Could not process rule: Value too large" : undefined;
  await proxy.start();
  const services = Array.from({ length: 40 }, (_, i) => service(`s${i}`, `10.96.0.${i + 1}`));
  const endpoints = behind(Object.fromEntries(services.map(({ name }) => [name, [one, two]])));
  const { problems } = await proxy.sync(services, endpoints);
  assert.deepEqual(problems.map(({ service }) => service), ["default/s12"]);
  assert.match(problems[0].message, /^10\.96\.0\.13 port 80\/tcp: .*Value too large$/);
  assert.equal(Object.keys(contents(nft).services).length, 39);
  assert.equal(assertIndexes(nft), 39);
  assert.deepEqual(timers.map(({ ms }) => ms), [1000]);

  timers.shift()!.fn();
  await proxy.sync(services, endpoints);
  assert.deepEqual(timers.map(({ ms }) => ms).slice(-1), [2000]);
  assert.equal(reports.length, 1, reports.join("\n"));
  nft.refuse = () => undefined;
  timers.pop()!.fn();
  await proxy.sync(services, endpoints);
  assert.equal(Object.keys(contents(nft).services).length, 40);
  assert.equal(timers.length, 0);
  await proxy.stop();
});

Deno.test("when nothing can be done sync() says why, few transactions are tried, and later all is put right", async () => {
  const { nft, proxy, timers, reports } = setUp();
  await proxy.start();
  let asked = 0;
  nft.refuse = () => (asked++, "Operation not permitted");
  const services = Array.from({ length: 500 }, (_, i) => service(`s${i}`, `10.96.${i >> 8}.${i & 255}`));
  const endpoints = behind(Object.fromEntries(services.map(({ name }) => [name, [one]])));
  await assert.rejects(proxy.sync(services, endpoints), /Operation not permitted/);
  assert.ok(asked < 100, `${asked} transactions`);
  assert.equal(reports.length, 1);
  nft.refuse = () => undefined;
  assert.equal(timers.length, 1);
  timers.shift()!.fn();
  await proxy.sync(services, endpoints);
  assert.equal(assertIndexes(nft), 500);
  await proxy.stop();
});

Deno.test("an observer is told what changed, how long it took, and of failures", async () => {
  const told: string[] = [];
  const { proxy, nft } = setUp({
    observer: {
      changed: (services) => void told.push(`changed ${services}`),
      synced({ family, ms, waitedMs, changes, refusals, failed }) {
        assert.ok(ms >= 0 && waitedMs !== undefined && waitedMs >= ms);
        told.push(`${family} ${changes} ${refusals} ${failed}`);
      },
    },
  });
  await proxy.start();
  const services = [service("a", "10.96.0.1"), service("b", "10.96.0.2")];
  const endpoints = behind({ a: [one], b: [one], c: [one] });
  await proxy.sync(services, endpoints);
  await proxy.sync([services[0]], endpoints);
  nft.refuse = (script) => script.includes("10.96.0.3") ? "Value too large" : undefined;
  const third = service("c", "10.96.0.3");
  await proxy.sync([services[0], third], endpoints);
  nft.refuse = () => "Operation not permitted";
  const many = Array.from({ length: 100 }, (_, i) => service(`s${i}`, `10.96.1.${i}`));
  await assert.rejects(proxy.sync(many, behind(Object.fromEntries(many.map(({ name }) => [name, [one]])))));
  await proxy.stop();
  assert.deepEqual(told, [
    "changed 2",
    "ip 2 0 false",
    "changed 1",
    "ip 1 0 false",
    "changed 1",
    "ip 0 1 false",
    "changed 102",
    "ip 0 0 true",
  ]);
});

Deno.test("verify() writes a table anew that somebody has taken away", async () => {
  const { nft, proxy, reports } = setUp();
  await proxy.start();
  await proxy.sync([service("a", "10.96.0.1")], behind({ a: [one] }));
  const was = contents(nft);
  await proxy.verify();
  assert.equal(reports.length, 0);
  nft.tables.clear();
  await proxy.verify();
  assert.deepEqual(contents(nft), was);
  assert.equal(reports.length, 1);
  await proxy.stop();
});

Deno.test("clients of an endpoint that has gone are forgotten, others remembered", async () => {
  const { nft, proxy } = setUp();
  await proxy.start();
  const sticky = service("a", "10.96.0.1", { affinitySeconds: 60 });
  await proxy.sync([sticky], behind({ a: [one, two] }));
  const clients = nft.elements("ip", tableName, "affinity-10.96.0.1-tcp-80-8080");
  clients.set("192.0.2.1", "10.244.0.2").set("192.0.2.2", "10.244.0.3");
  // timeouts are not the fake's: what is added again must be as it was
  const run = nft.run.bind(nft);
  nft.run = (script) => run(script.replace(/ timeout \d+s(?= : )/g, ""));
  await proxy.sync([sticky], behind({ a: [two] }));
  const left = nft.elements("ip", tableName, "affinity-10.96.0.1-tcp-80-8080");
  assert.deepEqual([...left], [["192.0.2.2", "10.244.0.3"]]);
  await proxy.stop();
});

Deno.test("UDP frontends that changed have their stale flows deleted, at the start all of them", async () => {
  const { nft, proxy, stale } = setUp();
  await proxy.start();
  const a = dns("a", "10.96.0.1"), tcp = service("t", "10.96.0.2");
  await proxy.sync([a, tcp], behind({ a: [udp("10.244.0.2"), udp("10.244.0.3")], t: [one] }));
  await proxy.sync([a, tcp], behind({ a: [udp("10.244.0.2"), udp("10.244.0.3")], t: [two] }));
  await proxy.sync([a, tcp], behind({ a: [udp("10.244.0.3")], t: [two] }));
  await proxy.sync([a, tcp], behind({ t: [two] }));
  await proxy.sync([tcp], behind({ t: [two] }));
  await proxy.stop();
  const both = (serving: string) => [`10.96.0.1 . udp . 53 → ${serving}`, `udp . 30053 → ${serving}`];
  const all = "10.244.0.2 . 53, 10.244.0.3 . 53";
  assert.deepEqual(stale, [both(all), both(all), both("10.244.0.3 . 53"), both(""), both("")]);
  const again = setUp({ nft });
  await again.proxy.start();
  await again.proxy.sync([a], behind({ a: [udp("10.244.0.3")] }));
  assert.deepEqual(again.stale, [both("10.244.0.3 . 53")]);
  await again.proxy.stop();
});

Deno.test("stale flows that could not be deleted are deleted by the next try, with those of a round that failed", async () => {
  const nft = new FakeNft(), asked: string[][] = [];
  let isBroken = true;
  const { proxy, timers } = setUp({
    nft,
    deleteStaleFlows: (_, frontends) => {
      asked.push(frontends.map(({ id, serving }) => `${id} → ${serving.join(", ")}`).sort());
      if (isBroken) throw new Error("Cannot delete a connection");
    },
  });
  await proxy.start();
  const a = dns("a", "10.96.0.1"), b = dns("b", "10.96.0.2");
  const [ofA, ofB] = [{ ...a, ports: [{ ...a.ports[0], nodePort: undefined }] }, {
    ...b,
    ports: [{ ...b.ports[0], nodePort: undefined }],
  }];
  const both = behind({ a: [udp("10.244.0.2")], b: [udp("10.244.0.2")] });
  await assert.rejects(proxy.sync([ofA, ofB], both), /Cannot delete/);
  isBroken = false;
  timers.shift()!.fn();
  await proxy.sync([ofA, ofB], both);
  const first = ["10.96.0.1 . udp . 53 → 10.244.0.2 . 53", "10.96.0.2 . udp . 53 → 10.244.0.2 . 53"];
  assert.deepEqual(asked.splice(0), [first, first]);

  // of two transactions the second is refused as a whole: what the first did counts all the same
  const run = nft.run.bind(nft), many = Array.from({ length: 30 }, (_, i) => endpoint(`10.244.1.${i + 1}`));
  nft.run = async (script) => {
    await run(script);
    nft.refuse = () => "Operation not permitted";
  };
  const others = Array.from({ length: 120 }, (_, i) => service(`s${i}`, `10.96.1.${i + 1}`));
  const large = new Map([...both, ...others.map(({ name }) => [`default/${name}`, many] as const)]);
  await assert.rejects(proxy.sync([ofB, ...others], large), /Operation not permitted/);
  [nft.run, nft.refuse] = [run, () => undefined];
  timers.pop()!.fn();
  await proxy.sync([ofB, ...others], large);
  assert.ok(asked.flat().includes("10.96.0.1 . udp . 53 → "), "the deleted one was told of");
  await proxy.stop();
});

Deno.test("route_localnet is set for node ports only, and undone by remove() if it was off, also after somebody took the table away", async () => {
  const { nft, proxy, host } = setUp();
  await proxy.start();
  await proxy.sync([service("a", "10.96.0.1")], new Map());
  assert.deepEqual(host, ["ip routes: 10.96.0.0/16"]);
  await proxy.sync([dns("b", "10.96.0.2")], new Map());
  await proxy.sync([dns("b", "10.96.0.3")], new Map());
  assert.deepEqual(host.slice(1), ["route_localnet true"]);
  nft.tables.clear();
  await proxy.verify();
  await proxy.stop();
  const again = setUp({ nft });
  await again.proxy.start();
  await again.proxy.sync([dns("b", "10.96.0.3")], new Map());
  assert.ok(nft.tables.get(`ip ${tableName}`)!.chains.has(routeLocalnetMarker));
  nft.tables.clear();
  await again.proxy.verify();
  await again.proxy.remove();
  assert.equal(nft.tables.size, 0);
  assert.ok(
    again.host.includes("route_localnet false") && again.host.includes("ip routes: "),
    again.host.join(),
  );
});

Deno.test("health check node ports tell how many endpoints are local, and close with their service", async () => {
  const { proxy } = setUp();
  await proxy.start();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const local = service("a", "10.96.0.1", { externalTrafficPolicy: "Local", healthCheckNodePort: port });
  const ask = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { connection: "close" } });
    return [response.status, (await response.json()).localEndpoints];
  };
  await proxy.sync([local], behind({ a: [one, two, endpoint("10.0.0.9", { local: false })] }));
  assert.deepEqual(await ask(), [200, 2]);
  await proxy.sync([local], behind({ a: [endpoint("10.0.0.9", { local: false })] }));
  assert.deepEqual(await ask(), [503, 0]);
  await proxy.sync([], new Map());
  await assert.rejects(ask());
  await proxy.stop();
});
