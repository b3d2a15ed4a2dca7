/** What others may do to a pod through the API while it runs: force its end, hold its row, say a condition, edit it. */
import assert from "node:assert/strict";
import type { Pod, PodCondition } from "../objects/mod.ts";
import { SimulatedNode } from "../wiring/testing.ts";
import { container, pod } from "./testing.ts";

function web(spec: Partial<Pod["spec"]> = {}, metadata: Partial<Pod["metadata"]> = {}): Pod {
  const { uid: _uid, generation: _generation, ...rest } = pod(spec, metadata).metadata;
  return { ...pod(spec), metadata: rest };
}

/** A node on which the pod runs for a while. */
async function nodeWith(of: Pod): Promise<SimulatedNode> {
  const node = new SimulatedNode();
  await node.start();
  await node.apply(of);
  await node.advance(5_000);
  return node;
}

const stubborn = () => ({ ignoresTerm: true });

async function change(node: SimulatedNode, make: (pod: Pod) => Pod | undefined, status = false): Promise<void> {
  await node.store.change<Pod>("local", "Pod", "default", "web", (current) => make(current!), { status });
  await node.settle();
}

/** Another writer's condition, as a patch of the status subresource says it. */
async function say(node: SimulatedNode, condition: PodCondition): Promise<void> {
  await change(node, (current) => {
    const others = (current.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
    return { ...current, status: { ...current.status, conditions: [...others, condition] } };
  }, true);
}

Deno.test("a pod whose row is deleted by force ends within two seconds, whatever its grace, by a later life of the agent too", async () => {
  for (const killed of [false, true]) {
    await using node = await nodeWith(web());
    node.runtime.program = stubborn;
    node.runtime.containerNamed("web").exit(0);
    await node.advance(1_000);
    assert.deepEqual(node.running(), ["web/web#1"]);
    if (killed) node.runtime.fault("stopContainer", { kind: "hang" });
    await change(node, () => undefined);
    await node.advance(100);
    if (killed) {
      await node.kill();
      await node.start();
    }
    assert.deepEqual(node.running(), ["web/web#1"]);
    await node.advance(2_500);
    assert.deepEqual(node.traces(), [], `${killed}`);
  }
});

Deno.test("a deletion by force overtakes one with grace", async () => {
  await using node = await nodeWith(web());
  node.runtime.program = stubborn;
  node.runtime.containerNamed("web").exit(0);
  await node.advance(1_000);
  await node.remove("web", 30);
  await node.advance(5_000);
  assert.deepEqual(node.running(), ["web/web#1"]);
  await change(node, () => undefined);
  await node.advance(2_500);
  assert.deepEqual(node.traces(), []);
});

Deno.test("a pod of a name that was deleted by force begins when nothing of the other is left", async () => {
  await using node = await nodeWith(web());
  await change(node, () => undefined);
  await node.apply(web({}, { uid: "u2" }));
  await node.advance(5_000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  assert.equal(node.condition("web", "Ready")?.status, "True");
});

Deno.test("a pod with a finalizer ends and keeps its row, over, until the finalizer is gone", async () => {
  await using node = await nodeWith(web({}, { finalizers: ["example.org/hold"] }));
  await node.remove("web", 5);
  await node.advance(10_000);
  const held = node.pod("web")!;
  assert.equal(held.metadata.deletionGracePeriodSeconds, 0);
  assert.equal(held.status?.phase, "Failed");
  assert.equal(held.status?.containerStatuses?.[0].state?.terminated?.exitCode, 143);
  assert.equal(node.condition("web", "Ready")?.status, "False");
  assert.deepEqual(node.traces(), ["row web"]);
  await node.kill();
  await node.start();
  await node.advance(10_000);
  assert.deepEqual(node.traces(), ["row web"]);
  assert.deepEqual(node.pod("web")!.status, held.status);
  await change(node, () => undefined);
  await node.advance(1_000);
  assert.deepEqual(node.traces(), []);
});

Deno.test("a readiness gate's condition is another's to say, makes the pod ready, and outlives restarts and edits", async () => {
  const gate = "example.org/lb";
  await using node = await nodeWith(web({ readinessGates: [{ conditionType: gate }] }));
  assert.equal(node.condition("web", "ContainersReady")?.status, "True");
  assert.equal(node.condition("web", "Ready")?.status, "False");
  assert.equal(node.condition("web", "Ready")?.reason, "ReadinessGatesNotReady");
  await say(node, { type: gate, status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" });
  assert.equal(node.condition("web", "Ready")?.status, "True");
  node.runtime.containerNamed("web").exit(0);
  await node.advance(5_000);
  await node.kill();
  await node.start();
  await node.advance(5_000);
  assert.deepEqual(node.condition("web", gate), {
    type: gate,
    status: "True",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  });
  assert.equal(node.condition("web", "Ready")?.status, "True");
  await say(node, { type: gate, status: "False" });
  assert.equal(node.condition("web", "Ready")?.status, "False");
  await change(
    node,
    (current) => ({
      ...current,
      status: {
        ...current.status,
        conditions: current.status!.conditions!.filter(({ type }) => type !== gate),
      },
    }),
    true,
  );
  assert.equal(node.condition("web", gate), undefined);
  assert.match(node.condition("web", "Ready")!.message!, /does not exist/);
});

Deno.test("a condition that an evictor has set stays on the pod while it ends", async () => {
  await using node = await nodeWith(web({}, { finalizers: ["example.org/hold"] }));
  const disruption = {
    type: "DisruptionTarget",
    status: "True" as const,
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  await say(node, disruption);
  await node.remove("web", 1);
  await node.advance(10_000);
  assert.deepEqual(node.condition("web", "DisruptionTarget"), disruption);
});

Deno.test("what others write over the status that is the node's own does not last", async () => {
  await using node = await nodeWith(web());
  const { status } = node.pod("web")!;
  await change(node, (current) => ({ ...current, status: { phase: "Failed" } }), true);
  assert.deepEqual(node.pod("web")!.status, status);
  assert.deepEqual(node.running(), ["web/web#0"]);
});

Deno.test("edits that a live pod takes are taken in place, and observed", async () => {
  await using node = await nodeWith(web());
  const { uid } = node.pod("web")!.metadata;
  await change(node, (current) => ({ ...current, metadata: { ...current.metadata, labels: { tier: "front" } } }));
  assert.deepEqual(node.running(), ["web/web#0"]);
  await change(node, ({ spec, ...rest }) => ({
    ...rest,
    spec: { ...spec, containers: [container("web", { image: "web:2" })] },
  }));
  await node.advance(5_000);
  assert.deepEqual(node.running(), ["web/web#1"]);
  assert.equal(node.status("web").observedGeneration, node.pod("web")!.metadata.generation);
  assert.equal(node.status("web").containerStatuses![0].image, "web:2");
  await change(node, ({ spec, ...rest }) => ({ ...rest, spec: { ...spec, activeDeadlineSeconds: 60 } }));
  await node.advance(120_000);
  assert.equal(node.pod("web")!.metadata.uid, uid);
  assert.equal(node.status("web").reason, "DeadlineExceeded");
  assert.equal(node.status("web").phase, "Failed");
});
