/**
 * Disk pressure on a node whose runtime keeps images apart from layers (KEP-4191): pods and their layers are on a disk of 300
 * MiB, of which 100 are to be free; images, for all that the runtime says, on one of 100 MiB, of which 40 are to be free.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import type { Summary } from "../../agent/stats/mod.ts";
import { evicted, fillTo, starve } from "../support/limited_node.ts";
import { nodeFile } from "../support/node_file.ts";
import { applyPods, hasCondition, isEvicted, removePods } from "../support/pressure.ts";
import { isReady, pod } from "../support/pods.ts";
import { imagesOf, largeImage, startRegistry } from "../support/registry.ts";
import { serveSplitImages } from "../support/split_images.ts";

const address = "127.0.0.1:5000";
const { nodeTest } = nodeFile({
  disk: "300m",
  config: `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
evictionHard: { nodefs.available: 100Mi, imagefs.available: 40Mi }
evictionPressureTransitionPeriod: 2s
imageGCHighThresholdPercent: 100
imageMinimumGCAge: 1s
`,
});

nodeTest("the disk of images costs images alone, and layers count where pods' directories are", {}, async (node) => {
  const registry = await startRegistry(node, address, [["large:1", await largeImage(5_000_000)]]);
  const images = join(node.dir, "image-disk"), socket = join(node.runDir, "images.sock");
  Deno.mkdirSync(images);
  equal((await node.inside("mount", "-t", "tmpfs", "-o", "size=100m", "images", images)).code, 0);
  const server = serveSplitImages(socket, node.cri, { images, layers: node.imageDir });
  try {
    await node.restart([
      "--container-runtime-endpoint",
      `unix://${node.runDir}/containerd.sock`,
      "--image-service-endpoint",
      `grpc-web+unix://${socket}`,
    ]);
    await node.until("islet knows its disks", () => /Disks are watched .*layout="?split/.test(node.log()));
    const summary: Summary = await (await node.api(`/api/v1/nodes/${node.name}/proxy/stats/summary`)).json();
    const { fs, runtime } = summary.node;
    deepEqual(
      [fs, runtime!.imageFs, runtime!.containerFs].map((each) => each!.capacityBytes! / 2 ** 20),
      [300, 100, 300],
    );
    const { code, stderr } = await node.cli("images", "pull", `${address}/large:1`);
    equal(code, 0, stderr);
    await applyPods(node, pod("layer"), pod("small"));
    for (const name of ["layer", "small"]) await node.ready(name);
    await node.output("layer", "dd if=/dev/zero of=/tmp/file bs=1M count=30 2>/dev/null");

    // no pod holds anything of the disk of images
    await fillTo(node, images, 30);
    await hasCondition(node, "DiskPressure", "True");
    await node.until(
      "no pod is found whose end would help",
      () => /No pod is left whose end would help .*signal="?imagefs\.available/.test(node.log()),
    );
    // it may have been too young for the first look
    await node.until("the unused image is gone", async () => (await imagesOf(node, address)).length === 0);
    await node.inside("rm", `${images}/filler`);
    await hasCondition(node, "DiskPressure", "False");
    deepEqual(await evicted(node), []);

    await starve(node, { directory: node.dir, threshold: 100, by: 10 });
    await isEvicted(node, "layer");
    deepEqual(await evicted(node), ["layer"]);
    ok(isReady((await node.pod("small"))!));
    await removePods(node, "layer", "small");
    await node.restart();
  } finally {
    await server.shutdown();
    await node.inside("umount", images);
    registry.kill("SIGKILL");
    await registry.status;
  }
});
