/**
 * MemoryQoS on cgroup v2, on a node of 512 MiB: what pods request is kept from reclaim, who nears its limit is slowed down, and
 * a resize moves both.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { quantityBytes } from "../../../agent/objects/mod.ts";
import { containerCgroup, counted, podCgroup } from "../../support/cgroup_files.ts";
import { limited } from "../../support/limited_node.ts";
import { nodeFile } from "../../support/node_file.ts";
import type { TestNode } from "../../support/node.ts";
import { container, idle, isReady, type Pod, pod, statusOf } from "../../support/pods.ts";
import { applyPods, removePods } from "../../support/pressure.ts";

const mebi = 2 ** 20, page = 4096, factor = 0.5;

const { nodeTest } = nodeFile({
  prepare: limited({ memoryBytes: 512 * mebi }),
  config: `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
featureGates: { MemoryQoS: true }
memoryReservationPolicy: TieredReservation
memoryThrottlingFactor: ${factor}
`,
});

const volumes = [{ name: "disk", emptyDir: {} }, { name: "memory", emptyDir: { medium: "Memory" } }];

/** A container with a volume on disk and one in memory. */
function main(request?: string, limit?: string) {
  return container("main", idle, {
    volumeMounts: [{ name: "disk", mountPath: "/disk" }, { name: "memory", mountPath: "/memory" }],
    resources: {
      requests: request ? { memory: request, cpu: "400m" } : {},
      limits: limit ? { memory: limit, ...(request === limit ? { cpu: "400m" } : {}) } : {},
    },
  });
}

/** memory.min, memory.low and memory.high in bytes, −1 for none. */
function memory(node: TestNode, path: string): number[] {
  return ["min", "low", "high"].map((which) => {
    const text = node.cgroupFile("", path, `memory.${which}`);
    return text === "max" ? -1 : Number(text);
  });
}

/** Pages of files that a pod has in memory, in bytes. */
const cached = (node: TestNode, pod: Pod) => counted(node.cgroupFile("", podCgroup(pod), "memory.stat"), "file");

nodeTest(
  "requests are protected by class, pod and container, and limits throttle before they kill",
  {},
  async (node) => {
    await applyPods(
      node,
      pod("guaranteed", main("64Mi", "64Mi"), { volumes }),
      pod("burstable", main("32Mi", "96Mi"), { volumes }),
      pod("open", main("16Mi"), { volumes }),
      pod("effort", main(), { volumes }),
    );
    const pods: Pod[] = [];
    for (const name of ["guaranteed", "burstable", "open", "effort"]) pods.push(await node.ready(name));
    const { allocatable } = (await (await node.api(`/api/v1/nodes/${node.name}`)).json()).status;
    const all = quantityBytes(allocatable.memory);
    const high = (request: number, ceiling: number) =>
      Math.floor((request + factor * (ceiling - request)) / page) * page;
    deepEqual(pods.map((each) => memory(node, containerCgroup(each))), [
      [64 * mebi, 0, -1],
      [0, 32 * mebi, 64 * mebi],
      [0, 16 * mebi, high(16 * mebi, all)],
      [0, 0, high(0, all)],
    ]);
    deepEqual(pods.map((each) => memory(node, podCgroup(each))), [
      [64 * mebi, 0, -1],
      [0, 32 * mebi, -1],
      [0, 16 * mebi, -1],
      [0, 0, -1],
    ]);
    const classes = () => ["kubepods", "kubepods/burstable", "kubepods/besteffort"].map((path) => memory(node, path));
    const expected = (low: number) => [[64 * mebi, low, -1], [0, low, -1], [0, 0, -1]];
    await node.until(
      "the classes are protected as their pods are",
      () => JSON.stringify(classes()) === JSON.stringify(expected(48 * mebi)),
      { tell: () => JSON.stringify(classes()) },
    );
    await removePods(node, "open", "effort");
    await node.until(
      "what went with its pod is not protected any more",
      () => JSON.stringify(classes()) === JSON.stringify(expected(32 * mebi)),
      { tell: () => JSON.stringify(classes()) },
    );
  },
);

nodeTest("a container that goes beyond its memory.high is slowed down and runs on", {}, async (node) => {
  const burstable = await node.ready("burstable");
  const events = () => node.cgroupFile("", containerCgroup(burstable), "memory.events");
  equal(counted(events(), "high"), 0);
  // what lies in a tmpfs cannot be reclaimed: there is no swap
  await node.output(burstable, "dd if=/dev/zero of=/memory/file bs=1M count=65 2>/dev/null");
  ok(counted(events(), "high") > 0, events());
  equal(counted(events(), "oom_kill"), 0);
  const after = (await node.pod("burstable"))!;
  deepEqual([isReady(after), statusOf(after)?.restartCount], [true, 0]);
  await node.output(burstable, "rm /memory/file");
});

nodeTest("a resize in place moves what is protected and where it is slowed down", {}, async (node) => {
  const before = await node.ready("burstable");
  const answer = await node.api("/api/v1/namespaces/default/pods/burstable/resize", {
    method: "PATCH",
    headers: { "content-type": "application/strategic-merge-patch+json" },
    body: JSON.stringify({ spec: { containers: [{ name: "main", resources: { requests: { memory: "48Mi" } } }] } }),
  });
  equal(answer.status, 200, await answer.text());
  const after = await node.podUntil(
    "burstable",
    "is resized",
    (pod) => statusOf(pod)?.resources?.requests?.memory === "48Mi",
  );
  equal(statusOf(after)?.containerID, statusOf(before)?.containerID);
  const of = () => [containerCgroup(after), podCgroup(after), "kubepods/burstable"].map((path) => memory(node, path));
  const expected = [[0, 48 * mebi, 72 * mebi], [0, 48 * mebi, -1], [0, 48 * mebi, -1]];
  await node.until("all three say so", () => JSON.stringify(of()) === JSON.stringify(expected), {
    tell: () => JSON.stringify(of()),
  });
});

nodeTest(
  "when memory runs short a guaranteed pod keeps what it requests, and others give theirs back",
  {},
  async (node) => {
    const hogs = ["hog-a", "hog-b", "hog-c"];
    await applyPods(node, pod("plain", main(), { volumes }), ...hogs.map((name) => pod(name, main(), { volumes })));
    const guaranteed = await node.ready("guaranteed"), plain = await node.ready("plain");
    const file = (mebibytes: number) =>
      `dd if=/dev/zero of=/disk/file bs=1M count=${mebibytes} conv=fsync 2>/dev/null; cat /disk/file >/dev/null`;
    for (const each of [guaranteed, plain]) {
      await node.output(each, file(40));
      ok(cached(node, each) >= 39 * mebi, `${each.metadata.name} has ${cached(node, each)}`);
    }
    for (const name of hogs) await node.ready(name);
    await node.until("the pod without a request has lost its pages", async () => {
      for (const name of hogs) await node.output(name, file(230));
      return cached(node, plain) < 20 * mebi;
    }, { tell: () => `${cached(node, plain)} of ${node.cgroupFile("", "", "memory.current")}` });
    ok(cached(node, guaranteed) >= 39 * mebi, `the guaranteed pod has ${cached(node, guaranteed)}`);
    await removePods(node, "plain", ...hogs);
  },
);
