import { deepEqual, equal, match, ok } from "node:assert/strict";
import { SimulatedNode } from "../wiring/testing.ts";
import type { Pod } from "../objects/mod.ts";
import { pod } from "./testing.ts";

const verdict = { reason: "Evicted", message: "The node was low on resource: memory. " };

/** As a source writes it. */
function web(): Pod {
  const { metadata: { uid: _uid, generation: _generation, ...metadata }, ...rest } = pod();
  return { ...rest, metadata };
}

Deno.test("an evicted pod is killed at once, has failed, and leaves its logs alone", async () => {
  await using node = new SimulatedNode();
  await node.start();
  await node.apply(web());
  await node.advance(1000);
  equal(node.seen("web"), "Running");
  const uid = node.pod("web")!.metadata.uid!;
  ok(node.pods.manager.evict(uid, { ...verdict, graceSeconds: 0, disruption: "because" }));
  await node.settle();
  await node.advance(3000);
  const { phase, reason, message, containerStatuses } = node.status("web");
  deepEqual([phase, reason, message], ["Failed", "Evicted", verdict.message]);
  equal(containerStatuses?.[0].state?.terminated?.exitCode, 137);
  deepEqual([node.condition("web", "DisruptionTarget")?.status, node.condition("web", "DisruptionTarget")?.message], [
    "True",
    "because",
  ]);
  ok(node.pods.manager.hasEnded(uid));
  deepEqual(node.runtime.containers.size + node.runtime.sandboxes.size, 0);
  ok(!node.traces().some((trace) => /^(sandbox|container|directory|cgroup)/.test(trace)), node.traces().join());
  ok(!node.pods.manager.evict(uid, verdict), "it has ended already");
  await node.kill();
  await node.start();
  await node.advance(60_000);
  deepEqual([node.status("web").phase, node.status("web").reason], ["Failed", "Evicted"]);
  equal(node.status("web").containerStatuses?.[0].state?.terminated?.exitCode, 137);
  equal(node.condition("web", "DisruptionTarget")?.status, "True");
  equal(node.running().length, 0);
});

Deno.test("an evicted pod has the grace that it is given", async () => {
  await using node = new SimulatedNode();
  await node.start();
  await node.apply(web());
  await node.advance(1000);
  node.runtime.calls.length = 0;
  node.pods.manager.evict(node.pod("web")!.metadata.uid!, { ...verdict, graceSeconds: 7 });
  await node.settle();
  await node.advance(8000);
  equal(node.status("web").reason, "Evicted");
  match(
    JSON.stringify(node.runtime.calls, (_, value) => typeof value === "bigint" ? Number(value) : value),
    /"timeout":7/,
  );
});
