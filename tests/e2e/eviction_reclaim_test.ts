/** Disk pressure on a node with one disk for all: what nobody needs goes before any pod does. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { evicted, starve } from "../support/limited_node.ts";
import { nodeFile } from "../support/node_file.ts";
import type { TestNode } from "../support/node.ts";
import { applyPods, hasCondition, isEvicted, removePods } from "../support/pressure.ts";
import { finished, isReady, pod, statusOf } from "../support/pods.ts";
import { imagesOf, largeImage, startRegistry } from "../support/registry.ts";

const address = "127.0.0.1:5000";
const { nodeTest } = nodeFile({
  disk: "600m",
  config: `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
evictionHard: { nodefs.available: 150Mi }
evictionPressureTransitionPeriod: 2s
imageGCHighThresholdPercent: 100
imageMinimumGCAge: 1s
`,
});

const large = (node: TestNode) => imagesOf(node, address);
const short = (node: TestNode, by: number) => starve(node, { directory: node.dir, threshold: 150, by });

nodeTest(
  "ended containers go first, then unused images, the least recently used first, and pods last",
  {},
  async (node) => {
    const registry = await startRegistry(node, address, [
      ["old:1", await largeImage(15_000_000)],
      ["new:1", await largeImage(15_000_000)],
    ]);
    await applyPods(
      node,
      pod("lives"),
      pod("done", "dd if=/dev/zero of=/tmp/file bs=1M count=30 2>/dev/null; exit 3", { restartPolicy: "Never" }),
    );
    await node.ready("lives");
    await node.output("lives", "dd if=/dev/zero of=/tmp/file bs=1M count=40 2>/dev/null");
    const done = await node.podUntil("done", "has ended", finished);
    for (const name of ["old:1", "new:1"]) {
      const { code, stderr } = await node.cli("images", "pull", `${address}/${name}`);
      equal(code, 0, stderr);
    }
    registry.kill("SIGKILL");
    await registry.status;
    deepEqual(await large(node), ["new:1", "old:1"]);
    const deadContainers = async () =>
      (await node.containers()).filter(({ labels }) => labels["io.kubernetes.pod.uid"] === done.metadata.uid).length;
    equal(await deadContainers(), 1);
    await hasCondition(node, "DiskPressure", "False");

    // 30 MiB of a container that has ended are enough
    await short(node, 15);
    equal(await deadContainers(), 0);
    deepEqual(await large(node), ["new:1", "old:1"]);
    await node.event(node.name, "EvictionThresholdMet", "Attempting to reclaim ephemeral-storage");
    const { exitCode } = statusOf((await node.pod("done"))!)!.state!.terminated!;
    equal(exitCode, 3, "how it ended stays known");

    // then those of one image
    await short(node, 10);
    deepEqual(await large(node), ["new:1"]);
    deepEqual(await evicted(node), []);
    ok(isReady((await node.pod("lives"))!));
    match(await (await node.api("/metrics")).text(), /^kubelet_image_garbage_collected_total\{reason="space"\} 1$/m);

    // and when the last image is not enough, a pod
    await short(node, 45);
    deepEqual(await large(node), []);
    await isEvicted(node, "lives");
    deepEqual(await evicted(node), ["lives"]);
    const log = node.log();
    ok(log.indexOf(`image=${address}/new:1`) < log.indexOf("A pod is evicted"), "the image went first");
    await removePods(node, "lives", "done");
  },
);
