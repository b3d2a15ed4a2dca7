/**
 * Eviction under the limit of all pods together: 700 MiB of a machine that has many more, of which 200 are to be free. Pods are
 * evicted before they run into that limit, at which the kernel would kill any of them.
 */
import { deepEqual, match, ok } from "node:assert/strict";
import { detect, memoryLimitBytes, oomKills } from "../../cgroups/mod.ts";
import { evicted } from "../support/limited_node.ts";
import { nodeFile } from "../support/node_file.ts";
import { applyPods, eat, eater, hasCondition, isEvicted, removePods } from "../support/pressure.ts";
import { isReady } from "../support/pods.ts";

const totalKib = Number(/^MemTotal: +(\d+) kB$/m.exec(Deno.readTextFileSync("/proc/meminfo"))![1]);
const limitKib = 700 * 1024;

const { nodeTest } = nodeFile({
  config: `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
systemReserved: { memory: ${totalKib - limitKib}Ki }
evictionHard: { memory.available: 200Mi }
evictionPressureTransitionPeriod: 2s
`,
});

nodeTest("pods are evicted before all of them together reach their limit", {}, async (node) => {
  const cgroups = detect(), kubepods = `/${node.cgroup}/kubepods`;
  deepEqual(memoryLimitBytes(cgroups, kubepods), limitKib * 1024);
  await applyPods(node, eater("modest", { request: "450Mi" }), eater("large"), eater("small"));
  for (const name of ["modest", "large", "small"]) await node.ready(name);
  await eat(node, "large", 150);
  await eat(node, "small", 50);
  deepEqual(await evicted(node), []);
  await eat(node, "modest", 330);
  const large = await isEvicted(node, "large");
  match(
    large.status?.message ?? "",
    /^The node was low on resource: memory\. Threshold quantity: 200Mi, available: \d+Ki?\. /,
  );
  await hasCondition(node, "MemoryPressure", "False");
  deepEqual(await evicted(node), ["large"]);
  for (const name of ["modest", "small"]) ok(isReady((await node.pod(name))!), name);
  match(
    await (await node.api("/metrics")).text(),
    /^kubelet_evictions\{eviction_signal="allocatableMemory\.available"\} 1$/m,
  );
  deepEqual(oomKills(cgroups, kubepods) ?? 0, 0);
  await removePods(node, "modest", "large", "small");
});
