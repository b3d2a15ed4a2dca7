/** CPUs handed out one by one: `cpuManagerPolicy: static` with real cpusets. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { parseCpuList } from "../../cgroups/mod.ts";
import { containerCgroup, limits, podCgroup, v2 } from "../support/cgroup_files.ts";
import { TestNode } from "../support/node.ts";
import { container, finished, idle, manifest, type Pod, pod } from "../support/pods.ts";

const online = parseCpuList(Deno.readTextFileSync("/sys/devices/system/cpu/online"))!;

const config = (policy: "static" | "none") => `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cpuManagerPolicy: ${policy}
reservedSystemCPUs: "${online[0]}"
`;

const exact = (cpu: string) => {
  const amounts = { cpu, memory: "32Mi" };
  return container("main", idle, { resources: { requests: amounts, limits: amounts } });
};

const burstable = container("main", idle, { resources: { requests: { memory: "16Mi" } } });

/** What the kernel says a container may run on. */
function cpusOf(node: TestNode, pod: Pod): number[] {
  const file = v2 ? "cpuset.cpus.effective" : "cpuset.cpus";
  return parseCpuList(node.cgroupFile("cpuset", containerCgroup(pod), file))!;
}

const without = (taken: readonly number[]) => online.filter((cpu) => !taken.includes(cpu));

Deno.test({
  name: "static CPU policy: whole CPUs are a guaranteed pod's own, across restarts, and come back to all when it ends",
  ignore: online.length < 2,
  fn: async () => {
    const options = {
      config: config("static"),
      manifests: { "shares.yaml": manifest([pod("shares"), pod("part", burstable)]) },
    };
    await using node = await TestNode.start(options);
    const shares = await node.ready("shares");
    const part = await node.ready("part");
    deepEqual(cpusOf(node, shares), online);

    node.write("owner.yaml", manifest(pod("owner", exact("1"))));
    const owner = await node.ready("owner");
    const own = cpusOf(node, owner);
    equal(own.length, 1);
    ok(!own.includes(online[0]), "not a reserved one");
    match(await node.output(owner, "grep Cpus_allowed_list /proc/1/status"), new RegExp(`\\b${own[0]}$`));
    const confined = () => [shares, part].every((each) => `${cpusOf(node, each)}` === `${without(own)}`);
    await node.until("the others have left its CPU", confined);
    equal(limits(node, podCgroup(owner)).quota, -1, "a CPU of its own needs no quota");

    const before = await node.runtimeIds();
    await node.kill9();
    await node.startIslet();
    node.write("late.yaml", manifest(pod("late")));
    deepEqual(cpusOf(node, await node.ready("late")), without(own), "a new container shares what is left");
    deepEqual(cpusOf(node, await node.ready("owner")), own);
    const after = await node.runtimeIds();
    deepEqual(before.filter((id) => !after.includes(id)), [], "nothing was restarted");

    if (online.length === 2) {
      // all that is not reserved is given away
      node.write("second.yaml", manifest(pod("second", exact("1"))));
      const second = await node.podUntil("second", "is turned away", finished);
      equal(second.status?.reason, "OutOfcpu");
      node.remove("second.yaml");
    }

    node.remove("owner.yaml");
    await node.gone("owner");
    await node.until("the CPU is everybody's again", () => `${cpusOf(node, shares)}` === `${online}`);

    // without the policy nobody stays confined
    node.write("owner.yaml", manifest(pod("owner", exact("1"))));
    const again = await node.ready("owner");
    await node.until("the others have left its CPU again", () => cpusOf(node, shares).length < online.length);
    await node.kill9();
    options.config = config("none");
    await node.startIslet();
    await node.until(
      "all have all CPUs",
      () => [shares, part, again].every((each) => `${cpusOf(node, each)}` === `${online}`),
    );
  },
});
