import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { silentLogger } from "../telemetry/log.ts";
import { containerStamp, PodObserver, type RuntimeSource, sandboxStamp } from "./observer.ts";
import type { ObservedContainer, ObservedSandbox } from "./types.ts";

const sandbox = (id: string): ObservedSandbox => ({
  id,
  podUid: `uid-${id}`,
  namespace: "default",
  name: id,
  attempt: 0,
  ready: true,
  createdAt: 1,
  ips: [],
  labels: {},
  annotations: {},
});

const container = (id: string, of: string): ObservedContainer => ({
  id,
  podUid: `uid-${of}`,
  sandboxId: of,
  name: id,
  attempt: 0,
  state: "running",
  image: "",
  imageId: "",
  createdAt: 1,
  startedAt: 1,
  finishedAt: 0,
  exitCode: 0,
  reason: "",
  message: "",
  logPath: "",
  labels: {},
  annotations: {},
});

/** A runtime that the test changes, and how often it was asked what. */
async function setUp() {
  const clock = new ManualClock();
  const runtime = { sandboxes: [sandbox("a"), sandbox("b")], containers: [container("web", "a")] };
  const asked = { lists: 0, stamps: 0 };
  const source: RuntimeSource = {
    async list() {
      asked.lists++;
      return { sandboxes: [...runtime.sandboxes], containers: [...runtime.containers] };
    },
    async stamps() {
      asked.stamps++;
      return new Map([
        ...runtime.sandboxes.map((one) => [one.id, sandboxStamp(one)] as const),
        ...runtime.containers.map((one) => [one.id, containerStamp(one)] as const),
      ]);
    },
    sandboxDetail: async (one) => one,
    containerDetail: async (one) => one,
    watch: () => ({ close: () => {} }),
  };
  const observer = new PodObserver({ source, clock, log: silentLogger });
  const changed: string[] = [];
  observer.onChange.add((uid) => changed.push(uid));
  await observer.start();
  changed.length = 0;
  return { clock, runtime, asked, observer, changed };
}

Deno.test("a relist that finds every state as it was reads no list whole", async () => {
  const { clock, asked, observer, changed } = await setUp();
  assert.deepEqual(asked, { lists: 1, stamps: 0 });
  for (let i = 0; i < 3; i++) await clock.advance(1000);
  assert.deepEqual(asked, { lists: 1, stamps: 3 });
  assert.deepEqual(changed, []);
  assert.equal(observer.get("uid-a")?.containers.length, 1);
  assert.equal(observer.get("uid-none")?.observedAt, clock.mono());
  observer.stop();
});

Deno.test("a relist sees what has another state, is new, or is gone", async () => {
  const { clock, runtime, asked, observer, changed } = await setUp();
  runtime.containers[0] = { ...runtime.containers[0], state: "exited" };
  await clock.advance(1000);
  assert.equal(observer.get("uid-a")?.containers[0].state, "exited");
  runtime.sandboxes[1] = { ...runtime.sandboxes[1], ready: false };
  await clock.advance(1000);
  assert.equal(observer.get("uid-b")?.sandboxes[0].ready, false);
  runtime.sandboxes.push(sandbox("c"));
  await clock.advance(1000);
  assert.equal(observer.get("uid-c")?.sandboxes.length, 1);
  runtime.sandboxes.shift();
  await clock.advance(1000);
  assert.equal(observer.get("uid-a")?.sandboxes.length, 0);
  assert.deepEqual(changed, ["uid-a", "uid-b", "uid-c", "uid-a"]);
  assert.equal(asked.lists, 5);
  // the same number of things, but others
  runtime.sandboxes.pop();
  runtime.sandboxes.push(sandbox("d"));
  await clock.advance(1000);
  assert.equal(observer.get("uid-d")?.sandboxes.length, 1);
  assert.equal(observer.get("uid-c")?.sandboxes.length, 0);
  observer.stop();
});
