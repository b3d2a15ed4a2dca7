/** Pods made through the API over the node's socket: placed, run, refused and ended as in a cluster. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { nodeFile } from "../support/node_file.ts";
import type { TestNode } from "../support/node.ts";
import { condition, idle, isReady, type Pod, pod } from "../support/pods.ts";

const { nodeTest } = nodeFile();

const off = { automountServiceAccountToken: false };
const podsPath = "/api/v1/namespaces/default/pods";

interface Answer {
  code: number;
  // deno-lint-ignore no-explicit-any
  body: any;
}

async function call(node: TestNode, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await node.api(path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { code: answer.status, body: await answer.json() };
}

async function make(node: TestNode, object: Pod | Record<string, unknown>): Promise<Answer> {
  return await call(node, "POST", podsPath, object);
}

nodeTest("a pod of the API is placed, runs and ends with its grace", {}, async (node) => {
  const made = await make(node, pod("api-run"));
  equal(made.code, 201, JSON.stringify(made.body));
  equal(made.body.status.phase, "Pending");
  equal(made.body.spec.nodeName, undefined);
  equal(made.body.spec.serviceAccountName, "default");
  const running = await node.ready("api-run");
  equal(running.spec.nodeName, node.name);
  equal(condition(running, "PodScheduled")?.status, "True");
  await node.event("api-run", "Scheduled", `Successfully assigned default/api-run to ${node.name}`);
  const gone = await call(node, "DELETE", `${podsPath}/api-run`);
  equal(gone.code, 200);
  ok(gone.body.metadata.deletionTimestamp);
  equal(gone.body.metadata.deletionGracePeriodSeconds, running.spec.terminationGracePeriodSeconds);
  await node.gone("api-run");
  deepEqual((await node.containers()).filter(({ labels }) => labels["io.kubernetes.pod.name"] === "api-run"), []);
});

nodeTest("a pod that the node cannot meet waits, and is told why", {}, async (node) => {
  const object = pod("api-picky", idle, { nodeSelector: { disk: "nvme" } });
  equal((await make(node, object)).code, 201);
  const waiting = await node.podUntil("api-picky", "is told why", (pod) => condition(pod, "PodScheduled"));
  const told = condition(waiting, "PodScheduled");
  equal(told?.reason, "Unschedulable");
  match(told?.message ?? "", /^0\/1 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector\. /);
  await node.event("api-picky", "FailedScheduling", "0/1 nodes are available");
  equal((await call(node, "DELETE", `${podsPath}/api-picky`)).code, 200);
  equal((await call(node, "GET", `${podsPath}/api-picky`)).code, 404);
});

nodeTest("a pod of a missing account is refused", {}, async (node) => {
  const { code, body } = await make(node, pod("api-nobody", idle, { serviceAccountName: "nobody" }));
  equal(code, 403);
  equal(
    body.message,
    'pods "api-nobody" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
  );
});

nodeTest("a pod of a manifest is changed by its file alone", pod("api-fixed"), async (node) => {
  await node.ready("api-fixed");
  const { code, body } = await call(node, "DELETE", `${podsPath}/api-fixed`);
  equal(code, 403);
  match(
    body.message,
    /^pods "api-fixed" is forbidden: it comes from the manifest \/.*\.yaml: remove that file instead$/,
  );
});

nodeTest("a forced deletion takes the row at once, and the node cleans up", {}, async (node) => {
  equal((await make(node, pod("api-forced", idle, { ...off, terminationGracePeriodSeconds: 60 }))).code, 201);
  const { metadata: { uid } } = await node.ready("api-forced");
  const { code } = await call(node, "DELETE", `${podsPath}/api-forced?gracePeriodSeconds=0`);
  equal(code, 200);
  equal((await call(node, "GET", `${podsPath}/api-forced`)).code, 404);
  await node.until(
    "nothing of the pod is left",
    async () => !(await node.sandboxes()).some(({ metadata }) => metadata?.uid === uid),
  );
});

nodeTest("a pod of the API outlives islet, and is adopted", {}, async (node) => {
  equal((await make(node, pod("api-lasting", idle, off))).code, 201);
  const before = await node.podUntil("api-lasting", "is ready", isReady);
  await node.kill9();
  await node.startIslet();
  const after = await node.ready("api-lasting");
  equal(after.metadata.uid, before.metadata.uid);
  equal(after.status?.containerStatuses?.[0].containerID, before.status?.containerStatuses?.[0].containerID);
  equal((await call(node, "DELETE", `${podsPath}/api-lasting`)).code, 200);
  await node.gone("api-lasting");
});
