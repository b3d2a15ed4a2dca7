/**
 * Limits and weights as the kernel enforces them on pods. The machine may be busy with other things: the node's own cgroup
 * outweighs them, and what is compared lies within it.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { detect, memoryLimitBytes } from "../../cgroups/mod.ts";
import { containerCgroup, counted, cpuNs, podCgroup, v2 } from "../support/cgroup_files.ts";
import { nodeFile } from "../support/node_file.ts";
import { cpuMillis, quantityBytes } from "../../agent/objects/mod.ts";
import { sleep, type TestNode } from "../support/node.ts";
import { container, finished, manifest, type Pod, pod, statusOf } from "../support/pods.ts";

const cgroups = detect();
const daemons = `/islet-e2e-daemons-${crypto.randomUUID().slice(0, 8)}`;

const { nodeTest } = nodeFile({
  config: `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
podPidsLimit: 40
singleProcessOOMKill: true
systemReserved: { cpu: 250m, memory: 96Mi, pid: "300" }
systemReservedCgroup: ${daemons}
enforceNodeAllocatable: [pods, system-reserved]
`,
  prepare: async () => void await cgroups.create(daemons),
});
Deno.test.afterAll(() => cgroups.remove(daemons));

/** Works on the machine's first CPU alone, so that containers meet there. */
const busy = "exec taskset 1 sh -c 'while :; do :; done'";
const hungry = "dd if=/dev/zero of=/dev/null bs=200M count=1";

function sized(name: string, script: string, requests: Record<string, string>, limits: Record<string, string> = {}) {
  return container(name, script, { resources: { requests, limits } });
}

/** CPU time in seconds, periods and those with a halt. */
function cpu(node: TestNode, of: string): { seconds: number; periods: number; throttled: number } {
  const stat = node.cgroupFile("cpu", of, "cpu.stat");
  return {
    seconds: cpuNs(node, of) / 1e9,
    periods: counted(stat, "nr_periods"),
    throttled: counted(stat, "nr_throttled"),
  };
}

/** Lets the node have the CPU before all that does not belong to it. */
function outweigh(node: TestNode): void {
  if (v2) Deno.writeTextFileSync(`/sys/fs/cgroup/${node.cgroup}/cpu.weight`, "10000");
  else Deno.writeTextFileSync(`/sys/fs/cgroup/cpu/${node.cgroup}/cpu.shares`, "262144");
}

async function removed(node: TestNode, name: string): Promise<void> {
  node.remove(`${name}.yaml`);
  await node.gone(name);
}

nodeTest("a container is held to its CPU limit within 5 %", {}, async (node) => {
  node.write("throttled.yaml", manifest(pod("throttled", sized("main", busy, {}, { cpu: "200m" }))));
  const pod_ = await node.ready("throttled");
  outweigh(node);
  const of = containerCgroup(pod_);
  const quota = 0.02;
  const before = cpu(node, of);
  let told = "";
  // A machine that is busy elsewhere may keep it from its limit in some periods, so: it used all of its limit in each period in
  // which it was held back, and in none of them more.
  await node.until("it has been held back in 50 periods", async () => {
    await sleep(1000);
    const now = cpu(node, of);
    const seconds = now.seconds - before.seconds, throttled = now.throttled - before.throttled;
    const periods = now.periods - before.periods;
    told = `${seconds} s in ${periods} periods, held back in ${throttled}`;
    ok(seconds < (periods + 1) * quota * 1.05, `it used more than its limit: ${told}`);
    ok(seconds > (throttled - 1) * quota * 0.95, `it was held back below its limit: ${told}`);
    return throttled >= 50;
  }, { timeoutMs: 120_000, everyMs: 0, tell: () => told });
  await removed(node, "throttled");
});

nodeTest("a saturated core is shared as classes and requests promise", {}, async (node) => {
  const both = { cpu: "800m", memory: "16Mi" };
  node.write(
    "share.yaml",
    manifest([
      pod("share-guaranteed", sized("main", busy, both, both)),
      pod("share-450", sized("main", busy, { cpu: "450m" })),
      pod("share-150", sized("main", busy, { cpu: "150m" })),
      pod("share-effort", container("main", busy)),
    ]),
  );
  const names = ["share-guaranteed", "share-450", "share-150", "share-effort"];
  const pods: Pod[] = [];
  for (const name of names) pods.push(await node.ready(name));
  outweigh(node);
  const about = (ratio: number, expected: number) => Math.abs(ratio / expected - 1) < 0.15;
  let told = "";
  // the kernel's averages of what groups are worth on a core take a few seconds to follow
  await node.until("the core is shared as promised for six seconds", async () => {
    const use = () => pods.map((pod) => cpu(node, containerCgroup(pod)).seconds);
    const before = use();
    let spent: number[];
    do {
      await sleep(250);
      spent = use().map((each, at) => each - before[at]);
    } while (spent.reduce((a, b) => a + b) < 6);
    told = spent.map((each, at) => `${names[at]} ${each.toFixed(2)} s`).join(", ");
    const [guaranteed, large, small, effort] = spent;
    // requests within a class, a guaranteed pod beside the burstable class, and what is left over
    return about(large / small, 450 / 150) && about(guaranteed / (large + small), 800 / 600) && effort < 0.3;
  }, { timeoutMs: 90_000, everyMs: 0, tell: () => told });
  node.remove("share.yaml");
  for (const name of names) await node.gone(name);
});

nodeTest(
  "a daemon that is killed for memory is told of as SystemOOM, a pod that is killed is not",
  {},
  async (node) => {
    const more = { resources: { limits: { memory: "24Mi" } } };
    node.write("glutton.yaml", manifest(pod("glutton", container("main", hungry, more), { restartPolicy: "Never" })));
    const glutton = await node.podUntil("glutton", "has ended", finished);
    equal(statusOf(glutton)?.state?.terminated?.reason, "OOMKilled");
    // it has 96 MiB, as is reserved for daemons
    const hog = new Deno.Command("sh", {
      args: ["-c", "read line; exec dd if=/dev/zero of=/dev/null bs=300M count=1"],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await cgroups.addProcess(daemons, hog.pid);
    await hog.stdin.getWriter().close();
    equal((await hog.status).signal, "SIGKILL");
    const told = `System OOM encountered, victim process: dd, pid: ${hog.pid}`;
    const event = await node.event(node.name, "SystemOOM", told);
    deepEqual([event.type, event.message, event.involvedObject.kind], ["Warning", told, "Node"]);
    const log = node.log();
    ok(log.includes(told) && !/System OOM encountered.*kubepods/.test(log));
    await removed(node, "glutton");
  },
);

nodeTest(
  "the cgroup of system daemons is held to what is reserved for them, and pods to the rest",
  {},
  async (node) => {
    equal(memoryLimitBytes(cgroups, daemons), 96 * 2 ** 20);
    equal(cgroups.read(daemons, "pids.max"), "300");
    equal(cgroups.read(daemons, v2 ? "cpu.weight" : "cpu.shares"), v2 ? "10" : "256");
    const total = Number(/MemTotal:\s+(\d+)/.exec(Deno.readTextFileSync("/proc/meminfo"))![1]) * 1024;
    equal(memoryLimitBytes(cgroups, `/${node.cgroup}/kubepods`), total - 96 * 2 ** 20);
    const { capacity, allocatable } = (await (await node.api(`/api/v1/nodes/${node.name}`)).json()).status;
    equal(cpuMillis(capacity.cpu) - cpuMillis(allocatable.cpu), 250);
    equal(
      quantityBytes(capacity.memory) - quantityBytes(allocatable.memory),
      (96 + 100) * 2 ** 20,
      "eviction's besides",
    );
  },
);

nodeTest("a pod has no more processes than podPidsLimit, and others have theirs", {}, async (node) => {
  const fork = "for i in $(seq 60); do sleep 1000 & done; echo started; while :; do sleep 1; done";
  node.write("forks.yaml", manifest([pod("forks", fork), pod("forks-not")]));
  await node.logged("forks", "fork");
  const busyPod = await node.ready("forks-not");
  equal(await node.output(busyPod, "echo fine"), "fine");
  const forks = (await node.pod("forks"))!;
  const path = podCgroup(forks);
  equal(node.cgroupFile("pids", path, "pids.max"), "40");
  ok(Number(node.cgroupFile("pids", path, "pids.current")) <= 40);
  node.remove("forks.yaml");
  for (const name of ["forks", "forks-not"]) await node.gone(name);
});

nodeTest("a memory hog is OOMKilled, and only it", {}, async (node) => {
  const limit = { memory: "32Mi" };
  node.write(
    "hog.yaml",
    manifest([
      pod("hog", [sized("greedy", `sleep 2; exec ${hungry}`, {}, limit), sized("modest", "sleep 3600", {}, limit)], {
        restartPolicy: "Never",
      }),
      pod("hog-neighbour", sized("main", "sleep 3600", {}, limit)),
    ]),
  );
  const neighbour = await node.ready("hog-neighbour");
  const hog = await node.podUntil("hog", "has lost a container", (pod) => statusOf(pod, "greedy")?.state?.terminated);
  const { reason, exitCode } = statusOf(hog, "greedy")!.state!.terminated!;
  deepEqual([reason, exitCode], ["OOMKilled", 137]);
  ok(statusOf(hog, "modest")?.state?.running, "the container beside it runs");
  deepEqual((await node.pod("hog-neighbour"))?.status?.containerStatuses, neighbour.status?.containerStatuses);
  node.remove("hog.yaml");
  for (const name of ["hog", "hog-neighbour"]) await node.gone(name);
});

nodeTest("a child that is killed for memory while its container lives on is told of in an event", {}, async (node) => {
  const limit = { memory: "32Mi" };
  node.write("child.yaml", manifest(pod("child", sized("main", `${hungry}; while :; do sleep 1; done`, {}, limit))));
  const text = "Memory cgroup out of memory: Killed a process of container main";
  const event = await node.event("child", "OOMKilling", text);
  deepEqual([event.type, event.involvedObject.fieldPath], ["Warning", "spec.containers{main}"]);
  const pod_ = await node.ready("child");
  equal(statusOf(pod_)?.restartCount, 0);
  await node.kill9();
  await node.startIslet();
  await node.ready("child");
  await sleep(1000);
  ok(
    (await node.events("child")).every(({ reason }) => reason !== "OOMKilling"),
    "another life does not tell it again",
  );
  await removed(node, "child");

  node.write(
    "child-ends.yaml",
    manifest(pod("child-ends", sized("main", `${hungry}; exit 3`, {}, limit), {
      restartPolicy: "Never",
    })),
  );
  const ended = await node.podUntil("child-ends", "has ended", finished);
  const { reason, exitCode } = statusOf(ended)!.state!.terminated!;
  deepEqual(
    [reason, exitCode],
    ["OOMKilled", 3],
    "what it ended of is told although its first process ended by itself",
  );
  await removed(node, "child-ends");
});
