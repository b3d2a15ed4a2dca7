import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import {
  type AddressInput,
  AddressWatcher,
  hostIPs,
  isGlobal,
  nodeAddresses,
  nodeStatusAddresses,
  parseRoutes4,
  parseRoutes6,
  readAddresses,
} from "./addresses.ts";

const interfaces: AddressInput["interfaces"] = [
  { name: "lo", family: "IPv4", address: "127.0.0.1" },
  { name: "lo", family: "IPv6", address: "::1" },
  { name: "cni0", family: "IPv4", address: "10.244.0.1" },
  { name: "eth0", family: "IPv4", address: "192.0.2.2" },
  { name: "eth0", family: "IPv6", address: "fe80::1" },
  { name: "eth0", family: "IPv6", address: "2001:db8::2" },
  { name: "wlan0", family: "IPv4", address: "198.51.100.7" },
];
const noRoutes = { IPv4: [], IPv6: [] };

const cases: { name: string; input: Partial<AddressInput>; addresses: string[] }[] = [
  {
    name: "the default route's addresses",
    input: { defaultRoutes: { IPv4: ["wlan0", "eth0"], IPv6: ["eth0"] } },
    addresses: ["198.51.100.7", "2001:db8::2"],
  },
  {
    name: "the first global ones without a default route, no container network's",
    input: {},
    addresses: ["192.0.2.2", "2001:db8::2"],
  },
  {
    name: "another interface's when the default route's has none",
    input: { defaultRoutes: { IPv4: ["ppp0"], IPv6: [] } },
    addresses: ["192.0.2.2", "2001:db8::2"],
  },
  { name: "none with only lo", input: { interfaces: interfaces.slice(0, 2) }, addresses: [] },
  {
    name: "what is configured, in its order",
    input: { nodeIPs: ["2001:db8::9", "10.1.1.1"] },
    addresses: ["2001:db8::9", "10.1.1.1"],
  },
  {
    name: "what is configured of one family, found of the other",
    input: { nodeIPs: ["10.1.1.1"] },
    addresses: ["10.1.1.1", "2001:db8::2"],
  },
  {
    name: "not those that are held for services",
    input: { not: (address) => address === "192.0.2.2" },
    addresses: ["198.51.100.7", "2001:db8::2"],
  },
  { name: "IPv6 alone", input: { interfaces: interfaces.slice(4, 6) }, addresses: ["2001:db8::2"] },
];

for (const { name, input, addresses } of cases) {
  Deno.test(`nodeAddresses() gives ${name}`, () => {
    assert.deepEqual(nodeAddresses({ interfaces, defaultRoutes: noRoutes, ...input }), addresses);
  });
}

Deno.test("hostIPs() always has one", () => {
  assert.deepEqual(hostIPs([]), ["127.0.0.1"]);
  assert.deepEqual(hostIPs(["192.0.2.2"]), ["192.0.2.2"]);
});

Deno.test("nodeStatusAddresses() adds the name", () => {
  assert.deepEqual(nodeStatusAddresses(["192.0.2.2"], "edge-1"), [
    { type: "InternalIP", address: "192.0.2.2" },
    { type: "Hostname", address: "edge-1" },
  ]);
});

Deno.test("isGlobal() leaves out loopback, link-local, multicast and unspecified addresses", () => {
  for (const address of ["10.0.0.1", "192.168.1.1", "8.8.8.8", "2001:db8::1", "fd00::2"]) {
    assert.ok(isGlobal(address), address);
  }
  for (
    const address of [
      "127.0.0.1",
      "169.254.1.1",
      "0.0.0.0",
      "224.0.0.1",
      "239.1.1.1",
      "::",
      "::1",
      "fe80::1",
      "ff02::1",
    ]
  ) {
    assert.ok(!isGlobal(address), address);
  }
});

Deno.test("parseRoutes4() finds default routes that are up, best metric first", () => {
  const text = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
wlan0	00000000	0102A8C0	0003	0	0	600	00000000	0	0	0
eth0	00000000	010200C0	0003	0	0	100	00000000	0	0	0
down0	00000000	010200C0	0002	0	0	0	00000000	0	0	0
half0	00000000	00000000	0001	0	0	0	00000080	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
`;
  assert.deepEqual(parseRoutes4(text), ["eth0", "wlan0"]);
  assert.deepEqual(parseRoutes4(""), []);
});

Deno.test("parseRoutes6() finds default routes and not the reject route on lo", () => {
  const zero = "0".repeat(32);
  const row = (metric: string, flags: string, name: string, length = "00") =>
    `${zero} ${length} ${zero} 00 ${"f".repeat(32)} ${metric} 00000001 00000000 ${flags}     ${name}\n`;
  const text = row("00000400", "00000003", "eth0") + row("ffffffff", "00200200", "lo") +
    row("00000100", "00000003", "wlan0") + row("00000001", "00000001", "eth9", "40") +
    row("00000001", "00000201", "rej0");
  assert.deepEqual(parseRoutes6(text), ["wlan0", "eth0"]);
});

Deno.test("readAddresses() works on this machine and on one with nothing to read", () => {
  for (const address of readAddresses()) assert.ok(isGlobal(address));
  const nothing = { read: () => undefined, list: () => [], fsBytes: () => undefined, hostname: () => "x", arch: "x" };
  assert.deepEqual(readAddresses({ machine: nothing, interfaces: () => [] }), []);
});

Deno.test("AddressWatcher tells of changes only", async () => {
  const clock = new ManualClock();
  let addresses = ["192.0.2.2"];
  const changes: string[][] = [];
  const watcher = new AddressWatcher({ read: () => addresses, onChange: (now) => void changes.push(now), clock });
  watcher.start();
  await clock.advance(30_000);
  assert.deepEqual(changes, []);
  addresses = ["192.0.2.3"];
  await clock.advance(30_000);
  assert.deepEqual(changes, [["192.0.2.3"]]);
  assert.deepEqual(watcher.addresses, ["192.0.2.3"]);
  addresses = [];
  watcher.stop();
  await clock.advance(60_000);
  assert.equal(changes.length, 1);
  watcher.check();
  assert.deepEqual(changes, [["192.0.2.3"], []]);
});
