/** Workers: how pods come up, and calls that fail. */
import assert from "node:assert/strict";
import { SimulatedNode } from "../../wiring/testing.ts";
import { changes, nodeWith, web } from "../testing.ts";

Deno.test("a pod is started in order, told of, and removed without a trace", async () => {
  await using node = await nodeWith(web());
  assert.deepEqual(node.running(), ["web/web#0"]);
  assert.equal(node.status("web").phase, "Running");
  assert.equal(node.condition("web", "Ready")?.status, "True");
  assert.deepEqual(node.reasons("web"), ["Pulled", "Created", "Started"]);
  assert.deepEqual(changes(node), ["runPodSandbox", "createContainer", "startContainer"]);
  assert.equal(node.podCgroups().length, 1);
  await node.remove("web");
  assert.deepEqual(node.traces(), []);
  assert.equal(node.reasons("web").at(-1), "Killing");
});

Deno.test("nothing is asked of the runtime but lists, and nothing written, while nothing changes", async () => {
  await using node = await nodeWith(web(), web({}, { name: "two" }));
  await node.advance(10_000);
  const before = changes(node).length, version = node.store.resourceVersion;
  const lists = node.runtime.callsOf("listContainers").length;
  await node.advance(60_000);
  assert.equal(changes(node).length, before);
  assert.equal(node.store.resourceVersion, version);
  assert.equal(node.runtime.callsOf("listContainers").length - lists, 6);
});

for (const method of ["runPodSandbox", "createContainer", "startContainer"] as const) {
  for (const kind of ["error", "lostAnswer", "hang", "hangAfter"] as const) {
    Deno.test(`a ${method} that meets ${kind} ends in one running container`, async () => {
      await using node = new SimulatedNode();
      await node.start();
      const fault = node.runtime.fault(method, { kind, code: "unavailable" });
      await node.apply(web());
      await node.advance(260_000);
      assert.equal(fault.hits, 1);
      assert.equal(node.running().length, 1);
      assert.match(node.running()[0], /^web\/web#/);
      assert.equal([...node.runtime.sandboxes.values()].filter(({ ready }) => ready).length, 1);
      assert.equal(node.condition("web", "Ready")?.status, "True");
      await node.remove("web");
      await node.advance(20_000);
      assert.deepEqual(node.traces(), []);
    });
  }
}

for (const method of ["stopContainer", "stopPodSandbox", "removePodSandbox"] as const) {
  for (const kind of ["error", "lostAnswer", "hang", "hangAfter"] as const) {
    Deno.test(`a deletion whose ${method} meets ${kind} leaves nothing all the same`, async () => {
      await using node = await nodeWith(web());
      const fault = node.runtime.fault(method, { kind, code: "unavailable" });
      await node.remove("web", 2);
      await node.advance(260_000);
      assert.equal(fault.hits, 1);
      assert.deepEqual(node.traces(), []);
    });
  }
}

for (const method of ["runPodSandbox", "createContainer"] as const) {
  Deno.test(`a name that a stuck ${method} holds does not keep the pod down`, async () => {
    await using node = new SimulatedNode();
    await node.start();
    node.runtime.fault(method, { kind: "stuck" });
    await node.apply(web());
    await node.advance(270_000);
    assert.deepEqual(node.running(), [method === "createContainer" ? "web/web#1" : "web/web#0"]);
  });
}

Deno.test("a start that a killed agent had begun is made again as soon as the runtime has given it up, and counts for nothing", async () => {
  await using node = new SimulatedNode();
  await node.start();
  node.life!.killPoint = { at: "startContainer", when: "before", nth: 1 };
  await node.apply(web());
  await node.kill();
  const starting = "failed to set removing state for container: container is in starting state, can't be removed";
  const fault = node.runtime.fault("removeContainer", { kind: "error", message: starting, times: Infinity });
  await node.start();
  await node.advance(20_000);
  assert.deepEqual(node.running(), []);
  fault.remove();
  await node.advance(300);
  assert.deepEqual(node.running(), ["web/web#0"]);
  assert.equal(node.status("web").containerStatuses![0].restartCount, 0);
});

Deno.test("a name that a killed agent's create still holds is waited for before it is passed over", async () => {
  await using node = new SimulatedNode();
  await node.start();
  const stuck = node.runtime.fault("createContainer", { kind: "stuck" });
  await node.apply(web());
  assert.equal(stuck.hits, 1);
  await node.kill();
  await node.start();
  await node.advance(1_200);
  assert.deepEqual(node.running(), []);
  node.runtime.releaseNames();
  await node.advance(600);
  assert.deepEqual(node.running(), ["web/web#0"]);
});

Deno.test("a StopContainer that always fails is tried again with growing pauses", async () => {
  await using node = await nodeWith(web());
  const fault = node.runtime.fault("stopContainer", { kind: "error", times: Infinity });
  await node.remove("web");
  await node.advance(60_000);
  assert.ok(fault.hits >= 6 && fault.hits <= 12, `${fault.hits} tries`);
  fault.remove();
  await node.advance(15_000);
  assert.deepEqual(node.traces(), []);
});

Deno.test("a runtime that says it has stopped a container and has not is asked once a second", async () => {
  await using node = await nodeWith(web());
  const stubborn = node.runtime.containerNamed("web");
  const { exit } = stubborn;
  stubborn.exit = () => {};
  await node.remove("web", 1);
  await node.advance(10_000);
  const tries = node.runtime.callsOf("stopContainer").length;
  assert.ok(tries >= 3 && tries <= 12, `${tries} tries`);
  stubborn.exit = exit;
  await node.advance(5_000);
  assert.deepEqual(node.traces(), []);
});
