/** Workers: how pods end, in what order, within what grace, and what comes after them. */
import assert from "node:assert/strict";
import { SimulatedNode } from "../../wiring/testing.ts";
import { container, nodeWith, web } from "../testing.ts";

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
