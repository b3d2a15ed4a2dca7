/** Workers: what pods wait for, and what turns them away. */
import assert from "node:assert/strict";
import type { ConfigMap, Pod } from "../../objects/mod.ts";
import { SimulatedNode } from "../../wiring/testing.ts";
import { container, nodeWith, web } from "../testing.ts";

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
