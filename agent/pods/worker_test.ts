/** Workers: how pods come up, and calls that fail. */
import assert from "node:assert/strict";
import { SimulatedNode } from "../wiring/testing.ts";
import { changes, nodeWith, web } from "./testing.ts";

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
<<<<<<< HEAD
=======

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

// ---- Restarts

Deno.test("a crashing container is restarted after 0, 10, 20, 40 … seconds, and says so", async () => {
  await using node = new SimulatedNode();
  await node.start();
  node.runtime.program = () => ({ exitAfterMs: 1000, exitCode: 1 });
  await node.apply(web());
  await node.advance(100_000);
  const starts = node.runtime.callsOf("startContainer").map(({ at }) => Math.round(at / 1000));
  assert.deepEqual(starts, [0, 1, 12, 33, 74]);
  assert.equal(node.seen("web"), "CrashLoopBackOff");
  const [status] = node.status("web").containerStatuses!;
  assert.match(status.state?.waiting?.message ?? "", /^back-off 1m20s restarting failed container=web pod=web_default/);
  assert.equal(status.restartCount, 4);
  assert.equal(status.lastState?.terminated?.exitCode, 1);
  assert.equal(node.status("web").phase, "Running");
  assert.ok(node.reasons("web").includes("BackOff"));
  assert.ok(
    node.events.list({ name: "web" }).some(({ message }) =>
      message.startsWith("Back-off restarting failed container web in pod web_default(")
    ),
  );
});

Deno.test("a back-off survives the agent, and another boot clears it", async () => {
  await using node = new SimulatedNode();
  await node.start();
  node.runtime.program = () => ({ exitAfterMs: 1000, exitCode: 1 });
  await node.apply(web());
  await node.advance(80_000);
  assert.equal(node.runtime.callsOf("startContainer").length, 5);
  await node.kill();
  await node.start();
  assert.equal(node.seen("web"), "CrashLoopBackOff");
  await node.advance(60_000);
  assert.equal(node.runtime.callsOf("startContainer").length, 5);
  await node.advance(20_000);
  assert.equal(node.runtime.callsOf("startContainer").length, 6);
  await node.kill();
  node.bootId = "boot-2";
  node.runtime.reboot();
  await node.start();
  await node.advance(100);
  assert.equal(node.runtime.callsOf("startContainer").length, 7);
});

Deno.test("old attempts go with their logs, the last one stays", async () => {
  await using node = new SimulatedNode();
  await node.start();
  node.runtime.program = (container) => {
    const { logPath } = container.config;
    const directory = `${container.sandbox.config.logDirectory}/${logPath.split("/")[0]}`;
    Deno.mkdirSync(directory, { recursive: true });
    Deno.writeTextFileSync(`${container.sandbox.config.logDirectory}/${logPath}`, "");
    return { exitAfterMs: 1000, exitCode: 1 };
  };
  await node.apply(web());
  await node.advance(80_000);
  assert.deepEqual([...node.runtime.containers.values()].map(({ attempt }) => attempt), [4]);
  const [pod] = [...Deno.readDirSync(`${node.dir}/logs`)];
  const logs = [...Deno.readDirSync(`${node.dir}/logs/${pod.name}/web`)].map(({ name }) => name);
  assert.deepEqual(logs, ["4.log"]);
});

Deno.test("logs of attempts that the runtime has forgotten go with the next one that goes", async () => {
  await using node = new SimulatedNode();
  await node.start();
  node.runtime.program = () => ({ exitAfterMs: 1000, exitCode: 1 });
  await node.apply(web());
  await node.advance(20_000);
  const { uid } = node.pod("web")!.metadata;
  const directory = `${node.dir}/logs/default_web_${uid}/web`;
  Deno.mkdirSync(directory, { recursive: true });
  for (const name of ["0.log", "1.log", "1.log.20260101-000000.gz"]) Deno.writeTextFileSync(`${directory}/${name}`, "");
  const newest = Math.max(...[...node.runtime.containers.values()].map(({ attempt }) => attempt));
  assert.equal(newest, 2);
  Deno.writeTextFileSync(`${directory}/4.log`, "");
  await node.advance(60_000);
  assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), ["4.log"]);
});

Deno.test("as many old attempts stay as the configuration says, on the node together too", async () => {
  await using node = new SimulatedNode();
  const attempts = () =>
    [...node.runtime.containers.values()].map(({ attempt, sandbox }) => `${sandbox.config.metadata?.name}#${attempt}`)
      .sort();
  node.deadContainers = { minAgeMs: 0, perContainer: 3, total: -1 };
  node.runtime.program = () => ({ exitAfterMs: 1000, exitCode: 1 });
  await node.start();
  await node.apply(web());
  await node.advance(80_000);
  assert.deepEqual(attempts(), ["web#2", "web#3", "web#4"]);
  await node.kill();
  node.deadContainers = { minAgeMs: 0, perContainer: 3, total: 1 };
  await node.start();
  assert.deepEqual(attempts(), ["web#4"]);
});

Deno.test("ended containers of finished pods go when the node needs the room; how they ended stays known", async () => {
  await using node = new SimulatedNode();
  node.runtime.program = ({ sandbox }) =>
    sandbox.config.metadata?.name === "job" ? { exitAfterMs: 5000, exitCode: 3 } : {};
  await node.start();
  await node.apply(web({ restartPolicy: "Never" }, { name: "job" }));
  await node.apply(web());
  await node.advance(10_000);
  assert.equal(node.status("job").phase, "Failed");
  const before = node.status("job");
  const removed = node.pods.manager.removeDeadContainers();
  await node.advance(1_000);
  assert.equal(await removed, 1);
  assert.deepEqual([...node.runtime.containers.values()].map(({ sandbox }) => sandbox.config.metadata?.name), ["web"]);
  assert.deepEqual(node.status("job"), before);
  await node.kill();
  await node.start();
  await node.advance(10_000);
  assert.deepEqual(node.status("job"), before);
  assert.deepEqual(node.running(), ["web/web#0"]);
  assert.equal(await node.pods.manager.removeDeadContainers(), 0);
  await node.remove("job");
  await node.remove("web");
  await node.advance(40_000);
  assert.deepEqual(node.traces(), []);
});

Deno.test("an edited image replaces the container at once, whatever back-off the old one had", async () => {
  await using node = new SimulatedNode();
  await node.start();
  node.runtime.program = ({ config }) =>
    config.image?.userSpecifiedImage === "web:1" ? { exitAfterMs: 100, exitCode: 1 } : {};
  await node.apply(web());
  await node.advance(60_000);
  assert.equal(node.seen("web"), "CrashLoopBackOff");
  const { uid } = node.pod("web")!.metadata;
  await node.apply(edited(node.pod("web")!, { containers: [container("web", { image: "web:2" })] }));
  assert.equal(node.seen("web"), "Running");
  assert.equal(node.pod("web")?.metadata.uid, uid);
  assert.equal(node.status("web").containerStatuses?.[0].image, "web:2");
  await node.apply(edited(node.pod("web")!, { containers: [container("web", { image: "two:1" })] }));
  await node.advance(1000);
  assert.equal(node.seen("web"), "Running");
  assert.equal(node.status("web").containerStatuses?.[0].image, "two:1");
  assert.equal(node.status("web").containerStatuses?.[0].lastState?.terminated?.exitCode, 143);
});

Deno.test("a failed liveness probe kills with the probe's own grace and restarts, back-off included", async () => {
  await using node = new SimulatedNode();
  await node.start();
  node.runtime.program = () => ({ ignoresTerm: true });
  node.runtime.exec = () => ({ exitCode: 1 });
  const livenessProbe = { ...probe, initialDelaySeconds: 5, terminationGracePeriodSeconds: 4 };
  await node.apply(web({ containers: [container("web", { livenessProbe })] }));
  await node.advance(60_000);
  const stops = node.runtime.callsOf("stopContainer");
  assert.ok(stops.length >= 2);
  assert.equal(Number(stops[0].request.timeout), 4);
  assert.equal(Math.round(stops[0].at / 1000), 5);
  const starts = node.runtime.callsOf("startContainer").map(({ at }) => Math.round(at / 1000));
  assert.deepEqual(starts.slice(0, 2), [0, 9]);
  // the probe that fails then may be up to a second later than its delay says
  assert.ok(starts[2] === 28 || starts[2] === 29, `${starts}`);
  assert.ok(
    node.events.list({ name: "web" }).some(({ message }) =>
      message === "Container web failed liveness probe, will be restarted"
    ),
  );
});

for (const [name, step] of [["to 1970", 0], ["ten years on", 10], ["ten years back", -10]] as const) {
  Deno.test(`a clock stepped ${name} restarts nothing, loses no back-off, flips no readiness, ends no grace`, async () => {
    await using node = new SimulatedNode();
    await node.start();
    node.runtime.program = ({ name }) => name === "two" ? { exitAfterMs: 1000, exitCode: 1 } : {};
    await node.apply(web({ containers: [container("web", { readinessProbe: probe, livenessProbe: probe })] }));
    await node.apply(web({ containers: [container("two")] }, { name: "crash" }));
    await node.advance(80_000);
    const starts = () =>
      node.runtime.callsOf("startContainer").map(({ at }) => Math.round(at / 1000)).filter((at) => at > 0);
    assert.deepEqual(starts(), [1, 12, 33, 74]);
    const ready = node.condition("web", "Ready");
    assert.equal(ready?.status, "True");
    node.clock.setWall(step === 0 ? 0 : node.clock.now() + step * 365.25 * 86_400_000);
    await node.advance(60_000);
    assert.deepEqual(node.condition("web", "Ready"), ready);
    assert.deepEqual(starts(), [1, 12, 33, 74]);
    await node.advance(30_000);
    // 75 + 80
    assert.deepEqual(starts(), [1, 12, 33, 74, 155]);
    await node.advance(10_000);
    assert.equal(node.seen("crash", "two"), "CrashLoopBackOff");

    node.runtime.containerNamed("web").program = { ignoresTerm: true };
    await node.remove("web", 20);
    node.clock.setWall(Date.UTC(2050, 0, 1));
    await node.advance(15_000);
    assert.deepEqual(node.running(), ["web/web#0"]);
    await node.advance(10_000);
    assert.deepEqual(node.running(), []);
  });
}

Deno.test("a container created after the clock was set back is the newest all the same", async () => {
  await using node = await nodeWith(web());
  await node.advance(5000);
  node.clock.setWall(0);
  node.runtime.containerNamed("web").exit(1);
  await node.advance(60_000);
  assert.deepEqual(node.running(), ["web/web#1"]);
  await node.kill();
  await node.start();
  await node.advance(30_000);
  assert.deepEqual(node.running(), ["web/web#1"]);
  assert.equal(node.runtime.callsOf("createContainer").length, 2);
});

// ---- Finished pods

for (
  const [name, away] of [
    ["an agent restart", () => {}],
    ["a reboot", (node: SimulatedNode) => {
      node.bootId = "boot-2";
      node.runtime.reboot();
    }],
    ["the loss of the runtime's records", (node: SimulatedNode) => {
      node.runtime.containers.clear();
      node.runtime.sandboxes.clear();
    }],
  ] as const
) {
  Deno.test(`a finished Never pod does not run again after ${name}`, async () => {
    await using node = new SimulatedNode();
    await node.start();
    node.runtime.program = () => ({ exitAfterMs: 1000 });
    await node.apply(web({ restartPolicy: "Never" }));
    await node.advance(5000);
    assert.equal(node.status("web").phase, "Succeeded");
    assert.equal(node.podDirs.size, 0);
    assert.deepEqual(node.podCgroups(), []);
    await node.kill();
    away(node);
    await node.start();
    await node.advance(30_000);
    assert.equal(node.status("web").phase, "Succeeded");
    assert.equal(node.runtime.callsOf("createContainer").length, 1);
    assert.equal(node.status("web").containerStatuses?.[0].state?.terminated?.reason, "Completed");
  });

  Deno.test(`an Always pod with init containers runs again after ${name}, if it does not still run`, async () => {
    await using node = new SimulatedNode();
    await node.start();
    node.runtime.program = ({ name }) => name === "one" ? { exitAfterMs: 1000 } : {};
    await node.apply(web({ initContainers: [container("one")] }));
    await node.advance(5000);
    await node.kill();
    away(node);
    await node.start();
    await node.advance(30_000);
    assert.equal(node.running().length, 1);
    assert.equal(node.status("web").phase, "Running");
    assert.equal(node.condition("web", "Ready")?.status, "True");
  });
}

Deno.test("a Never pod that ran when the runtime's records were lost has failed", async () => {
  await using node = await nodeWith(web({ restartPolicy: "Never" }));
  await node.advance(2000);
  await node.kill();
  node.runtime.containers.clear();
  node.runtime.sandboxes.clear();
  await node.start();
  await node.advance(30_000);
  assert.equal(node.status("web").phase, "Failed");
  const terminated = node.status("web").containerStatuses?.[0].state?.terminated;
  assert.equal(terminated?.reason, "ContainerStatusUnknown");
  assert.equal(terminated?.exitCode, 137);
  assert.deepEqual(node.running(), []);
});

Deno.test("activeDeadlineSeconds ends a pod and marks it failed", async () => {
  await using node = await nodeWith(web({ activeDeadlineSeconds: 10, terminationGracePeriodSeconds: 1 }));
  await node.advance(9_000);
  assert.equal(node.status("web").phase, "Running");
  await node.advance(2_000);
  const { phase, reason } = node.status("web");
  assert.deepEqual({ phase, reason }, { phase: "Failed", reason: "DeadlineExceeded" });
  assert.equal(node.reasons("web").filter((one) => one === "DeadlineExceeded").length, 1);
  assert.deepEqual(node.running(), []);
});

// ---- Ends

Deno.test("a container in a ten-minute preStop does not hold back its siblings", async () => {
  const slow = container("web", { lifecycle: { preStop: { sleep: { seconds: 600 } } } });
  await using node = await nodeWith(
    web({ containers: [slow, container("two")], terminationGracePeriodSeconds: 700 }),
  );
  await node.remove("web", 700);
  await node.advance(1000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  await node.advance(598_000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  await node.advance(3_000);
  assert.deepEqual(node.traces(), []);
});

Deno.test("a shorter grace overtakes a longer one, and preStop runs once", async () => {
  const exec = { command: ["bye"] };
  await using node = await nodeWith(
    web({ containers: [container("web", { lifecycle: { preStop: { exec } } })], terminationGracePeriodSeconds: 600 }),
  );
  node.runtime.exec = () => new Promise(() => {});
  node.runtime.containerNamed("web").program = { ignoresTerm: true };
  await node.remove("web", 600);
  await node.advance(100_000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  await node.remove("web", 5);
  await node.advance(4_000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  await node.advance(4_000);
  assert.deepEqual(node.traces(), []);
  assert.equal(node.runtime.callsOf("execSync").length, 1);
  assert.equal(node.reasons("web").filter((reason) => reason === "Killing").length, 1);
});

Deno.test("a container gets two seconds between SIGTERM and SIGKILL even without a grace period", async () => {
  await using node = await nodeWith(web());
  node.runtime.containerNamed("web").program = { termAfterMs: 1500, termExitCode: 0 };
  await node.remove("web", 0);
  await node.advance(1000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  await node.advance(1000);
  assert.deepEqual(node.traces(), []);
  assert.equal(Number(node.runtime.callsOf("stopContainer")[0].request.timeout), 2);
});

Deno.test("deletion cancels a pull", async () => {
  await using node = new SimulatedNode();
  await node.start();
  node.runtime.fault("pullImage", { kind: "hang", times: Infinity });
  await node.apply(web({ containers: [container("web", { image: "registry.example/far:1" })] }));
  await node.advance(5000);
  assert.equal(node.runtime.callsOf("pullImage").length, 1);
  await node.remove("web");
  await node.advance(500);
  assert.deepEqual(node.traces(), []);
});

Deno.test("a deletion that was under way goes on with what is left of its grace after the agent's return", async () => {
  await using node = await nodeWith(web({ terminationGracePeriodSeconds: 60 }));
  node.runtime.containerNamed("web").program = { ignoresTerm: true };
  await node.remove("web", 60);
  await node.advance(20_000);
  await node.kill();
  node.clock.pass(20_000);
  await node.start();
  await node.advance(17_000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  await node.advance(6_000);
  assert.deepEqual(node.traces(), []);
});

Deno.test("an orphan ends by its own grace and preStop, which its containers carry", async () => {
  const preStop = { exec: { command: ["bye"] } };
  await using node = await nodeWith(
    web({ containers: [container("web", { lifecycle: { preStop } })], terminationGracePeriodSeconds: 45 }),
  );
  const { uid } = node.pod("web")!.metadata;
  node.runtime.containerNamed("web").program = { ignoresTerm: true };
  await node.kill();
  Deno.removeSync(`${node.dir}/state.db`);
  await node.start();
  assert.deepEqual(node.runtime.callsOf("execSync").map(({ request }) => request.cmd), [["bye"]]);
  await node.advance(43_000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  await node.advance(3_000);
  assert.deepEqual(node.traces(), [], uid!);
});

Deno.test("an orphan's end is taken up again after a kill at each of its steps", async () => {
  for (const at of ["stopContainer", "stopPodSandbox", "removePodSandbox"] as const) {
    for (const when of ["before", "after"] as const) {
      await using node = await nodeWith(web({ terminationGracePeriodSeconds: 1 }));
      await node.kill();
      Deno.removeSync(`${node.dir}/state.db`);
      let killed = false;
      node.onKilled = () => killed = true;
      const started = node.start();
      node.life!.killPoint = { at, when, nth: 1 };
      await started;
      await node.advance(3000);
      assert.ok(killed, `${when} ${at}`);
      await node.kill();
      await node.start();
      await node.advance(5000);
      // real files are removed, in real time
      for (let tries = 0; tries < 40 && node.traces().length > 0; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 25));
        await node.advance(100);
      }
      assert.deepEqual(node.traces(), [], `${when} ${at}`);
    }
  }
});

Deno.test("the next incarnation of a name starts when nothing of the last one is left", async () => {
  await using node = await nodeWith(web({ terminationGracePeriodSeconds: 30 }));
  node.runtime.containerNamed("web").program = { ignoresTerm: true };
  await node.kill();
  Deno.removeSync(`${node.dir}/state.db`);
  await node.start();
  await node.apply(web());
  const { uid } = node.pod("web")!.metadata;
  await node.advance(20_000);
  assert.equal(node.runtime.callsOf("runPodSandbox").length, 1);
  await node.advance(15_000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  const sandboxes = [...node.runtime.sandboxes.values()];
  assert.deepEqual(sandboxes.map(({ config }) => config.metadata?.uid), [uid]);
});

Deno.test("a pod removed and added again, however quickly, runs once", async () => {
  await using node = await nodeWith(web());
  for (let i = 0; i < 10; i++) {
    await node.remove("web", 0);
    for (let tries = 0; node.pod("web") && tries < 100; tries++) await node.advance(50);
    assert.equal(node.pod("web"), undefined);
    await node.apply(web());
    if (i % 2) await node.advance(100);
  }
  await node.advance(5000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  assert.equal(node.runtime.sandboxes.size, 1);
  assert.equal(node.podDirs.size, 1);
  assert.equal(node.podCgroups().length, 1);
});

Deno.test("a row that vanishes ends its pod, and one that is written again while it does starts anew", async () => {
  await using node = await nodeWith(web({ terminationGracePeriodSeconds: 5 }));
  node.runtime.containerNamed("web").program = { ignoresTerm: true };
  const { status: _status, ...same } = node.pod("web")!;
  await node.store.remove("local", "Pod", "default", "web");
  await node.advance(1000);
  await node.apply(same);
  await node.advance(20_000);
  assert.deepEqual(node.running(), ["web/web#0"]);
  assert.equal(node.condition("web", "Ready")?.status, "True");
  assert.equal(node.runtime.callsOf("runPodSandbox").length, 2);
});

Deno.test("sidecars start in order before and end in reverse order after the containers", async () => {
  const always = { restartPolicy: "Always" as const };
  await using node = await nodeWith(web({
    initContainers: [container("one", always), container("mesh", always)],
    terminationGracePeriodSeconds: 30,
  }));
  const order = (method: "startContainer" | "stopContainer") =>
    node.runtime.callsOf(method).map(({ request }) => node.runtime.containers.get(request.containerId)?.name);
  assert.deepEqual(order("startContainer"), ["one", "mesh", "web"]);
  for (const { id } of node.runtime.containers.values()) {
    node.runtime.containers.get(id)!.program = { termAfterMs: 1000 };
  }
  const names = new Map([...node.runtime.containers.values()].map(({ id, name }) => [id, name]));
  await node.remove("web");
  await node.advance(10_000);
  assert.deepEqual(node.runtime.callsOf("stopContainer").map(({ request }) => names.get(request.containerId)), [
    "web",
    "mesh",
    "one",
  ]);
  assert.deepEqual(node.traces(), []);
});

Deno.test("a job with a sidecar completes", async () => {
  await using node = new SimulatedNode();
  await node.start();
  node.runtime.program = ({ name }) => name === "web" ? { exitAfterMs: 2000 } : {};
  await node.apply(web({ restartPolicy: "Never", initContainers: [container("mesh", { restartPolicy: "Always" })] }));
  await node.advance(5000);
  assert.equal(node.status("web").phase, "Succeeded");
  assert.deepEqual(node.running(), []);
});

// ---- What pods wait for

Deno.test("a pod whose ConfigMap is missing waits without a sandbox, and starts when it appears", async () => {
  const volumes = [{ name: "config", configMap: { name: "settings" } }];
  await using node = await nodeWith(web({ volumes }));
  await node.advance(30_000);
  assert.equal(node.runtime.sandboxes.size, 0);
  assert.equal(node.seen("web"), "ContainerCreating");
  assert.equal(node.status("web").phase, "Pending");
  assert.ok(node.reasons("web").includes("FailedMount"));
  const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings", namespace: "default" } };
  await node.apply(settings as ConfigMap);
  assert.equal(node.seen("web"), "Running");
});

Deno.test("a failing pull shows ErrImagePull and ImagePullBackOff, and is tried again", async () => {
  await using node = await nodeWith(web({ containers: [container("web", { image: "registry.example/none:1" })] }));
  assert.equal(node.seen("web"), "ErrImagePull");
  await node.advance(6_000);
  assert.equal(node.seen("web"), "ImagePullBackOff");
  node.runtime.images.publish("registry.example/none:1");
  await node.advance(15_000);
  assert.equal(node.seen("web"), "Running");
});

/** As the manifest directory has it. */
const fromFile = (pod: Pod): Pod => ({
  ...pod,
  metadata: { ...pod.metadata, annotations: { "kubernetes.io/config.source": "file" } },
});

Deno.test("a manifest's pod that is turned away is let in when there is room, by any later life too", async () => {
  await using node = new SimulatedNode();
  let room = 1;
  node.admit = (pods) => {
    const refused = pods.filter(({ running }) => !running).slice(
      Math.max(0, room - pods.filter((p) => p.running).length),
    );
    return new Map(refused.map(({ pod }) => [pod.metadata.uid!, { reason: "OutOfpods", message: "too many" }]));
  };
  await node.start();
  await node.apply(fromFile(web()), fromFile(web({}, { name: "two" })));
  assert.equal(node.status("two").phase, "Failed");
  assert.equal(node.status("two").reason, "OutOfpods");
  assert.equal(node.podDirs.size, 1);
  await node.kill();
  await node.start();
  assert.equal(node.status("two").reason, "OutOfpods");
  assert.equal(node.podDirs.size, 1);
  room = 2;
  await node.kill();
  await node.start();
  assert.deepEqual(node.running(), ["two/web#0", "web/web#0"]);
  room = 1;
  await node.apply(fromFile(web({}, { name: "three" })));
  assert.equal(node.status("three").reason, "OutOfpods");
  await node.remove("two");
  assert.equal(node.status("three").reason, "OutOfpods");
  await node.remove("web");
  await node.advance(1000);
  assert.deepEqual(node.running(), ["three/web#0"]);
  assert.equal(node.status("three").reason, undefined);
});

Deno.test("a pod that completes makes room for one that was turned away", async () => {
  await using node = new SimulatedNode();
  node.runtime.program = ({ sandbox }) => sandbox.config.metadata?.name === "job" ? { exitAfterMs: 5000 } : {};
  node.admit = (pods) => {
    const refused = pods.filter(({ running }) => !running).slice(pods.some(({ running }) => running) ? 0 : 1);
    return new Map(refused.map(({ pod }) => [pod.metadata.uid!, { reason: "OutOfpods", message: "too many" }]));
  };
  await node.start();
  await node.apply(web({ restartPolicy: "Never" }, { name: "job" }));
  await node.apply(fromFile(web()));
  assert.equal(node.status("web").reason, "OutOfpods");
  await node.advance(7_000);
  assert.equal(node.status("job").phase, "Succeeded");
  assert.deepEqual(node.running(), ["web/web#0"]);
});

Deno.test("a pod of the API that is turned away has failed for good", async () => {
  await using node = new SimulatedNode();
  let room = 0;
  node.admit = (pods) => {
    const refused = pods.filter(({ running }) => !running).slice(room);
    return new Map(refused.map(({ pod }) => [pod.metadata.uid!, { reason: "OutOfcpu", message: "too much" }]));
  };
  await node.start();
  await node.apply(web());
  assert.deepEqual([node.status("web").phase, node.status("web").reason], ["Failed", "OutOfcpu"]);
  room = 2;
  await node.apply(web({}, { name: "two" }));
  assert.deepEqual(node.running(), ["two/web#0"]);
  await node.kill();
  await node.start();
  await node.advance(1000);
  assert.deepEqual(node.running(), ["two/web#0"]);
  assert.deepEqual([node.status("web").phase, node.status("web").reason], ["Failed", "OutOfcpu"]);
});

Deno.test("a shutdown ends pods within their grace, keeps what they own, and the next boot runs them again", async () => {
  await using node = await nodeWith(web({ terminationGracePeriodSeconds: 600 }), web({}, { name: "two" }));
  const { uid } = node.pod("web")!.metadata;
  node.runtime.containerNamed("web").program = { ignoresTerm: true };
  const pods = ["web", "two"].map((name) => ({ uid: node.pod(name)!.metadata.uid!, graceSeconds: 5 }));
  let over = false;
  const verdict = { reason: "Terminated", message: "the machine goes down" };
  void node.pods.manager.shutdown(pods, 20_000, verdict).then(() => over = true);
  await node.advance(3_000);
  assert.equal(over, false);
  await node.advance(4_000);
  assert.ok(over);
  assert.deepEqual(node.running(), []);
  assert.ok(node.podDirs.has(uid!));
  assert.deepEqual([node.status("web").phase, node.status("web").reason], ["Running", "Terminated"]);
  await node.kill();
  node.bootId = "boot-2";
  await node.start();
  await node.advance(5_000);
  assert.deepEqual(node.running(), ["two/web#1", "web/web#1"]);
  assert.equal(node.pod("web")?.metadata.uid, uid);
  assert.equal(node.status("web").reason, undefined);
});

Deno.test("a shutdown that is called off lets its pods run again, but not those that run only once", async () => {
  await using node = await nodeWith(web(), web({ restartPolicy: "Never" }, { name: "once" }));
  const pods = ["web", "once"].map((name) => ({ uid: node.pod(name)!.metadata.uid!, graceSeconds: 5 }));
  void node.pods.manager.shutdown(pods, 20_000, { reason: "Terminated", message: "the machine goes down" });
  await node.advance(6_000);
  assert.deepEqual(node.running(), []);
  node.pods.manager.resume();
  await node.advance(15_000);
  assert.deepEqual(node.running(), ["web/web#1"]);
  assert.deepEqual([node.status("once").phase, node.status("once").reason], ["Failed", "Terminated"]);
});
>>>>>>> 3057f6d (Remove an ended container's log before the container, and those of attempts that the runtime has forgotten)
