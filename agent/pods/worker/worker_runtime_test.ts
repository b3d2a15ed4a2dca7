/** Workers and the runtime: its events, its absence, and what islet finds when it comes back. */
import assert from "node:assert/strict";
import { SimulatedNode } from "../../wiring/testing.ts";
import { changes, container, nodeWith, probe, web } from "../testing.ts";

// ---- Events

Deno.test("a container that ends before its start was seen is noticed at once", async () => {
  await using node = new SimulatedNode();
  await node.start();
  let runs = 0;
  node.runtime.program = () => runs++ === 0 ? { exitAfterMs: 0, exitCode: 1 } : {};
  await node.apply(web());
  await node.advance(100);
  assert.deepEqual(node.running(), ["web/web#1"]);
});

Deno.test("a lost event is made good by the next relist", async () => {
  await using node = await nodeWith(web());
  await node.advance(10_000);
  node.runtime.events.interfere = () => [];
  node.runtime.containerNamed("web").exit(1);
  await node.settle();
  assert.deepEqual(node.running(), []);
  await node.advance(10_000);
  assert.deepEqual(node.running(), ["web/web#1"]);
});

Deno.test("repeated, late and reordered events restart a container once", async () => {
  await using node = await nodeWith(web());
  await node.advance(1000);
  node.runtime.events.interfere = (event) => [event, event, event];
  node.runtime.events.hold();
  node.runtime.containerNamed("web").exit(1);
  await node.advance(12_000);
  node.runtime.events.release((events) => events.reverse());
  await node.advance(5_000);
  assert.deepEqual(node.running(), ["web/web#1"]);
  assert.equal(node.runtime.callsOf("createContainer").length, 2);
});

for (const events of ["cri", "containerd", "none"] as const) {
  Deno.test(`an end is noticed with event source ${events}`, async () => {
    await using node = new SimulatedNode({ events });
    await node.start();
    await node.apply(web());
    await node.advance(20_000);
    node.runtime.containerNamed("web").exit(0);
    await node.advance(events === "none" ? 1000 : 100);
    assert.deepEqual(node.running(), ["web/web#1"]);
  });
}

// ---- A runtime that goes away

Deno.test("while the runtime is away nothing is known, nothing done and nothing told; then nothing is restarted", async () => {
  await using node = await nodeWith(web({ containers: [container("web", { readinessProbe: probe })] }));
  await node.advance(20_000);
  const before = node.status("web"), { length } = changes(node);
  assert.equal(node.condition("web", "Ready")?.status, "True");
  node.runtime.stop();
  await node.advance(300_000);
  assert.equal(node.pods.observer.get(node.pod("web")!.metadata.uid!), undefined);
  assert.deepEqual(node.status("web"), before);
  node.runtime.start();
  await node.advance(20_000);
  assert.deepEqual(node.status("web"), before);
  assert.deepEqual(changes(node).slice(length).filter((method) => method !== "execSync"), []);
});

Deno.test("what ended and what was deleted while the runtime was away is seen to when it is back", async () => {
  await using node = await nodeWith(web(), web({}, { name: "two" }));
  await node.advance(10_000);
  node.runtime.stop();
  await node.advance(5_000);
  [...node.runtime.containers.values()][0].exit(1);
  await node.remove("two", 1);
  await node.advance(5_000);
  assert.deepEqual(node.running(), ["two/web#0"]);
  node.runtime.start();
  await node.advance(5_000);
  assert.deepEqual(node.running(), ["web/web#1"]);
  assert.equal(node.pod("two"), undefined);
});

Deno.test("an agent that starts before its runtime waits, and adopts", async () => {
  await using node = await nodeWith(web());
  await node.advance(5_000);
  const before = node.status("web");
  await node.kill();
  node.runtime.stop();
  await node.start();
  await node.advance(30_000);
  assert.deepEqual(node.status("web"), before);
  node.runtime.start();
  await node.advance(10_000);
  assert.deepEqual(node.status("web"), before);
  assert.equal(node.runtime.callsOf("createContainer").length, 1);
});

Deno.test("a pod of which the runtime does not tell is not taken for an empty one", async () => {
  await using node = await nodeWith(web());
  await node.advance(5_000);
  await node.kill();
  const { length } = changes(node);
  const fault = node.runtime.fault("podSandboxStatus", { kind: "error", times: 3 });
  await node.start();
  await node.advance(60_000);
  assert.equal(fault.hits, 3);
  assert.deepEqual(changes(node).slice(length), []);
  assert.deepEqual(node.running(), ["web/web#0"]);
});

Deno.test("the agent stops at once though the runtime does not answer", async () => {
  await using node = await nodeWith(web());
  await node.advance(10_000);
  node.runtime.fault("*", { kind: "hang", times: Infinity });
  node.runtime.containerNamed("web").exit(1);
  await node.apply(web({}, { name: "two" }));
  const before = node.clock.mono();
  const stopped = node.stop();
  await node.advance(500);
  await stopped;
  assert.ok(node.clock.mono() - before <= 1000);
});

// ---- Adoption

Deno.test("adoption keeps containers, readiness and its time, and starts no probe over", async () => {
  await using node = await nodeWith(
    web({ containers: [container("web", { readinessProbe: probe, startupProbe: probe, livenessProbe: probe })] }),
  );
  await node.advance(40_000);
  const before = node.status("web"), { length } = changes(node);
  assert.equal(node.condition("web", "Ready")?.status, "True");
  const asked = node.runtime.callsOf("execSync").length;
  for (let life = 0; life < 3; life++) {
    await node.kill();
    node.clock.setWall(node.clock.now() + 3600_000);
    await node.start();
    assert.deepEqual(node.status("web"), before);
    await node.advance(1000);
    assert.deepEqual(node.status("web"), before);
  }
  await node.advance(30_000);
  assert.deepEqual(node.status("web"), before);
  assert.ok(node.runtime.callsOf("execSync").length > asked);
  assert.deepEqual(changes(node).slice(length).filter((method) => method !== "execSync"), []);
});

Deno.test("a container that ended while the agent was away is restarted, others are not", async () => {
  await using node = await nodeWith(web({ containers: [container("web"), container("two")] }));
  await node.kill();
  node.runtime.containerNamed("two").exit(3);
  await node.start();
  assert.deepEqual(node.running(), ["web/two#1", "web/web#0"]);
  assert.equal(node.status("web").containerStatuses?.[1].lastState?.terminated?.exitCode, 3);
});

Deno.test("adoption reruns no init container, even when all records of init containers are gone", async () => {
  const spec = { initContainers: [container("one"), container("two")] };
  await using node = new SimulatedNode();
  node.runtime.program = ({ name }) => name === "web" ? {} : { exitAfterMs: 100 };
  await node.start();
  await node.apply(web(spec));
  await node.advance(150);
  // one has completed, two runs
  assert.deepEqual(node.running(), ["web/two#0"]);
  await node.kill();
  node.runtime.containers.delete(node.runtime.containerNamed("one").id);
  await node.start();
  await node.advance(1000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  await node.kill();
  node.runtime.containers.delete(node.runtime.containerNamed("two").id);
  await node.start();
  await node.advance(1000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  assert.equal(node.runtime.callsOf("createContainer").length, 3);
});

Deno.test("init containers run again in a new sandbox, and only there", async () => {
  await using node = new SimulatedNode();
  node.runtime.program = ({ name }) => name === "one" ? { exitAfterMs: 100 } : {};
  await node.start();
  await node.apply(web({ initContainers: [container("one")] }));
  await node.advance(1000);
  node.runtime.containerNamed("web").exit(1);
  await node.advance(1000);
  assert.equal(node.runtime.callsOf("createContainer").length, 3);
  node.runtime.killSandbox([...node.runtime.sandboxes.keys()][0]);
  await node.advance(30_000);
  const created = node.runtime.callsOf("createContainer").map(({ request }) =>
    `${request.config.metadata.name}#${request.config.metadata.attempt} in ${request.sandboxConfig.metadata.attempt}`
  );
  assert.deepEqual(created, ["one#0 in 0", "web#0 in 0", "web#1 in 0", "one#1 in 1", "web#2 in 1"]);
  assert.deepEqual(node.running(), ["web/web#2"]);
});
