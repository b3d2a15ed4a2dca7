import assert from "node:assert/strict";
import { dirname } from "node:path";
import { ManualClock } from "../clock.ts";
import { EventRing } from "../telemetry/events.ts";
import { silentLogger } from "../telemetry/log.ts";
import { type ApiDeps, startApi } from "./mod.ts";
import { FakeStore, testPod } from "./testing.ts";

const unused = () => Promise.reject(new Error("not asked for here"));

function deps(socket: string, store = new FakeStore()): ApiDeps {
  return {
    config: { api: { socket }, podLogsDir: "/nonexistent", nodeName: "edge-1" },
    store: store as unknown as ApiDeps["store"],
    events: new EventRing({ nodeName: "edge-1" }),
    observer: { get: () => undefined },
    cri: { runtime: { exec: unused, attach: unused, portForward: unused } },
    log: silentLogger,
    clock: new ManualClock(),
    problems: () => [],
    healthy: () => true,
  };
}

/** A directory for a socket, and requests to that. */
function place() {
  const dir = Deno.makeTempDirSync();
  const socket = `${dir}/run/islet.sock`;
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  return {
    socket,
    get: (path: string) => fetch(`http://localhost${path}`, { client }),
    [Symbol.dispose]() {
      client.close();
      Deno.removeSync(dir, { recursive: true });
    },
  };
}

Deno.test("the socket is the owner's alone, and is gone afterwards", async () => {
  using here = place();
  const api = await startApi(deps(here.socket));
  assert.equal(await (await here.get("/healthz")).text(), "ok");
  assert.equal(Deno.statSync(here.socket).mode! & 0o777, 0o600);
  assert.equal(Deno.statSync(dirname(here.socket)).mode! & 0o777, 0o700);
  await api.stop();
  assert.throws(() => Deno.lstatSync(here.socket), Deno.errors.NotFound);
});

Deno.test("a socket that nobody answers on is taken over", async () => {
  using here = place();
  Deno.mkdirSync(dirname(here.socket));
  // a listener that closes takes its file with it: keep it under another name
  const listener = Deno.listen({ transport: "unix", path: `${here.socket}.new` });
  Deno.linkSync(`${here.socket}.new`, here.socket);
  listener.close();
  assert.ok(Deno.lstatSync(here.socket).isSocket);
  const api = await startApi(deps(here.socket));
  assert.equal(await (await here.get("/livez")).text(), "ok");
  await api.stop();
});

Deno.test("a socket that somebody answers on is left alone", async () => {
  using here = place();
  const first = await startApi(deps(here.socket));
  await assert.rejects(() => startApi(deps(here.socket)), /another islet answers there/);
  assert.equal(await (await here.get("/livez")).text(), "ok");
  await first.stop();
});

Deno.test("a file at the socket's place is left alone", async () => {
  using here = place();
  Deno.mkdirSync(dirname(here.socket));
  Deno.writeTextFileSync(here.socket, "precious");
  await assert.rejects(() => startApi(deps(here.socket)), /no socket/);
  assert.equal(Deno.readTextFileSync(here.socket), "precious");
});

Deno.test("stopping ends watches that are open", async () => {
  using here = place();
  const store = new FakeStore();
  store.put(testPod());
  const api = await startApi(deps(here.socket, store));
  const watch = (await here.get("/api/v1/pods?watch=true")).text();
  while (store.watchers === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await api.stop();
  assert.equal(JSON.parse(await watch).type, "ADDED");
  assert.equal(store.watchers, 0);
});
