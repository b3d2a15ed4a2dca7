/** Eviction under real disk and inode pressure, on a node whose disk has 400 MiB and 6000 inodes; and limits of pods' own. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { evicted, free } from "../support/limited_node.ts";
import { nodeFile } from "../support/node_file.ts";
import type { TestNode } from "../support/node.ts";
import { applyPods, hasCondition, important, isEvicted, removePods } from "../support/pressure.ts";
import { container, finished, idle, isReady, pod } from "../support/pods.ts";

const { nodeTest } = nodeFile({
  disk: "400m,nr_inodes=6000",
  config: `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
evictionHard: { nodefs.available: 150Mi, nodefs.inodesFree: "1500" }
evictionMinimumReclaim: { nodefs.available: 10Mi }
evictionPressureTransitionPeriod: 6s
imageGCHighThresholdPercent: 100
`,
});

interface Wishes {
  priority?: string;
  request?: string;
  limit?: string;
  sizeLimit?: string;
}

/** A pod with an emptyDir at /data, and what it asks for. */
function writer(name: string, { priority, request, limit, sizeLimit }: Wishes = {}) {
  const main = container("main", idle, {
    volumeMounts: [{ name: "data", mountPath: "/data" }],
    resources: {
      ...(request ? { requests: { "ephemeral-storage": request } } : {}),
      ...(limit ? { limits: { "ephemeral-storage": limit } } : {}),
    },
  });
  return pod(name, main, {
    priorityClassName: priority,
    volumes: [{ name: "data", emptyDir: sizeLimit ? { sizeLimit } : {} }],
  });
}

let files = 0;
/** Whoever is evicted over it is killed with its `dd`. */
async function write(node: TestNode, name: string, place: "/data" | "/tmp", mebibytes: number): Promise<void> {
  await node.exec(name, `dd if=/dev/zero of=${place}/${files++} bs=1M count=${mebibytes} 2>/dev/null`);
}

async function touch(node: TestNode, name: string, count: number): Promise<void> {
  await node.exec(name, `mkdir -p /data/${files}; cd /data/${files++}; seq 1 ${count} | xargs touch`);
}

nodeTest("a pod goes that holds more of the disk than its own limits allow, and no other", {}, async (node) => {
  await applyPods(
    node,
    writer("volume-limit", { sizeLimit: "8Mi" }),
    writer("container-limit", { limit: "16Mi" }),
    writer("within", { sizeLimit: "8Mi", limit: "16Mi" }),
  );
  for (const name of ["volume-limit", "container-limit", "within"]) await node.ready(name);
  await write(node, "within", "/data", 4);
  await write(node, "within", "/tmp", 4);
  await write(node, "volume-limit", "/data", 12);
  await write(node, "container-limit", "/tmp", 24);
  const volume = await isEvicted(node, "volume-limit");
  equal(volume.status?.message, 'Usage of EmptyDir volume "data" exceeds the limit "8Mi". ');
  const layer = await isEvicted(node, "container-limit");
  match(
    layer.status?.message ?? "",
    /^Pod ephemeral local storage usage exceeds the total limit of containers 16Mi\. $/,
  );
  ok(isReady((await node.pod("within"))!));
  deepEqual((await evicted(node)).sort(), ["container-limit", "volume-limit"]);
  await removePods(node, "volume-limit", "container-limit", "within");
});

nodeTest(
  "disk: who holds more than it asked for goes first, then the lower priority, then the larger use",
  {},
  async (node) => {
    const start = (await evicted(node)).length;
    await applyPods(
      node,
      important,
      writer("modest", { request: "200Mi" }),
      writer("large"),
      writer("small"),
      writer("high", { priority: "important" }),
    );
    for (const name of ["modest", "large", "small", "high"]) await node.ready(name);
    await write(node, "large", "/tmp", 50);
    await write(node, "small", "/data", 30);
    await write(node, "high", "/data", 60);
    /** Leaves so many MiB less than there must be. */
    const starve = async (by: number) =>
      await write(node, "modest", "/data", Math.ceil((await free(node, node.rootDir)).mebibytes - 150 + by));
    equal((await evicted(node)).length, start);
    await starve(15);
    const large = await isEvicted(node, "large");
    match(
      large.status?.message ?? "",
      /^The node was low on resource: ephemeral-storage\. Threshold quantity: 150Mi, available: \d+Ki?\. Container main was using \d+\w*, request is 0, has larger consumption of ephemeral-storage\. $/,
    );
    const object = await hasCondition(node, "DiskPressure", "True");
    ok(object.spec.taints?.some(({ key }) => key === "node.kubernetes.io/disk-pressure"));
    // nothing new begins, whatever it asks for
    await applyPods(node, pod("pinned", idle, { nodeName: node.name }));
    const refused = await node.podUntil("pinned", "is turned away", finished);
    deepEqual([refused.status?.reason, refused.status?.message], [
      "Evicted",
      "Pod was rejected: The node had condition: [DiskPressure]. ",
    ]);
    await hasCondition(node, "DiskPressure", "False");
    deepEqual((await evicted(node)).slice(start), ["large"]);
    await starve(5);
    await isEvicted(node, "small");
    await hasCondition(node, "DiskPressure", "False");
    await starve(5);
    await isEvicted(node, "high");
    await hasCondition(node, "DiskPressure", "False");
    deepEqual((await evicted(node)).slice(start), ["large", "small", "high"]);
    ok(isReady((await node.pod("modest"))!));
    await removePods(node, "modest", "large", "small", "high", "pinned");
  },
);

nodeTest("inodes: the lower priority goes first, then who has more files", {}, async (node) => {
  const start = (await evicted(node)).length;
  await applyPods(node, important, writer("few"), writer("many"), writer("high", { priority: "important" }));
  for (const name of ["few", "many", "high"]) await node.ready(name);
  await touch(node, "few", 300);
  await touch(node, "many", 600);
  const starve = async (by: number) => await touch(node, "high", (await free(node, node.rootDir)).inodes - 1500 + by);
  equal((await evicted(node)).length, start);
  await starve(100);
  const many = await isEvicted(node, "many");
  match(
    many.status?.message ?? "",
    /^The node was low on resource: inodes\. Threshold quantity: 1500, available: \d+\. $/,
  );
  await hasCondition(node, "DiskPressure", "False");
  await starve(100);
  await isEvicted(node, "few");
  await hasCondition(node, "DiskPressure", "False");
  deepEqual((await evicted(node)).slice(start), ["many", "few"]);
  ok(isReady((await node.pod("high"))!));
  await removePods(node, "few", "many", "high");
});
