import assert from "node:assert/strict";
import type { EndedCall } from "./client.ts";
import { FakeRuntime } from "./fake.ts";
import { SteppedClock, turns } from "./fake_clock.ts";

function setUp() {
  const clock = new SteppedClock();
  const fake = new FakeRuntime({ clock });
  const calls: EndedCall[] = [];
  const cri = fake.client({ observe: (call) => calls.push(call) });
  return { clock, fake, cri, calls };
}

Deno.test("the observer is told of a call that has ended, by its method and request", async () => {
  const { cri, calls } = setUp();
  await cri.runtime.listContainers({ filter: { podSandboxId: "x" } });
  assert.equal(calls.length, 1);
  const [{ method, request, ms, error }] = calls;
  assert.deepEqual([method, ms, error], ["listContainers", 0, undefined]);
  assert.equal((request as { filter: { podSandboxId: string } }).filter.podSandboxId, "x");
});

Deno.test("the observer is told of a call that has failed, with its time and error, and the caller still fails", async () => {
  const { clock, fake, cri, calls } = setUp();
  fake.fault("version", { kind: "hang" });
  const call = assert.rejects(cri.runtime.version({}, { timeoutMs: 1500 }), { code: "deadline_exceeded" });
  await turns();
  assert.equal(calls.length, 0, "it has not ended");
  await clock.advance(1500);
  await call;
  assert.deepEqual(calls.map(({ method, ms, error }) => [method, ms, error?.code]), [[
    "version",
    1500,
    "deadline_exceeded",
  ]]);
});

Deno.test("the observer is told of both lists that states() reads", async () => {
  const { cri, calls } = setUp();
  await cri.states({ labelSelector: {} });
  assert.deepEqual(calls.map(({ method }) => method).sort(), ["listContainers", "listPodSandbox"]);
});
