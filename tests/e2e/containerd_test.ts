/** The container runtime goes away and comes back, in every way that it can; and one that the user runs. */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { nodeFile } from "../support/node_file.ts";
import { sleep, type TestNode } from "../support/node.ts";
import { container, containerId, idle, isReady, manifest, pod, statusOf } from "../support/pods.ts";

const { nodeTest } = nodeFile();

const steady = [
  pod("steady"),
  pod(
    "probed",
    container("main", `touch /tmp/ok; ${idle}`, {
      readinessProbe: { exec: { command: ["cat", "/tmp/ok"] }, periodSeconds: 1, failureThreshold: 60 },
    }),
  ),
];

/** What must not change while containerd is away. */
async function picture(node: TestNode) {
  // a start that containerd does not outlive is made again: none is under way
  for (const { metadata: { name } } of await node.pods()) await node.ready(name);
  const pods = [await node.ready("steady"), await node.ready("probed")];
  return { ids: await node.runtimeIds(), statuses: pods.map(({ status }) => status) };
}

/** Compares with an earlier picture. What has gone is taken away a moment later. */
async function unchanged(node: TestNode, before: Awaited<ReturnType<typeof picture>>): Promise<void> {
  await node.until(
    "the runtime has what it had",
    async () => isDeepStrictEqual(await node.runtimeIds(), before.ids),
    { tell: async () => `${before.ids}\nwere there before, now\n${await node.runtimeIds()}` },
  );
  deepEqual(await picture(node), before);
}

nodeTest("containerd that is killed is started again, and its containers run on untouched", steady, async (node) => {
  const before = await picture(node);
  const pid = node.containerdPid;
  Deno.kill(pid, "SIGKILL");
  await node.until("there is another containerd", () => node.containerdPid !== pid);
  await node.healthy();
  match(node.log(), /WARN {2}containerd ended/);
  await sleep(1500);
  await unchanged(node, before);
  node.write("new.yaml", manifest(pod("new")));
  await node.ready("new");
});

nodeTest("a shim that is slow to answer containerd's next life keeps its container", {}, async (node) => {
  const before = await picture(node);
  const { info } = await node.cri.runtime.containerStatus({
    containerId: statusOf(await node.ready("steady"))!.containerID!.slice("containerd://".length),
    verbose: true,
  });
  const [, shim] = /^PPid:\s+(\d+)$/m.exec(Deno.readTextFileSync(`/proc/${JSON.parse(info.info).pid}/status`))!;
  const pid = node.containerdPid;
  Deno.kill(Number(shim), "SIGSTOP");
  try {
    Deno.kill(pid, "SIGKILL");
    await node.until("there is another containerd", () => node.containerdPid !== pid);
    await sleep(8000); // more than containerd's own patience
  } finally {
    Deno.kill(Number(shim), "SIGCONT");
  }
  await node.healthy();
  await unchanged(node, before);
});

nodeTest("while containerd hangs nothing is restarted, and what was asked for is done afterwards", {}, async (node) => {
  const before = await picture(node);
  const pid = node.containerdPid;
  Deno.kill(pid, "SIGSTOP");
  try {
    node.write("meanwhile.yaml", manifest(pod("meanwhile")));
    await sleep(4000);
    ok((await node.pods()).length >= 3, "the API answers while containerd hangs");
  } finally {
    Deno.kill(pid, "SIGCONT");
  }
  await node.ready("meanwhile");
  node.remove("meanwhile.yaml");
  await node.gone("meanwhile");
  await unchanged(node, before);
});

nodeTest("a container that ends while containerd is away is restarted when it is back", pod("dies"), async (node) => {
  const before = await node.ready("dies");
  const { info } = await node.cri.runtime.containerStatus({
    containerId: statusOf(before)!.containerID!.slice("containerd://".length),
    verbose: true,
  });
  const pid = node.containerdPid;
  Deno.kill(pid, "SIGKILL");
  Deno.kill(JSON.parse(info.info).pid, "SIGKILL");
  const after = await node.podUntil(
    "dies",
    "is restarted",
    (pod) => statusOf(pod)?.restartCount === 1 && statusOf(pod)?.ready,
  );
  equal(after.metadata.uid, before.metadata.uid);
  notEqual(statusOf(after)?.containerID, statusOf(before)?.containerID);
  equal(statusOf(after)?.lastState?.terminated?.exitCode, 137);
});

nodeTest("islet that starts again adopts its containerd", {}, async (node) => {
  const before = await picture(node);
  const pid = node.containerdPid;
  await node.restart();
  equal(node.containerdPid, pid);
  match(node.log(), /containerd is running: adopted/);
  await unchanged(node, before);
});

nodeTest("a runtime that the user runs is used as it is, by its endpoint", {}, async (node) => {
  const before = await picture(node);
  await node.restart(["--container-runtime-endpoint", `unix://${node.runDir}/containerd.sock`]);
  await sleep(1000);
  await unchanged(node, before);
  node.write("outside.yaml", manifest(pod("outside")));
  await node.ready("outside");
  node.remove("outside.yaml");
  await node.gone("outside");
  await node.restart();
});

nodeTest(
  "containerd whose socket was removed is started again, and its containers run on untouched",
  steady,
  async (node) => {
    const before = await picture(node);
    const pid = node.containerdPid;
    Deno.removeSync(`${node.runDir}/containerd.sock`);
    await node.restart();
    await node.until("there is another containerd", () => node.containerdPid !== pid);
    await unchanged(node, before);
    node.write("new.yaml", manifest(pod("new")));
    await node.ready("new");
  },
);

nodeTest(
  "a task can be ended past the CRI plugin, which hears of it",
  pod("task-ended", idle),
  async (node) => {
    const id = containerId(await node.ready("task-ended"));
    await node.cri.endTask(id);
    await node.podUntil("task-ended", "was restarted", (pod) => statusOf(pod)?.restartCount === 1 && isReady(pod));
    await node.cri.endTask(id); // there is none of that name any more
  },
);
