/** The example "greedy neighbours" on a device with 400 MiB and the thresholds that it has by itself. */
import { deepEqual, equal, match } from "node:assert/strict";
import { evicted, limited } from "../support/limited_node.ts";
import { nodeFile } from "../support/node_file.ts";
import { patience } from "../support/node_client.ts";
import { finished, statusOf } from "../support/pods.ts";
import { watchSteady } from "../support/steady.ts";

const example = Deno.readTextFileSync(new URL("../../examples/greedy-neighbours/pods.yaml", import.meta.url));
// an emulated machine takes longer for a probe than the second that the example gives it
const pods = patience === 1
  ? example
  : example.replaceAll("periodSeconds: 1", `periodSeconds: 1\n        timeoutSeconds: ${Math.ceil(patience)}`);

const { nodeTest } = nodeFile({
  prepare: limited({ memoryBytes: 400 * 2 ** 20 }),
  manifests: { "greedy-neighbours.yaml": pods },
});

nodeTest("a pod that leaks is evicted, and its neighbours miss no probe", {}, async (node) => {
  await node.ready("shop");
  await node.ready("till");
  const steady = await watchSteady(node, ["shop", "till"]);
  const leak = await node.podUntil("leak", "has ended", finished, { timeoutMs: 180_000 });
  equal(leak.status?.reason, "Evicted");
  match(
    leak.status?.message ?? "",
    /low on resource: memory\. Threshold quantity: 100Mi, .* Container main was using \d+/,
  );
  equal(statusOf(leak)?.restartCount, 0);
  deepEqual(await evicted(node), ["leak"]);
  await steady();
  const { stdout } = await node.cli("why", "leak");
  match(stdout, /The node was low on resource: memory/);
});
