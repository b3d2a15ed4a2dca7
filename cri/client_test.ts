import assert from "node:assert/strict";
import type { CriClient } from "./client.ts";
import { CriError } from "./errors.ts";
import { FakeRuntime } from "./fake.ts";
import { SteppedClock, turns } from "./fake_clock.ts";
import { ImageService, RuntimeService } from "./gen/runtime_pb.ts";
import { type MethodName, methodRules } from "./methods.ts";

function setUp(options: Parameters<FakeRuntime["client"]>[0] = {}) {
  const clock = new SteppedClock();
  const fake = new FakeRuntime({ clock });
  return { clock, fake, cri: fake.client(options) };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "success";
  } catch (err) {
    assert.ok(err instanceof CriError, String(err));
    return err.code;
  }
}

Deno.test("every unary method of both services has a lane and a deadline", () => {
  const methods = [...RuntimeService.methods, ...ImageService.methods].filter((m) => m.methodKind === "unary");
  assert.deepEqual(Object.keys(methodRules).sort(), methods.map(({ localName }) => localName).sort());
  assert.equal(methods.length, 33);
});

const deadlines: [string, MethodName, (cri: CriClient) => Promise<unknown>, number][] = [
  ["a list", "listContainers", (cri) => cri.runtime.listContainers({}), 120_000],
  ["a sandbox", "runPodSandbox", (cri) => cri.runtime.runPodSandbox({}), 240_000],
  [
    "a stop with 30 s of grace",
    "stopContainer",
    (cri) => cri.runtime.stopContainer({ containerId: "x", timeout: 30n }),
    150_000,
  ],
  [
    "an exec with a timeout of 10 s",
    "execSync",
    (cri) => cri.runtime.execSync({ containerId: "x", timeout: 10n }),
    130_000,
  ],
  ["a call with its own deadline", "version", (cri) => cri.runtime.version({}, { timeoutMs: 1500 }), 1500],
];
for (const [what, method, call, ms] of deadlines) {
  Deno.test(`${what} is given up after ${ms} ms and not before`, async () => {
    const { clock, fake, cri } = setUp();
    const fault = fake.fault(method, { kind: "hang" });
    const code = codeOf(call(cri));
    await clock.advance(ms - 1);
    assert.equal(fault.hits, 1);
    assert.equal(cri.load.running, 1);
    await clock.advance(1);
    assert.equal(await code, "deadline_exceeded");
    assert.equal(cri.load.running, 0);
  });
}

Deno.test("a pull and an exec without a timeout have no deadline and end by their signal", async () => {
  const { clock, fake, cri } = setUp();
  fake.fault("pullImage", { kind: "hang" });
  fake.fault("execSync", { kind: "hang" });
  const caller = new AbortController();
  const pull = codeOf(cri.image.pullImage({ image: { image: "a" } }, caller));
  const exec = codeOf(cri.runtime.execSync({ containerId: "x", cmd: ["y"] }, caller));
  await clock.advance(86_400_000);
  assert.equal(cri.load.running, 2);
  caller.abort(new Error("pod deleted"));
  assert.deepEqual([await pull, await exec], ["canceled", "canceled"]);
});

Deno.test("a client's own deadlines stand in for the methods'", async () => {
  const { clock, fake, cri } = setUp({ timeouts: { version: 10 } });
  fake.fault("version", { kind: "hang" });
  const code = codeOf(cri.runtime.version({}));
  await clock.advance(10);
  assert.equal(await code, "deadline_exceeded");
});

Deno.test("changes wait for their turn, queries and stops get through beside them", async () => {
  const { fake, cri } = setUp({ maxCalls: 8 });
  fake.fault("startContainer", { kind: "hang", times: Infinity });
  fake.fault("stopContainer", { kind: "hang", times: Infinity });
  const caller = new AbortController();
  const starts = Array.from({ length: 9 }, () => codeOf(cri.runtime.startContainer({ containerId: "x" }, caller)));
  const stops = Array.from({ length: 20 }, () => codeOf(cri.runtime.stopContainer({ containerId: "x" }, caller)));
  await turns();
  assert.deepEqual(cri.load, { running: 6 + 20, waiting: 3 });
  assert.equal(fake.callsOf("startContainer").length, 6);
  await cri.runtime.listContainers({});
  caller.abort();
  const codes = new Set(await Promise.all([...starts, ...stops]));
  assert.deepEqual([...codes], ["canceled"]);
  assert.deepEqual(cri.load, { running: 0, waiting: 0 });
  assert.equal(fake.callsOf("startContainer").length, 6);
});

Deno.test("the deadline counts from the call, not from its turn", async () => {
  const { clock, fake, cri } = setUp({ maxCalls: 1 });
  fake.fault("version", { kind: "hang", times: Infinity });
  const first = codeOf(cri.runtime.version({}, { timeoutMs: 5000 }));
  const second = codeOf(cri.runtime.version({}, { timeoutMs: 3000 }));
  await clock.advance(3000);
  assert.equal(await second, "deadline_exceeded");
  assert.equal(fake.callsOf("version").length, 1);
  await clock.advance(2000);
  assert.equal(await first, "deadline_exceeded");
});

Deno.test("an aborted signal keeps a call from being made, and close() ends those in flight", async () => {
  const { fake, cri } = setUp();
  assert.equal(await codeOf(cri.runtime.version({}, { signal: AbortSignal.abort() })), "canceled");
  assert.equal(fake.calls.length, 0);
  fake.fault("version", { kind: "hang" });
  const call = codeOf(cri.runtime.version({}));
  await turns();
  cri.close();
  assert.equal(await call, "canceled");
  assert.equal(await codeOf(cri.runtime.version({})), "canceled");
  assert.equal(fake.calls.length, 1);
});
