/** In-place resize (KEP-1287): granted or put off, brought about in the right order, told of, and remembered. */
import assert from "node:assert/strict";
import { planResize } from "../node/resize.ts";
import type { Container, Pod, ResourceRequirements } from "../objects/mod.ts";
import { SimulatedNode } from "../wiring/testing.ts";
import { attempt, container, lines, observed, pod, sandbox, state } from "./testing.ts";
import { planPod } from "./plan/plan.ts";

const mib = 1024 * 1024;

/** Requests and limits alike. */
function both(cpu: string, memory: string): ResourceRequirements {
  return { limits: { cpu, memory }, requests: { cpu, memory } };
}

function web(containers: Container[], spec: Partial<Pod["spec"]> = {}): Pod {
  const { uid: _uid, generation: _generation, ...metadata } = pod().metadata;
  return { ...pod({ containers, ...spec }), metadata };
}

const sized = (resources: ResourceRequirements, more: Partial<Container> = {}) =>
  container("web", { resources, ...more });

async function nodeWith(of: Pod): Promise<SimulatedNode> {
  const node = new SimulatedNode();
  const facts = {
    name: "edge-1",
    labels: {},
    allocatable: { cpu: 4000, memory: 4096 * mib, pods: 110 },
    allowedSysctls: [],
    appArmor: false,
    supplementalGroupsPolicy: false,
  };
  node.admitResize = (pod, others) => planResize(pod, others, facts);
  await node.start();
  await node.apply(of);
  await node.advance(5_000);
  return node;
}

/** What the subresource `resize` writes. */
async function resize(node: SimulatedNode, resources: ResourceRequirements, name = "web", of = "web"): Promise<void> {
  const next = (list: Container[] | undefined) => list?.map((one) => one.name === name ? { ...one, resources } : one);
  await node.store.change<Pod>("local", "Pod", "default", of, (current) => {
    const { spec, ...rest } = current!;
    const { initContainers } = spec;
    return {
      ...rest,
      spec: {
        ...spec,
        containers: next(spec.containers)!,
        ...(initContainers ? { initContainers: next(initContainers) } : {}),
      },
    };
  });
  await node.settle();
}

const statusOf = (node: SimulatedNode, name = "web", of = "web") =>
  [...node.status(of).initContainerStatuses ?? [], ...node.status(of).containerStatuses ?? []].find((status) =>
    status.name === name
  )!;

/** memory.max of the pod's cgroup in MiB. */
function podMemory(node: SimulatedNode): number {
  return Number(node.cgroups.read(podPath(node), "memory.max")) / mib;
}

function podPath(node: SimulatedNode): string {
  const { uid } = node.pod("web")!.metadata;
  const path = [`/kubepods/pod${uid}`, `/kubepods/burstable/pod${uid}`].find((path) => node.cgroups.exists(path));
  assert.ok(path);
  return path;
}

const updates = (node: SimulatedNode) =>
  node.runtime.callsOf("updateContainerResources").map(({ request: { linux } }) => ({
    shares: Number(linux.cpuShares),
    quota: Number(linux.cpuQuota),
    memory: Number(linux.memoryLimitInBytes) / mib,
  }));

const types = (node: SimulatedNode) => node.status("web").conditions!.map(({ type }) => type);

Deno.test("a resize is given to the running container and to the pod's cgroup, and restarts nothing", async () => {
  await using node = await nodeWith(web([sized(both("500m", "64Mi"))]));
  const { id } = node.runtime.containerNamed("web");
  await resize(node, both("1", "128Mi"));
  await node.advance(1_000);
  assert.deepEqual(updates(node), [{ shares: 1024, quota: 100_000, memory: 128 }]);
  assert.equal(podMemory(node), 128);
  assert.equal(node.cgroups.read(podPath(node), "cpu.max"), "100000 100000");
  assert.deepEqual(node.running(), ["web/web#0"]);
  assert.equal(node.runtime.containerNamed("web").id, id);
  assert.deepEqual(statusOf(node).resources, both("1", "128Mi"));
  assert.deepEqual(statusOf(node).allocatedResources, { cpu: "1", memory: "128Mi" });
  assert.ok(!types(node).some((type) => type.startsWith("PodResize")));
  assert.equal(node.status("web").observedGeneration, 2);
  const told = node.events.list({ name: "web" }).filter(({ reason }) => reason.startsWith("Resize"));
  const amounts =
    '{"containers":[{"name":"web","resources":{"limits":{"cpu":"1","memory":"128Mi"},"requests":{"cpu":"1","memory":"128Mi"}}}],"generation":2}';
  assert.deepEqual(told.map(({ type, reason, message }) => `${type} ${reason} ${message}`), [
    `Normal ResizeStarted Pod resize started: ${amounts}`,
    `Normal ResizeCompleted Pod resize completed: ${amounts}`,
  ]);
});

Deno.test("the pod's cgroup grows before its containers and shrinks after them", async () => {
  await using node = await nodeWith(web([sized(both("500m", "64Mi"))]));
  const seen: number[] = [];
  const { resources } = node.runtime.containerNamed("web");
  for (const memory of ["128Mi", "32Mi"]) {
    node.runtime.fault("updateContainerResources", { kind: "delay", delayMs: 1_000 });
    await resize(node, both("500m", memory));
    await node.advance(500);
    assert.ok(types(node).includes("PodResizeInProgress"));
    assert.equal(
      node.condition("web", "PodResizeInProgress")?.observedGeneration,
      node.pod("web")!.metadata.generation,
    );
    assert.deepEqual(statusOf(node).allocatedResources, { cpu: "500m", memory });
    assert.notDeepEqual(statusOf(node).resources, both("500m", memory));
    seen.push(podMemory(node));
    await node.advance(1_000);
    seen.push(podMemory(node));
    assert.deepEqual(statusOf(node).resources, both("500m", memory));
  }
  assert.deepEqual(seen, [128, 128, 128, 32]);
  assert.notEqual(node.runtime.containerNamed("web").resources, resources);
});

Deno.test("memory in use is not taken away: the resize stays in progress with an error until there is less", async () => {
  await using node = await nodeWith(web([sized(both("500m", "64Mi"))]));
  node.runtime.containerNamed("web").usage.workingSetBytes = BigInt(48 * mib);
  await resize(node, both("500m", "32Mi"));
  await node.advance(500);
  assert.deepEqual(updates(node), []);
  const { reason, message } = node.condition("web", "PodResizeInProgress")!;
  assert.equal(reason, "Error");
  assert.equal(
    message,
    `attempting to set container "web" memory limit (${32 * mib}) below current usage (${48 * mib})`,
  );
  assert.deepEqual(statusOf(node).resources, both("500m", "64Mi"));
  assert.equal(podMemory(node), 64);
  await node.advance(30_000);
  assert.equal(node.reasons("web").filter((reason) => reason === "ResizeError").length, 1);
  node.runtime.containerNamed("web").usage.workingSetBytes = BigInt(8 * mib);
  await node.advance(15_000);
  assert.equal(podMemory(node), 32);
  assert.deepEqual(statusOf(node).resources, both("500m", "32Mi"));
  assert.equal(node.condition("web", "PodResizeInProgress"), undefined);
  assert.equal(node.reasons("web").at(-1), "ResizeCompleted");
});

Deno.test("a container that crashes while a resize cannot be brought about starts again, with what it was granted", async () => {
  await using node = await nodeWith(web([sized(both("500m", "64Mi"))]));
  node.runtime.containerNamed("web").usage.workingSetBytes = BigInt(48 * mib);
  await resize(node, both("500m", "32Mi"));
  await node.advance(500);
  node.runtime.containerNamed("web").exit(1);
  await node.advance(15_000);
  assert.deepEqual(node.running(), ["web/web#1"]);
  const made = node.runtime.containerNamed("web").config.linux!.resources!;
  assert.equal(Number(made.memoryLimitInBytes), 32 * mib);
  assert.equal(podMemory(node), 32);
  assert.equal(node.condition("web", "PodResizeInProgress"), undefined);
});

Deno.test("resizePolicy RestartContainer restarts that container, for that resource alone", async () => {
  const resizePolicy = [
    { resourceName: "cpu", restartPolicy: "NotRequired" },
    { resourceName: "memory", restartPolicy: "RestartContainer" },
  ] as Container["resizePolicy"];
  const two = container("two", { resources: both("100m", "32Mi") });
  await using node = await nodeWith(web([sized(both("500m", "64Mi"), { resizePolicy }), two]));
  await resize(node, both("600m", "64Mi"));
  await node.advance(1_000);
  assert.deepEqual(node.running(), ["web/two#0", "web/web#0"]);
  await resize(node, both("600m", "128Mi"));
  await node.advance(5_000);
  assert.deepEqual(node.running(), ["web/two#0", "web/web#1"]);
  assert.equal(Number(node.runtime.containerNamed("web").config.linux!.resources!.memoryLimitInBytes), 128 * mib);
  assert.equal(podMemory(node), 160);
  assert.equal(node.condition("web", "PodResizeInProgress"), undefined);
  assert.deepEqual(statusOf(node).resources, both("600m", "128Mi"));
  assert.ok(
    node.events.list({ name: "web" }).some(({ reason, message }) =>
      reason === "Killing" && message === "Container web resize requires restart"
    ),
  );
});

Deno.test("a sidecar is resized like the others", async () => {
  const mesh = container("mesh", { restartPolicy: "Always", resources: both("100m", "16Mi") });
  await using node = await nodeWith(web([sized(both("500m", "64Mi"))], { initContainers: [mesh] }));
  await resize(node, both("200m", "48Mi"), "mesh");
  await node.advance(1_000);
  assert.deepEqual(updates(node), [{ shares: 204, quota: 20_000, memory: 48 }]);
  assert.equal(podMemory(node), 112);
  assert.deepEqual(statusOf(node, "mesh").resources, both("200m", "48Mi"));
  assert.deepEqual(node.running(), ["web/mesh#0", "web/web#0"]);
});

Deno.test("a resize that the node can never give is infeasible, and changes nothing", async () => {
  await using node = await nodeWith(web([sized(both("500m", "64Mi"))]));
  await resize(node, both("8", "64Mi"));
  await node.advance(20_000);
  const { status, reason, message, observedGeneration } = node.condition("web", "PodResizePending")!;
  assert.deepEqual({ status, reason, message, observedGeneration }, {
    status: "True",
    reason: "Infeasible",
    message: "Node didn't have enough capacity: cpu, requested: 8000, capacity: 4000",
    observedGeneration: 2,
  });
  assert.deepEqual(updates(node), []);
  assert.deepEqual(statusOf(node).allocatedResources, { cpu: "500m", memory: "64Mi" });
  assert.deepEqual(statusOf(node).resources, both("500m", "64Mi"));
  const [event] = node.events.list({ name: "web" }).filter(({ reason }) => reason === "ResizeInfeasible");
  assert.equal(event.type, "Warning");
  assert.match(
    event.message,
    /^Pod resize Infeasible: \{"containers":.*"generation":2,"error":"Node didn't have enough/,
  );
  await resize(node, both("500m", "64Mi"));
  await node.advance(1_000);
  assert.equal(node.condition("web", "PodResizePending"), undefined);
  assert.deepEqual(updates(node), []);
});

Deno.test("a resize that the node has no room for now is deferred, and granted when another pod is gone", async () => {
  await using node = await nodeWith(web([sized(both("500m", "64Mi"))]));
  await node.apply({
    ...web([container("web", { resources: both("3", "64Mi") })]),
    metadata: { name: "other", namespace: "default" },
  });
  await node.advance(5_000);
  await resize(node, both("1500m", "64Mi"));
  await node.advance(5_000);
  const { reason, message } = node.condition("web", "PodResizePending")!;
  assert.equal(reason, "Deferred");
  assert.equal(message, "Node didn't have enough resource: cpu, requested: 1500, used: 3000, capacity: 4000");
  assert.deepEqual(updates(node), []);
  await node.remove("other", 1);
  await node.advance(10_000);
  assert.equal(node.condition("web", "PodResizePending"), undefined);
  assert.deepEqual(statusOf(node).resources, both("1500m", "64Mi"));
  assert.deepEqual(node.running(), ["web/web#0"]);
});

Deno.test("a deferred resize is granted when another pod has completed", async () => {
  await using node = await nodeWith(web([sized(both("500m", "64Mi"))]));
  const job = web([container("two", { resources: both("3", "64Mi") })], { restartPolicy: "Never" });
  await node.apply({ ...job, metadata: { name: "job", namespace: "default" } });
  await node.advance(5_000);
  await resize(node, both("1500m", "64Mi"));
  assert.equal(node.condition("web", "PodResizePending")?.reason, "Deferred");
  node.runtime.containerNamed("two").exit(0);
  await node.advance(5_000);
  assert.equal(node.status("job").phase, "Succeeded");
  assert.equal(node.condition("web", "PodResizePending"), undefined);
  assert.deepEqual(statusOf(node).resources, both("1500m", "64Mi"));
});

Deno.test("what one pod gives back is granted to another in the same moment", async () => {
  await using node = await nodeWith(web([sized(both("500m", "64Mi"))]));
  await node.apply({
    ...web([container("web", { resources: both("3", "64Mi") })]),
    metadata: { name: "other", namespace: "default" },
  });
  await node.advance(5_000);
  await resize(node, both("1500m", "64Mi"));
  await resize(node, both("1", "64Mi"), "web", "other");
  await node.advance(2_000);
  assert.deepEqual(statusOf(node, "web", "other").resources, both("1", "64Mi"));
  assert.deepEqual(statusOf(node).resources, both("1500m", "64Mi"));
});

Deno.test("what was granted and what was not outlives the agent; nothing is restarted or changed again", async () => {
  await using node = await nodeWith(web([sized(both("500m", "64Mi"))]));
  await resize(node, both("1", "128Mi"));
  await node.advance(2_000);
  await resize(node, both("8", "128Mi"));
  await node.advance(2_000);
  const { status } = node.pod("web")!;
  await node.kill();
  await node.start();
  await node.advance(20_000);
  assert.deepEqual(node.pod("web")!.status, status);
  assert.equal(updates(node).length, 1);
  assert.equal(podMemory(node), 128);
  assert.deepEqual(node.running(), ["web/web#0"]);
  assert.equal(node.reasons("web").filter((reason) => reason === "ResizeCompleted").length, 1);
  node.runtime.containerNamed("web").exit(1);
  await node.advance(5_000);
  assert.equal(Number(node.runtime.containerNamed("web").config.linux!.resources!.cpuShares), 1024);
});

Deno.test("a resize that was cut off by the agent's end is brought about by the next life", async () => {
  for (const when of ["before", "after"] as const) {
    await using node = await nodeWith(web([sized(both("500m", "64Mi"))]));
    node.life!.killPoint = { at: "updateContainerResources", when, nth: 1 };
    await resize(node, both("1", "32Mi"));
    await node.advance(1_000);
    assert.ok(node.life!.dead);
    await node.kill();
    await node.start();
    await node.advance(5_000);
    assert.deepEqual(node.running(), ["web/web#0"]);
    assert.equal(Number(node.runtime.containerNamed("web").resources?.memoryLimitInBytes), 32 * mib);
    assert.equal(podMemory(node), 32);
    assert.deepEqual(statusOf(node).resources, both("1", "32Mi"));
    assert.equal(node.condition("web", "PodResizeInProgress"), undefined);
    await node.remove("web", 1);
    await node.advance(5_000);
    assert.deepEqual(node.traces(), []);
  }
});

Deno.test("a runtime that refuses new amounts is asked again, and said so", async () => {
  await using node = await nodeWith(web([sized(both("500m", "64Mi"))]));
  const fault = node.runtime.fault("updateContainerResources", { kind: "error", message: "no such luck", times: 3 });
  await resize(node, both("1", "128Mi"));
  await node.advance(500);
  assert.match(node.condition("web", "PodResizeInProgress")!.message!, /no such luck/);
  await node.advance(20_000);
  assert.equal(fault.hits, 3);
  assert.deepEqual(statusOf(node).resources, both("1", "128Mi"));
  assert.equal(node.condition("web", "PodResizeInProgress"), undefined);
});

Deno.test("planPod() starts nothing in a cgroup that has no room for it yet", () => {
  const of = pod({ containers: [sized(both("1", "64Mi"))] });
  const seen = observed([sandbox()]);
  assert.deepEqual(lines(planPod(state(of, seen, { grown: false, settled: false })).actions), ["grow"]);
  assert.deepEqual(lines(planPod(state(of, seen, { settled: false })).actions), ["start/web 0", "resize"]);
});

Deno.test("planPod() lets a container end that has to be restarted before the pod's cgroup shrinks", () => {
  const resizePolicy = [{ resourceName: "memory", restartPolicy: "RestartContainer" }] as Container["resizePolicy"];
  const of = pod({ containers: [sized(both("1", "32Mi"), { resizePolicy })] });
  const seen = observed([sandbox()], [attempt(of, "web")]);
  const actuated = new Map([["web-0", both("1", "64Mi")]]);
  assert.deepEqual(lines(planPod(state(of, seen, { actuated, settled: false })).actions), ["kill/web-0"]);
  const operations = [{
    key: "kill/web-0",
    type: "killContainer" as const,
    container: "web",
    containerId: "web-0",
    canceled: false,
  }];
  assert.deepEqual(planPod(state(of, seen, { actuated, settled: false, operations })).actions, []);
});
