/** Workers: containers that end, restarts and back-off, old attempts, pods that have finished. */
import assert from "node:assert/strict";
import { SimulatedNode } from "../../wiring/testing.ts";
import { container, edited, nodeWith, probe, web } from "../testing.ts";

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
