/**
 * Eviction under the limit of all pods together: 700 MiB of a machine that has many more, of which 200 are to be free. Pods are
 * evicted before they run into that limit, at which the kernel would kill any of them.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { detect, memoryLimitBytes, oomKills } from "../../cgroups/mod.ts";
import { evicted } from "../support/limited_node.ts";
import { nodeFile } from "../support/node_file.ts";
import type { TestNode } from "../support/node.ts";
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

/** Thresholds of memory; v2 has none. */
const thresholds = () => ["/sys/fs/cgroup/memory/cgroup.event_control"];
const triggers = (
  node: TestNode,
) => ["/proc/pressure/memory", `/sys/fs/cgroup/${node.cgroup}/kubepods/memory.pressure`];
/** Keeps islet from writing to a file of the kernel's, until the returned function is called. */
async function locked(node: TestNode, path: string): Promise<() => Promise<void>> {
  const must = async (...args: string[]) => {
    const { code, stderr } = await node.inside(...args);
    equal(code, 0, stderr);
  };
  await must("mount", "--bind", path, path);
  await must("mount", "-o", "remount,bind,ro", path);
  return () => must("umount", path);
}

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

/** A pod is evicted on a node that may not write to these files, and so learns of memory by the road that is left. */
async function evictsBy(node: TestNode, road: string, without: string[]): Promise<void> {
  const unlock: (() => Promise<void>)[] = [];
  try {
    for (const path of without) if (existsSync(path)) unlock.push(await locked(node, path));
    const before = node.log().length;
    await node.restart();
    match(node.log().slice(before), new RegExp(`Memory is watched .*by="?${road}`));
    await applyPods(node, eater("modest", { request: "450Mi" }), eater("large"));
    for (const name of ["modest", "large"]) await node.ready(name);
    await eat(node, "modest", 380);
    await eat(node, "large", 150);
    await isEvicted(node, "large");
    await hasCondition(node, "MemoryPressure", "False");
    ok(isReady((await node.pod("modest"))!));
    await removePods(node, "modest", "large");
  } finally {
    for (const open of unlock) await open();
  }
  await node.restart();
}

nodeTest("by PSI triggers where there are no thresholds, pods are evicted all the same", {}, async (node) => {
  await evictsBy(node, "PSI trigger", thresholds());
});

nodeTest("by polling where the kernel tells nothing, pods are evicted all the same", {}, async (node) => {
  await evictsBy(node, "polling", [...thresholds(), ...triggers(node)]);
});
