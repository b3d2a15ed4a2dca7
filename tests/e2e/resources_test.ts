/** Resources: QoS classes and the kernel's cgroup files of pods and containers, on cgroup v1 and v2. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { containerCgroup, held, limits, podCgroup } from "../support/cgroup_files.ts";
import { nodeFile } from "../support/node_file.ts";
import { container, finished, idle, pod } from "../support/pods.ts";

const { nodeTest } = nodeFile();

const sized = (requests: Record<string, string>, limits: Record<string, string>) =>
  container("main", idle, { resources: { requests, limits } });

const mebi = 2 ** 20;

nodeTest(
  "a guaranteed pod's cgroups carry its limits and stand directly below kubepods",
  pod("guaranteed", sized({ cpu: "100m", memory: "32Mi" }, { cpu: "100m", memory: "32Mi" })),
  async (node) => {
    const pod = await node.ready("guaranteed");
    equal(pod.status?.qosClass, "Guaranteed");
    const expected = held({ shares: 102, quota: 10_000, period: 100_000, memory: 32 * mebi });
    deepEqual(limits(node, podCgroup(pod)), expected);
    deepEqual(limits(node, containerCgroup(pod)), expected);
  },
);

nodeTest(
  "a burstable pod has shares by its requests and quotas only where all containers have limits",
  [
    pod("burstable", [
      sized({ cpu: "250m", memory: "16Mi" }, { cpu: "500m", memory: "64Mi" }),
      { ...sized({ cpu: "50m" }, {}), name: "second" },
    ]),
  ],
  async (node) => {
    const pod = await node.ready("burstable");
    equal(pod.status?.qosClass, "Burstable");
    deepEqual(limits(node, podCgroup(pod)), held({ shares: 307, quota: -1, period: 100_000, memory: -1 }));
    deepEqual(
      limits(node, containerCgroup(pod, "main")),
      held({
        shares: 256,
        quota: 50_000,
        period: 100_000,
        memory: 64 * mebi,
      }),
    );
    deepEqual(
      limits(node, containerCgroup(pod, "second")),
      held({
        shares: 51,
        quota: -1,
        period: 100_000,
        memory: -1,
      }),
    );
  },
);

nodeTest("a best-effort pod has the least shares and no limits", pod("effort"), async (node) => {
  const pod = await node.ready("effort");
  equal(pod.status?.qosClass, "BestEffort");
  deepEqual(limits(node, podCgroup(pod)), held({ shares: 2, quota: -1, period: 100_000, memory: -1 }));
});

nodeTest(
  "limits of the pod as a whole hold its containers together",
  pod("pod-level", [container("main"), container("second")], {
    resources: { requests: { cpu: "100m", memory: "32Mi" }, limits: { cpu: "200m", memory: "64Mi" } },
  }),
  async (node) => {
    const pod = await node.ready("pod-level");
    equal(pod.status?.qosClass, "Burstable");
    deepEqual(limits(node, podCgroup(pod)), held({ shares: 102, quota: 20_000, period: 100_000, memory: 64 * mebi }));
  },
);

nodeTest(
  "oom_score_adj follows Kubernetes' formula",
  [
    pod("oom-effort"),
    pod("oom-burstable", sized({ memory: "1Gi" }, { memory: "2Gi" })),
  ],
  async (node) => {
    const score = async (name: string) =>
      Number(await node.output(await node.ready(name), "cat /proc/1/oom_score_adj"));
    equal(await score("oom-effort"), 1000);
    const capacity = Number(/MemTotal:\s+(\d+)/.exec(Deno.readTextFileSync("/proc/meminfo"))![1]) * 1024;
    const expected = Math.min(999, Math.max(3, 1000 - Math.floor(1000 * 2 ** 30 / capacity)));
    const found = await score("oom-burstable");
    ok(Math.abs(found - expected) <= 1, `${found} is not about ${expected}`);
  },
);

nodeTest(
  "kubepods has the node's limit, and the burstable class the shares of what its pods request",
  pod("weighs", sized({ cpu: "1" }, {})),
  async (node) => {
    await node.ready("weighs");
    const memory = limits(node, "kubepods").memory;
    ok(memory > 0 && memory <= Number(/MemTotal:\s+(\d+)/.exec(Deno.readTextFileSync("/proc/meminfo"))![1]) * 1024);
    await node.until("the burstable class is weighed", () => limits(node, "kubepods/burstable").shares > 1024);
    equal(limits(node, "kubepods/besteffort").shares, 2);
  },
);

nodeTest(
  "a pod that asks for more than the node has is turned away, and nothing of it is made",
  pod("huge", sized({ memory: "900Gi" }, {})),
  async (node) => {
    const pod = await node.podUntil("huge", "is turned away", finished);
    deepEqual([pod.status?.phase, pod.status?.reason], ["Failed", "OutOfmemory"]);
    match(pod.status?.message ?? "", /memory/);
    await node.event("huge", "OutOfmemory");
    ok(!(await node.sandboxes()).some(({ metadata }) => metadata?.name === "huge"));
  },
);
