/** Out of memory on cgroup v2, where by default all processes of a container are killed together (memory.oom.group). */
import { deepEqual, equal, ok } from "node:assert/strict";
import { containerCgroup, counted, podCgroup } from "../../support/cgroup_files.ts";
import { nodeFile } from "../../support/node_file.ts";
import { container, idle, manifest, pod, statusOf } from "../../support/pods.ts";

const { nodeTest } = nodeFile();

/** A child of the first process takes what it may not have; the first would live on. */
const parent =
  "while [ ! -e /go/go ]; do sleep 0.2; done; dd if=/dev/zero of=/dev/null bs=200M count=1; echo survived; " +
  "while :; do sleep 1; done";
const go = { volumeMounts: [{ name: "go", mountPath: "/go" }] };
const never = { restartPolicy: "Never", volumes: [{ name: "go", emptyDir: {} }] };
const limit = { resources: { limits: { memory: "32Mi" } } };

nodeTest("a child that is killed for memory takes its container along, and no other", {}, async (node) => {
  const containers = [container("greedy", parent, { ...go, ...limit }), container("beside", idle, { ...go, ...limit })];
  node.write("group.yaml", manifest(pod("group", containers, never)));
  const before = await node.ready("group");
  for (const name of ["greedy", "beside"]) {
    equal(node.cgroupFile("", containerCgroup(before, name), "memory.oom.group"), "1", name);
  }
  await node.output(before, "touch /go/go", "beside");
  const after = await node.podUntil(
    "group",
    "has lost a container",
    (pod) => statusOf(pod, "greedy")?.state?.terminated,
  );
  const { reason, exitCode } = statusOf(after, "greedy")!.state!.terminated!;
  deepEqual([reason, exitCode], ["OOMKilled", 137]);
  equal(node.logs(after, "greedy"), "", "its first process did not survive");
  deepEqual(statusOf(after, "beside")?.state, statusOf(before, "beside")?.state);
  // the kernel counts what it killed for all cgroups above
  const kills = counted(node.cgroupFile("", podCgroup(after), "memory.events"), "oom_kill");
  ok(kills >= 2, `${kills} processes were killed`);
  node.remove("group.yaml");
  await node.gone("group");
});

nodeTest("at the limit of the pod as a whole one container goes, the one that takes most", {}, async (node) => {
  const containers = [container("greedy", parent, go), container("beside", idle, go)];
  const resources = { requests: { memory: "16Mi" }, limits: { memory: "48Mi" } };
  node.write("whole.yaml", manifest(pod("whole", containers, { ...never, resources })));
  const before = await node.ready("whole");
  equal(node.cgroupFile("", podCgroup(before), "memory.max"), String(48 * 2 ** 20));
  await node.output(before, "touch /go/go", "beside");
  const after = await node.podUntil(
    "whole",
    "has lost a container",
    (pod) => statusOf(pod, "greedy")?.state?.terminated,
  );
  const { reason, exitCode } = statusOf(after, "greedy")!.state!.terminated!;
  deepEqual([reason, exitCode], ["OOMKilled", 137]);
  deepEqual(statusOf(after, "beside")?.state, statusOf(before, "beside")?.state);
  node.remove("whole.yaml");
  await node.gone("whole");
});
