import assert from "node:assert/strict";
import { ManualClock } from "../../clock.ts";
import { Store } from "../../store/mod.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { PodMemories } from "./pod_memory.ts";

const crash = { level: 1, containerId: "c", hash: "", at: 0 } as never;

Deno.test("what is remembered of a pod is there in the next life; back-offs go with a reboot", async () => {
  const store = Store.open(":memory:", { log: silentLogger, clock: new ManualClock() });
  const memories = new PodMemories(store, "boot-1");
  assert.deepEqual(memories.load("u1"), { crashes: {}, inits: {} });
  const memory = { crashes: { web: crash }, inits: { init: "s0" }, forced: true };
  memories.save("u1", memory);
  assert.deepEqual(new PodMemories(store, "boot-1").load("u1"), memory);
  assert.deepEqual(new PodMemories(store, "boot-2").load("u1"), { ...memory, crashes: {} });
  memories.save("u2", memory);
  memories.retain((uid) => uid === "u2");
  assert.deepEqual(memories.load("u1"), { crashes: {}, inits: {} });
  assert.deepEqual(memories.load("u2"), memory);
  await store.close();
});
