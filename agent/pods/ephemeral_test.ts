/** Ephemeral containers (KEP-277): what a debugger adds to a pod that runs. */
import assert from "node:assert/strict";
import { NamespaceMode } from "../../cri/mod.ts";
import type { EphemeralContainer, Pod } from "../objects/mod.ts";
import { SimulatedNode } from "../wiring/testing.ts";
import { container, ended, lines, observed, pod, sandbox, state } from "./testing.ts";
import { planPod } from "./plan/plan.ts";

function web(spec: Partial<Pod["spec"]> = {}): Pod {
  const { uid: _uid, generation: _generation, ...metadata } = pod().metadata;
  return { ...pod(spec), metadata };
}

const debug = (more: Partial<EphemeralContainer> = {}): EphemeralContainer => ({
  ...container("debug", { image: "two:1" }),
  ...more,
} as EphemeralContainer);

/** A node whose pod runs and has then got these ephemeral containers. */
async function debugged(spec: Partial<Pod["spec"]>, ...ephemeralContainers: EphemeralContainer[]) {
  const node = new SimulatedNode();
  await node.start();
  await node.apply(web(spec));
  await node.advance(5_000);
  await add(node, ...ephemeralContainers);
  return node;
}

async function add(node: SimulatedNode, ...ephemeralContainers: EphemeralContainer[]): Promise<void> {
  const { status: _status, ...rest } = node.pod("web")!;
  await node.apply({ ...rest, spec: { ...rest.spec, ephemeralContainers } });
}

const statusOf = (node: SimulatedNode, name = "debug") =>
  node.status("web").ephemeralContainerStatuses?.find((status) => status.name === name);

Deno.test("an ephemeral container is started beside the others, told of, and no part of readiness", async () => {
  await using node = await debugged({}, debug({ targetContainerName: "web", stdin: true, tty: true }));
  assert.deepEqual(node.running(), ["web/debug#0", "web/web#0"]);
  const made = node.runtime.containerNamed("debug");
  assert.equal(made.config.annotations["io.kubernetes.container.type"], "ephemeral");
  assert.equal(made.config.logPath, "debug/0.log");
  assert.equal(made.config.stdin, true);
  assert.equal(made.config.tty, true);
  const namespaces = made.config.linux!.securityContext!.namespaceOptions!;
  assert.equal(namespaces.pid, NamespaceMode.TARGET);
  assert.equal(namespaces.targetId, node.runtime.containerNamed("web").id);
  const status = statusOf(node)!;
  assert.equal(status.ready, false);
  assert.equal(status.restartCount, 0);
  assert.ok(status.state?.running);
  assert.equal("started" in status, false);
  assert.equal(node.condition("web", "Ready")?.status, "True");
  const events = node.events.list({ name: "web" }).filter(({ involvedObject }) =>
    involvedObject.fieldPath === "spec.ephemeralContainers{debug}"
  );
  assert.deepEqual(events.map(({ reason }) => reason), ["Pulled", "Created", "Started"]);
});

Deno.test("an ephemeral container that has ended is never started again, not even after a restart of the agent, in a new sandbox, or without its record", async () => {
  await using node = await debugged({}, debug());
  node.runtime.containerNamed("debug").exit(3);
  await node.advance(60_000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  assert.equal(statusOf(node)?.state?.terminated?.exitCode, 3);
  assert.equal(node.status("web").phase, "Running");
  assert.equal(node.condition("web", "Ready")?.status, "True");
  await node.kill();
  await node.start();
  await node.advance(20_000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  node.runtime.killSandbox([...node.runtime.sandboxes.keys()][0]);
  await node.advance(60_000);
  assert.deepEqual(node.running(), ["web/web#1"]);
  node.runtime.containers.delete(node.runtime.containerNamed("debug").id);
  await node.kill();
  await node.start();
  await node.advance(20_000);
  assert.deepEqual(node.running(), ["web/web#1"]);
  assert.equal(statusOf(node)?.state?.terminated?.exitCode, 3);
  assert.ok(!node.reasons("web").includes("BackOff"));
});

Deno.test("a pod that completes ends its ephemeral container and takes its phase from the others", async () => {
  await using node = await debugged({ restartPolicy: "Never" }, debug());
  node.runtime.containerNamed("web").exit(0);
  await node.advance(40_000);
  assert.deepEqual(node.running(), []);
  assert.equal(node.status("web").phase, "Succeeded");
  assert.ok(statusOf(node)?.state?.terminated);
});

Deno.test("an ephemeral container runs while init containers do", async () => {
  await using node = await debugged({ initContainers: [container("one")] }, debug());
  assert.deepEqual(node.running(), ["web/debug#0", "web/one#0"]);
  await node.remove("web");
  await node.advance(40_000);
  assert.deepEqual(node.traces(), []);
});

Deno.test("a second ephemeral container leaves the first as it is", async () => {
  await using node = await debugged({}, debug());
  const { id } = node.runtime.containerNamed("debug");
  await add(node, debug(), debug({ name: "again" }));
  assert.deepEqual(node.running(), ["web/again#0", "web/debug#0", "web/web#0"]);
  assert.equal(node.runtime.containerNamed("debug").id, id);
});

Deno.test("an ephemeral container whose target does not run waits for it and says so", async () => {
  await using node = new SimulatedNode();
  await node.start();
  node.runtime.program = ({ name }) => name === "one" ? { exitAfterMs: 3_000 } : {};
  await node.apply(web({ initContainers: [container("one")] }));
  await add(node, debug({ targetContainerName: "web" }));
  assert.deepEqual(node.running(), ["web/one#0"]);
  assert.deepEqual(statusOf(node)?.state?.waiting, {
    reason: "CreateContainerConfigError",
    message: 'unable to find target container "web"',
  });
  await node.advance(20_000);
  assert.deepEqual(node.running(), ["web/debug#0", "web/web#0"]);
});

Deno.test("planPod() starts an ephemeral container whose earlier start never ran", () => {
  const of = pod({ ephemeralContainers: [debug()] });
  const cut = { ...ended(of, "web", 0), name: "debug", id: "debug-0", state: "created" as const };
  const running = { ...ended(of, "web", 0), state: "running" as const };
  const seen = observed([sandbox()], [running, cut]);
  assert.deepEqual(lines(planPod(state(of, seen)).actions), ["remove/debug-0"]);
  assert.deepEqual(lines(planPod(state(of, observed([sandbox()], [running]))).actions), ["start/debug 0"]);
  const remembered = new Map([["debug", { restartCount: 0, containerId: "debug-0" }]]);
  assert.deepEqual(planPod(state(of, observed([sandbox()], [running]), { remembered })).actions, []);
});
