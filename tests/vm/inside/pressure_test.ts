/** Pressure (PSI) of each cgroup in the summary and in cAdvisor's metrics, against cgroup v2's own files. */
import { ok } from "node:assert/strict";
import type { PsiStats, Summary } from "../../../agent/stats/mod.ts";
import { containerCgroup, podCgroup } from "../../support/cgroup_files.ts";
import { nodeFile } from "../../support/node_file.ts";
import type { TestNode } from "../../support/node.ts";
import { container, pod } from "../../support/pods.ts";

const { nodeTest } = nodeFile();

type Resource = "cpu" | "memory" | "io";
const resources: readonly Resource[] = ["cpu", "memory", "io"];

/** Microseconds that something (`some`) or everything (`full`) waited. */
function total(node: TestNode, path: string, resource: Resource, which: "some" | "full"): number {
  const text = node.cgroupFile("", path, `${resource}.pressure`);
  return Number(new RegExp(`^${which} .*total=(\\d+)$`, "m").exec(text)![1]);
}

const held = pod("held", container("main", "while :; do :; done", { resources: { limits: { cpu: "200m" } } }));

nodeTest("the pressure of containers and pods is what their cgroups say", held, async (node) => {
  const running = await node.ready("held");
  const paths = { container: containerCgroup(running), pod: podCgroup(running), pods: "kubepods" };
  await node.until("it has waited for its quota", () => total(node, paths.container, "cpu", "full") > 100_000);
  const look = () =>
    Object.fromEntries(
      Object.entries(paths).map(([name, path]) => [
        name,
        resources.map((resource) => (["some", "full"] as const).map((which) => total(node, path, resource, which))),
      ]),
    );
  const before = look();
  const answer: Summary = await (await node.api("/stats/summary")).json();
  const metrics = await (await node.api("/metrics/cadvisor")).text();
  const after = look();

  const ofPod = answer.pods.find(({ podRef }) => podRef.name === "held")!;
  const told = { container: ofPod.containers![0], pod: ofPod, pods: answer.node.systemContainers![0] };
  for (const name of ["container", "pod", "pods"] as const) {
    resources.forEach((resource, at) => {
      const psi = (told[name][resource] as { psi?: PsiStats } | undefined)?.psi;
      ok(psi, `${name} has no pressure of ${resource}`);
      (["some", "full"] as const).forEach((which, column) => {
        // nanoseconds, as kubelet has them
        const us = psi[which].total / 1000;
        const [least, most] = [before[name][at][column], after[name][at][column]];
        ok(us >= least && us <= most, `${name} ${resource} ${which}: ${us}, and the cgroup says ${least} to ${most}`);
        ok(psi[which].avg10 >= 0 && psi[which].avg10 <= 100);
      });
    });
  }
  ok(ofPod.containers![0].cpu!.psi!.full.total > 1e8, "it stood still most of the time");
  ok(answer.node.cpu?.psi && answer.node.memory?.psi && answer.node.io?.psi, "the node has its own");

  for (const [column, noun] of ["waiting", "stalled"].entries()) {
    const pattern = `^container_pressure_cpu_${noun}_seconds_total\\{container="main",.*pod="held"\\} (\\S+)`;
    const us = Number(new RegExp(pattern, "m").exec(metrics)?.[1]) * 1e6;
    ok(
      us >= before.container[0][column] - 1 && us <= after.container[0][column] + 1,
      `${noun}: ${us}, and the cgroup says ${before.container[0][column]} to ${after.container[0][column]}`,
    );
  }
});
