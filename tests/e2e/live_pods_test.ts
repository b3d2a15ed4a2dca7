/** What the API changes of a pod that runs: containers to debug it, amounts, readiness gates, finalizers. */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { containerCgroup, held, limits, podCgroup } from "../support/cgroup_files.ts";
import { nodeFile } from "../support/node_file.ts";
import type { TestNode } from "../support/node.ts";
import { condition, container, containerId, idle, isReady, type Pod, pod, statusOf } from "../support/pods.ts";
import { onDisk } from "../support/steady.ts";
import { busyboxImage } from "../images/build.ts";

const { nodeTest } = nodeFile();

const podsPath = "/api/v1/namespaces/default/pods";
const off = { automountServiceAccountToken: false };

async function call(node: TestNode, method: string, path: string, body?: unknown, type = "application/json") {
  const answer = await node.api(path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": type } }),
  });
  const answered = await answer.json();
  ok(answer.ok, `${method} ${path}: ${JSON.stringify(answered)}`);
  return answered;
}

async function make(node: TestNode, object: Pod | Record<string, unknown>): Promise<Pod> {
  await call(node, "POST", podsPath, object);
  return await node.ready((object as Pod).metadata.name);
}

async function patch(node: TestNode, name: string, subresource: string, body: unknown): Promise<void> {
  const path = `${podsPath}/${name}${subresource ? `/${subresource}` : ""}`;
  await call(node, "PATCH", path, body, "application/strategic-merge-patch+json");
}

const ephemeralOf = ({ status }: Pod, name = "debug") =>
  status?.ephemeralContainerStatuses?.find((one) => one.name === name);

nodeTest(
  "an ephemeral container joins the processes of its target, once, and leaves the pod as it is",
  {},
  async (node) => {
    const before = await make(node, pod("debugged", idle, off));
    const debug = {
      name: "debug",
      image: busyboxImage,
      command: ["sh", "-c", "cat /proc/1/cmdline; sleep 1; exit 3"],
      targetContainerName: "main",
    };
    await patch(node, "debugged", "ephemeralcontainers", { spec: { ephemeralContainers: [debug] } });
    const ended = await node.podUntil("debugged", "has debugged", (pod) => ephemeralOf(pod)?.state?.terminated);
    equal(ephemeralOf(ended)?.state?.terminated?.exitCode, 3);
    equal(ephemeralOf(ended)?.restartCount, 0);
    ok(isReady(ended));
    equal(containerId(ended), containerId(before));
    const log = await (await node.api(`${podsPath}/debugged/log?container=debug`)).text();
    match(log, /trap 'exit 0' TERM/);
    await node.kill9();
    await node.startIslet();
    const shell = { name: "shell", image: busyboxImage, command: ["sh", "-c", idle] };
    await patch(node, "debugged", "ephemeralcontainers", { spec: { ephemeralContainers: [shell] } });
    const both = await node.podUntil("debugged", "runs a shell", (pod) => ephemeralOf(pod, "shell")?.state?.running);
    deepEqual(ephemeralOf(both)?.state, ephemeralOf(ended)?.state);
    equal(await node.output("debugged", "echo joined", "shell"), "joined");
    await call(node, "DELETE", `${podsPath}/debugged`);
    await node.gone("debugged");
  },
);

const amounts = (cpu: string, memory: string) => ({ limits: { cpu, memory }, requests: { cpu, memory } });

/** What the kernel says of the pod and of its container: memory limit in MiB, CPUs by quota, shares. */
async function seen(node: TestNode, name: string): Promise<string> {
  const pod = (await node.pod(name))!;
  return [podCgroup(pod), containerCgroup(pod)].map((path) => {
    const { memory, quota, period, shares } = limits(node, path);
    return `${memory / 2 ** 20} ${quota / period} ${shares}`;
  }).join(", ");
}

/** The same as it is to be, of both. */
function wanted(mebibytes: number, cpus: number, shares: number): string {
  const one = held({ memory: mebibytes * 2 ** 20, quota: cpus * 100_000, period: 100_000, shares });
  return Array(2).fill(`${mebibytes} ${cpus} ${one.shares}`).join(", ");
}

const resized = (cpu: string, memory: string) => (pod: Pod) =>
  statusOf(pod)?.resources?.limits?.cpu === cpu && statusOf(pod)?.resources?.limits?.memory === memory &&
  !condition(pod, "PodResizeInProgress");

nodeTest("cpu and memory of a running container are changed in place, and stay so", {}, async (node) => {
  const resizePolicy = [{ resourceName: "memory", restartPolicy: "RestartContainer" }];
  const before = await make(
    node,
    pod("resized", [container("main", idle, { resources: amounts("100m", "32Mi"), resizePolicy })], off),
  );
  equal(before.status?.qosClass, "Guaranteed");
  equal(await seen(node, "resized"), wanted(32, 0.1, 102));
  const resize = (cpu: string, memory: string) =>
    patch(node, "resized", "resize", { spec: { containers: [{ name: "main", resources: amounts(cpu, memory) }] } });

  await resize("250m", "32Mi");
  const larger = await node.podUntil("resized", "has more cpu", resized("250m", "32Mi"));
  equal(await seen(node, "resized"), wanted(32, 0.25, 256));
  equal(containerId(larger), containerId(before));
  equal(statusOf(larger)?.restartCount, 0);
  equal(statusOf(larger)?.allocatedResources?.cpu, "250m");
  await node.event("resized", "ResizeStarted", "Pod resize started: ");
  await node.event("resized", "ResizeCompleted", '"requests":{"cpu":"250m","memory":"32Mi"}');

  const stored = await onDisk(node, "resized", "has more cpu", resized("250m", "32Mi"));
  await node.kill9();
  await node.startIslet();
  deepEqual((await node.pod("resized"))!.status, stored.status);
  await resize("100m", "64Mi");
  const wider = resized("100m", "64Mi");
  const restarted = await node.podUntil("resized", "has more memory", (pod) => isReady(pod) && wider(pod));
  equal(await seen(node, "resized"), wanted(64, 0.1, 102));
  notEqual(containerId(restarted), containerId(before));
  equal(statusOf(restarted)?.restartCount, 1);
  await node.event("resized", "Killing", "Container main resize requires restart");

  await resize("4000", "64Mi");
  const refused = await node.podUntil("resized", "is told so", (pod) => condition(pod, "PodResizePending"));
  equal(condition(refused, "PodResizePending")?.reason, "Infeasible");
  equal(await seen(node, "resized"), wanted(64, 0.1, 102));
  await call(node, "DELETE", `${podsPath}/resized`);
  await node.gone("resized");
});

nodeTest("memory in use is not taken away, until it is given back", {}, async (node) => {
  // 24 MiB in a tmpfs until the file is removed
  const hold = "dd if=/dev/zero of=/held/file bs=1M count=24 2>/dev/null; touch /tmp/full; exec sleep 3600";
  const before = await make(
    node,
    pod(
      "holding",
      [container("main", hold, {
        resources: amounts("100m", "64Mi"),
        volumeMounts: [{ name: "held", mountPath: "/held" }],
        readinessProbe: { exec: { command: ["test", "-e", "/tmp/full"] }, periodSeconds: 1 },
      })],
      { ...off, volumes: [{ name: "held", emptyDir: { medium: "Memory" } }] },
    ),
  );
  const resize = (memory: string) =>
    patch(node, "holding", "resize", { spec: { containers: [{ name: "main", resources: amounts("100m", memory) }] } });
  await resize("16Mi");
  const waiting = await node.podUntil("holding", "is told so", (pod) => condition(pod, "PodResizeInProgress")?.message);
  equal(condition(waiting, "PodResizeInProgress")?.reason, "Error");
  match(
    condition(waiting, "PodResizeInProgress")!.message!,
    /^attempting to set (pod|container "main") memory limit \(16777216\) below current usage \(\d+\)$/,
  );
  equal(await seen(node, "holding"), wanted(64, 0.1, 102));
  ok(isReady(waiting));
  await node.output("holding", "rm /held/file");
  const smaller = await node.podUntil("holding", "has less memory", resized("100m", "16Mi"));
  equal(await seen(node, "holding"), wanted(16, 0.1, 102));
  equal(containerId(smaller), containerId(before));
  equal(statusOf(smaller)?.restartCount, 0);
  await call(node, "DELETE", `${podsPath}/holding?gracePeriodSeconds=0`);
  await node.gone("holding");
});

nodeTest("a readiness gate is opened through the status, and a finalizer holds the row", {}, async (node) => {
  const gate = "example.org/lb";
  const object = pod("gated", idle, { ...off, readinessGates: [{ conditionType: gate }] }, {
    finalizers: ["example.org/hold"],
  });
  await call(node, "POST", podsPath, object);
  const closed = await node.podUntil("gated", "runs", (pod) => condition(pod, "ContainersReady")?.status === "True");
  equal(condition(closed, "Ready")?.reason, "ReadinessGatesNotReady");
  await patch(node, "gated", "status", { status: { conditions: [{ type: gate, status: "True" }] } });
  await node.ready("gated");
  await call(node, "DELETE", `${podsPath}/gated`);
  const held = await node.podUntil("gated", "is over", ({ metadata }) => metadata.deletionGracePeriodSeconds === 0);
  equal(held.status?.phase, "Succeeded");
  equal(condition(held, gate)?.status, "True");
  deepEqual((await node.sandboxes()).filter(({ metadata }) => metadata?.name === "gated"), []);
  await patch(node, "gated", "", { metadata: { finalizers: null } });
  await node.gone("gated");
});
