/**
 * Eviction under real memory and pid pressure: a node whose cgroup has 1600 MiB and 700 process ids. Pods take memory by
 * files in a memory-backed emptyDir, which is counted to the byte, and process ids by sleeping shells.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { evicted, limited } from "../support/limited_node.ts";
import { nodeFile } from "../support/node_file.ts";
import {
  applyPods,
  eat,
  eater,
  hasCondition,
  important,
  isEvicted,
  nodeObject,
  removePods,
} from "../support/pressure.ts";
import type { TestNode } from "../support/node.ts";
import { condition, container, finished, idle, isReady, manifest, pod } from "../support/pods.ts";

const mebi = 2 ** 20;

const { nodeTest } = nodeFile({
  prepare: limited({ memoryBytes: 1600 * mebi, pids: 700 }),
  config: `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
evictionHard: { memory.available: 400Mi, pid.available: "200" }
evictionPressureTransitionPeriod: 6s
`,
});

async function fork(node: TestNode, name: string, count: number): Promise<void> {
  await node.output(name, `i=0; while [ $i -lt ${count} ]; do sleep 3600 >/dev/null 2>&1 & i=$((i+1)); done`);
}

nodeTest(
  "memory: who uses more than it asked for goes first, then the lower priority, then the larger use",
  {},
  async (node) => {
    await applyPods(
      node,
      important,
      eater("modest", { request: "1500Mi" }),
      eater("large"),
      eater("small"),
      eater("high", { priority: "important" }),
      eater("system", { priority: "system-node-critical" }),
    );
    for (const name of ["modest", "large", "small", "high", "system"]) await node.ready(name);
    match(node.log(), /Memory is watched .*by="?(cgroup v1 thresholds|PSI trigger|polling)/);
    await eat(node, "large", 300);
    await eat(node, "small", 120);
    await eat(node, "high", 110);
    await eat(node, "system", 100);
    deepEqual(await evicted(node), []);
    await eat(node, "modest", 820);
    const large = await isEvicted(node, "large");
    equal(large.status?.phase, "Failed");
    match(
      large.status?.message ?? "",
      /^The node was low on resource: memory\. Threshold quantity: 400Mi, available: \d+Ki?\. Container main was using \d+\w*, request is 0, has larger consumption of memory\. $/,
    );
    const told = condition(large, "DisruptionTarget");
    deepEqual([told?.status, told?.reason], ["True", "TerminationByKubelet"]);
    equal((await node.event("large", "Evicted")).type, "Warning");
    await node.event(node.name, "EvictionThresholdMet", "Attempting to reclaim memory");
    const object = await hasCondition(node, "MemoryPressure", "True");
    equal(
      object.status.conditions.find(({ type }) => type === "MemoryPressure")?.reason,
      "KubeletHasInsufficientMemory",
    );
    ok(
      object.spec.taints?.some(({ key, effect }) =>
        key === "node.kubernetes.io/memory-pressure" && effect === "NoSchedule"
      ),
    );
    await node.event(node.name, "NodeHasInsufficientMemory");

    // while that lasts: who asks for no memory does not begin, who does may
    node.write("effort.yaml", manifest(pod("effort")));
    node.write(
      "asks.yaml",
      manifest(pod("asks", container("main", idle, { resources: { requests: { memory: "1Mi" } } }))),
    );
    const refused = await node.podUntil("effort", "is turned away", finished);
    deepEqual([refused.status?.reason, refused.status?.message], [
      "Evicted",
      "Pod was rejected: The node had condition: [MemoryPressure]. ",
    ]);
    await node.ready("asks");
    await hasCondition(node, "MemoryPressure", "False");
    await node.event(node.name, "NodeHasSufficientMemory");
    await node.ready("effort");
    deepEqual((await nodeObject(node)).spec.taints ?? [], []);
    deepEqual(await evicted(node), ["large"]);
    for (const name of ["effort", "asks"]) {
      node.remove(`${name}.yaml`);
      await node.gone(name);
    }

    await eat(node, "modest", 120);
    await isEvicted(node, "small");
    await hasCondition(node, "MemoryPressure", "False");
    deepEqual(await evicted(node), ["large", "small"]);
    await eat(node, "modest", 110);
    await isEvicted(node, "high");
    await hasCondition(node, "MemoryPressure", "False");
    deepEqual(await evicted(node), ["large", "small", "high"]);
    for (const name of ["modest", "system"]) ok(isReady((await node.pod(name))!), name);
    // what was evicted from the API stays as it ended
    equal((await node.pod("large"))?.metadata.uid, large.metadata.uid);
    await removePods(node, "modest", "large", "small", "high", "system");
    const { stdout } = await node.inside("cat", "/dev/null");
    equal(stdout, "");
  },
);

nodeTest(
  "memory: an evicted pod of a manifest comes back when the pressure is over, as a new one",
  {},
  async (node) => {
    node.write("leak.yaml", manifest(eater("leak")));
    const before = await node.ready("leak");
    await eat(node, "leak", 1300);
    await isEvicted(node, "leak");
    ok((await node.pod("leak"))?.metadata.uid === before.metadata.uid);
    await node.event("leak", "ComesBack");
    const after = await node.podUntil("leak", "is another one", (pod) => pod.metadata.uid !== before.metadata.uid, {
      timeoutMs: 60_000,
    });
    await node.ready("leak");
    equal(await node.output("leak", "ls /mem"), "");
    // the next time it stays away longer, whoever counts
    await eat(node, "leak", 1300);
    await isEvicted(node, "leak");
    await hasCondition(node, "MemoryPressure", "False");
    await node.restart();
    const again = (await node.pod("leak"))!;
    deepEqual([again.metadata.uid, again.status?.reason], [after.metadata.uid, "Evicted"]);
    node.remove("leak.yaml");
    await node.gone("leak");
  },
);

nodeTest("pids: the lower priority goes first, then who has more processes", {}, async (node) => {
  await applyPods(node, important, pod("few"), pod("many"), pod("important", idle, { priorityClassName: "important" }));
  for (const name of ["few", "many", "important"]) await node.ready(name);
  const start = (await evicted(node)).length;
  await fork(node, "few", 60);
  await fork(node, "many", 100);
  await fork(node, "important", 120);
  equal((await evicted(node)).length, start);
  await fork(node, "important", 250);
  const many = await isEvicted(node, "many");
  match(
    many.status?.message ?? "",
    /^The node was low on resource: pids\. Threshold quantity: 200, available: \d+\. $/,
  );
  await hasCondition(node, "PIDPressure", "True");
  await hasCondition(node, "PIDPressure", "False");
  deepEqual((await evicted(node)).slice(start), ["many"]);
  await fork(node, "important", 100);
  await isEvicted(node, "few");
  await hasCondition(node, "PIDPressure", "False");
  deepEqual((await evicted(node)).slice(start), ["many", "few"]);
  ok(isReady((await node.pod("important"))!));
  match(await (await node.api("/metrics")).text(), /^kubelet_evictions\{eviction_signal="pid\.available"\} 2$/m);
  await removePods(node, "few", "many", "important");
});
