import { deepEqual, equal } from "node:assert/strict";
import type { Door, TlsMaterial } from "../api/mod.ts";
import { ManualClock } from "../clock.ts";
import type { Pki } from "../pki/mod.ts";
import { createLogger, type Entry } from "../telemetry/log.ts";
import { Doors, type DoorsOptions } from "./doors.ts";

interface Change {
  api?: { address?: string; port?: number };
  kubelet?: boolean;
  serviceAddresses?: string[];
  held?: Promise<void>;
}

/** Doors over an API that tells what it was asked; things listed in `failing` fail. */
function setUp(
  { api = {}, kubelet = true, serviceAddresses = ["10.96.0.1"], held = Promise.resolve() }: Change = {},
) {
  const told: string[] = [];
  const logged: Entry[] = [];
  const failing = new Set<string>();
  const clock = new ManualClock();
  const tell = (what: string) => {
    told.push(what);
    if (failing.has(what)) throw new Deno.errors.AddrInUse(`no ${what}`);
  };
  const pki = { isDue: false, serving: { certificate: "cert-1", key: "k" }, caCertificate: "ca" };
  const renew = () => {
    tell("renew");
    pki.isDue = false;
    pki.serving = { certificate: "cert-2", key: "k" };
    return Promise.resolve(true);
  };
  const options: DoorsOptions = {
    config: {
      rootDir: "/r",
      api: { socket: "/s", address: "127.0.0.1", port: 6550, ...api },
      kubelet: { enabled: kubelet, address: "0.0.0.0", port: 10250, clientCAFile: "" } as never,
    },
    api: {
      listen({ host, port }, _tls, which) {
        const name = `${which} ${host}:${port}`;
        return new Promise<Door>((resolve) => {
          tell(name);
          resolve({
            port,
            connections: 0,
            renew: (tls: TlsMaterial) => Promise.resolve(tell(`${name} shows ${tls.certificate}`)),
            close: () => Promise.resolve(),
          });
        });
      },
    },
    serviceAddresses,
    pki: () => new Promise<Pki>((resolve) => (tell("keys"), resolve(Object.assign(pki, { renew }) as unknown as Pki))),
    clock,
    log: createLogger({ sink: (entry) => logged.push(entry) }),
    held,
  };
  return { doors: new Doors(options), told, logged, failing, clock, pki };
}

Deno.test("the API, its way for pods and kubelet's API are opened, keys first", async () => {
  const { doors, told } = setUp();
  await doors.open();
  equal(told[0], "keys");
  deepEqual([...told].sort(), [
    "keys",
    "kubelet 0.0.0.0:10250",
    "tls 10.96.0.1:6550",
    "tls 127.0.0.1:6550",
  ]);
  doors.stop();
});

Deno.test("an API that listens on every address needs no listener of its own for pods", async () => {
  const { doors, told } = setUp({
    api: { address: "0.0.0.0" },
    kubelet: false,
    serviceAddresses: ["10.96.0.1", "fd00::1"],
  });
  await doors.open();
  deepEqual(told.filter((each) => each.startsWith("tls")).sort(), ["tls 0.0.0.0:6550", "tls fd00::1:6550"]);
  doors.stop();
});

Deno.test("the way for pods is opened when the node holds its address, and nothing else waits for that", async () => {
  const { promise: held, resolve } = Promise.withResolvers<void>();
  const { doors, told } = setUp({ held });
  const opened = doors.open();
  while (!told.some((each) => each.startsWith("tls 127"))) await new Promise((done) => setTimeout(done));
  deepEqual(told.includes("tls 10.96.0.1:6550"), false);
  resolve();
  await opened;
  deepEqual(told.includes("tls 10.96.0.1:6550"), true);
  doors.stop();
});

Deno.test("without a port, and without kubelet's API, nothing is opened", async () => {
  const { doors, told } = setUp({ api: { port: 0 }, kubelet: false, serviceAddresses: [] });
  await doors.open();
  deepEqual(told, []);
  const alone = setUp({ api: { port: 0 }, serviceAddresses: [] });
  await alone.doors.open();
  deepEqual(alone.told, ["keys", "kubelet 0.0.0.0:10250"]);
  alone.doors.stop();
});

for (
  const what of ["keys", "tls 127.0.0.1:6550", "tls 10.96.0.1:6550", "kubelet 0.0.0.0:10250"]
) {
  Deno.test(`${what} that fails is tried again, and holds back nothing else`, async () => {
    const { doors, told, failing, clock } = setUp();
    failing.add(what);
    await doors.open();
    const tries = () => told.filter((each) => each === what).length;
    equal(tries(), 1);
    if (!what.startsWith("keys") && !what.startsWith("tls 127")) equal(told.includes("tls 127.0.0.1:6550"), true);
    await clock.advance(1000 + 2000 + 4000);
    equal(tries(), 4);
    failing.clear();
    await clock.advance(8000);
    equal(tries(), 5);
    for (const each of ["tls 127.0.0.1:6550", "tls 10.96.0.1:6550", "kubelet 0.0.0.0:10250"]) {
      equal(told.includes(each), true, each);
    }
    await clock.advance(60_000);
    equal(tries(), 5);
    doors.stop();
  });
}

Deno.test("where another program has a port, the log names the flag that changes it", async () => {
  const { doors, logged, failing } = setUp();
  for (const each of ["tls 127.0.0.1:6550", "kubelet 0.0.0.0:10250"]) failing.add(each);
  await doors.open();
  const hints = logged.filter(({ level }) => level === "error").map(({ fields }) => [fields.port, fields.hint]);
  deepEqual(hints, [
    [6550, "another program listens there; --api-port is where to change it"],
    [10250, "another program listens there; --port is where to change it"],
  ]);
  doors.stop();
});

Deno.test("a certificate that is due is renewed within the hour, or at once when asked, and shown at every door", async () => {
  const { doors, told, clock, pki } = setUp();
  await doors.open();
  told.length = 0;
  await clock.advance(3600_000);
  equal(told.length, 0, "nothing is due");
  pki.isDue = true;
  await clock.advance(3600_000);
  deepEqual(told.sort(), [
    "kubelet 0.0.0.0:10250 shows cert-2",
    "renew",
    "tls 10.96.0.1:6550 shows cert-2",
    "tls 127.0.0.1:6550 shows cert-2",
  ]);
  told.length = 0;
  pki.isDue = true;
  await doors.check();
  equal(told.some((each) => each === "renew"), true);
  doors.stop();
  told.length = 0;
  pki.isDue = true;
  await clock.advance(7200_000);
  equal(told.length, 0, "nothing happens after the end");
});
