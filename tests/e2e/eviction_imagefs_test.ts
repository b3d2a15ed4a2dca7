/**
 * Disk pressure on a node whose images and layers are on a disk of their own: who is on the disk that runs short goes. 300 MiB
 * for pods' directories, of which 100 are to be free; 200 MiB for containerd, of which 60 are to be free.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Summary } from "../../agent/stats/mod.ts";
import { evicted, starve } from "../support/limited_node.ts";
import { nodeFile } from "../support/node_file.ts";
import type { TestNode } from "../support/node.ts";
import { applyPods, isEvicted, removePods } from "../support/pressure.ts";
import { container, finished, idle, isReady, pod } from "../support/pods.ts";
import { imagesOf, largeImage, startRegistry } from "../support/registry.ts";

const address = "127.0.0.1:5000";
const { nodeTest } = nodeFile({
  disk: "300m",
  imageDisk: "200M",
  config: `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
evictionHard: { nodefs.available: 100Mi, imagefs.available: 60Mi }
evictionPressureTransitionPeriod: 2s
imageGCHighThresholdPercent: 100
imageMinimumGCAge: 1s
`,
});

const imagefs = (node: TestNode, by: number) => starve(node, { directory: node.imageDir, threshold: 60, by });
const nodefs = (node: TestNode, by: number) => starve(node, { directory: node.dir, threshold: 100, by });

/** A pod that holds so many MiB in its layer and its volume. */
async function holder(node: TestNode, name: string, { layer, volume }: { layer: number; volume: number }) {
  const main = container("main", idle, { volumeMounts: [{ name: "data", mountPath: "/data" }] });
  await applyPods(node, pod(name, main, { volumes: [{ name: "data", emptyDir: {} }] }));
  await node.ready(name);
  await node.output(name, `dd if=/dev/zero of=/tmp/file bs=1M count=${layer} 2>/dev/null`);
  await node.output(name, `dd if=/dev/zero of=/data/file bs=1M count=${volume} 2>/dev/null`);
}

nodeTest("the disk of images is found, and told apart from that of pods' directories", {}, async (node) => {
  await node.until("islet knows its disks", () => /Disks are watched .*layout="?images apart/.test(node.log()));
  const summary: Summary = await (await node.api(`/api/v1/nodes/${node.name}/proxy/stats/summary`)).json();
  const { fs, runtime } = summary.node;
  equal(Math.round(fs!.capacityBytes! / 2 ** 20), 300);
  const { capacityBytes } = runtime!.imageFs!;
  ok(capacityBytes! > 150 * 2 ** 20 && capacityBytes! < 201 * 2 ** 20, `${capacityBytes}`);
  equal(runtime!.containerFs!.capacityBytes, capacityBytes);
});

nodeTest(
  "the disk of images: unused images and ended containers go, then who has the larger layer",
  {},
  async (node) => {
    const registry = await startRegistry(node, address, [["large:1", await largeImage(15_000_000)]]);
    const { code, stderr } = await node.cli("images", "pull", `${address}/large:1`);
    equal(code, 0, stderr);
    registry.kill("SIGKILL");
    await registry.status;
    await holder(node, "layer", { layer: 25, volume: 1 });
    await holder(node, "volume", { layer: 1, volume: 40 });
    await imagefs(node, 10);
    deepEqual(await imagesOf(node, address), []);
    deepEqual(await evicted(node), []);

    await applyPods(
      node,
      pod("done", "dd if=/dev/zero of=/tmp/file bs=1M count=10 2>/dev/null", { restartPolicy: "Never" }),
    );
    const { metadata: { uid } } = await node.podUntil("done", "has ended", finished);
    await imagefs(node, 5);
    equal((await node.containers()).filter(({ labels }) => labels["io.kubernetes.pod.uid"] === uid).length, 0);
    deepEqual(await evicted(node), []);

    await imagefs(node, 10);
    const layer = await isEvicted(node, "layer");
    match(layer.status?.message ?? "", /^The node was low on resource: ephemeral-storage\. Threshold quantity: 60Mi, /);
    deepEqual(await evicted(node), ["layer"]);
    ok(isReady((await node.pod("volume"))!));
    match(await (await node.api("/metrics")).text(), /^kubelet_evictions\{eviction_signal="imagefs\.available"\} 1$/m);
    await removePods(node, "layer", "volume", "done");
  },
);

nodeTest(
  "the disk of pods' directories: who has the larger volume goes, no image and no layer does",
  {},
  async (node) => {
    const registry = await startRegistry(node, "127.0.0.1:5001", [["large:1", await largeImage(5_000_000)]]);
    const { code, stderr } = await node.cli("images", "pull", "127.0.0.1:5001/large:1");
    equal(code, 0, stderr);
    registry.kill("SIGKILL");
    await registry.status;
    await node.inside("rm", `${node.imageDir}/filler`);
    const start = (await evicted(node)).length;
    await holder(node, "layer", { layer: 40, volume: 1 });
    await holder(node, "volume", { layer: 1, volume: 25 });
    await nodefs(node, 10);
    await isEvicted(node, "volume");
    deepEqual((await evicted(node)).slice(start), ["volume"]);
    ok(isReady((await node.pod("layer"))!));
    deepEqual(await imagesOf(node, "127.0.0.1:5001"), ["large:1"]);
    await removePods(node, "layer", "volume");
  },
);
