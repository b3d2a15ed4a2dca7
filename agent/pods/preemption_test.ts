/** Critical pods displace others: who waits for whom, what is told, and what is left after the agent was killed. */
import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { planAdmission } from "../node/admission.ts";
import type { Pod } from "../objects/mod.ts";
import { SimulatedNode } from "../wiring/testing.ts";
import type { Admission } from "./gate.ts";
import { container, pod } from "./testing.ts";

const facts = {
  name: "edge-1",
  labels: {},
  allocatable: { cpu: 1000, memory: 2 ** 32, pods: 110 },
  allowedSysctls: [],
  appArmor: false,
  supplementalGroupsPolicy: false,
};

async function started(): Promise<SimulatedNode> {
  const node = new SimulatedNode();
  node.admit = (pods) => {
    const decisions = planAdmission(
      pods.map(({ pod, running, ending }) => ({ pod, admitted: running, ending })),
      facts,
    );
    const answers = new Map<string, Admission>();
    for (const [uid, decision] of decisions) {
      if (decision.admit === "later") answers.set(uid, "later");
      else if (!decision.admit) answers.set(uid, decision);
    }
    return answers;
  };
  await node.start();
  return node;
}

/** As a source writes it; with `file` as a manifest does. */
function asking(name: string, cpu: string, spec: Partial<Pod["spec"]> = {}): Pod {
  const { metadata: { uid: _uid, generation: _generation, ...metadata }, ...rest } = pod({
    containers: [container("web", { resources: { requests: { cpu } } })],
    ...spec,
  });
  return { ...rest, metadata: { ...metadata, name } };
}

/** Programs that end by SIGKILL alone. */
const stubborn = () => ({ ignoresTerm: true });

const critical = { priority: 2_000_001_000, priorityClassName: "system-node-critical" };

Deno.test("a critical pod waits until the pod that it displaces has ended within its own grace", async () => {
  await using node = await started();
  node.runtime.program = stubborn;
  await node.apply(asking("small", "300m"), asking("large", "600m", { terminationGracePeriodSeconds: 7 }));
  await node.advance(2000);
  await node.apply(asking("critical", "600m", critical));
  equal(node.status("critical").phase, "Pending");
  deepEqual(node.reasons("critical"), []);
  await node.advance(6000);
  equal(node.status("critical").phase, "Pending", "it has its grace");
  await node.advance(20_000);
  const { phase, reason, message } = node.status("large");
  deepEqual([phase, reason, message], ["Failed", "Preempting", "Preempted in order to admit critical pod"]);
  equal(node.condition("large", "DisruptionTarget")?.reason, "TerminationByKubelet");
  ok(node.reasons("large").includes("Preempting"));
  equal(node.seen("critical"), "Running");
  equal(node.seen("small"), "Running");
});

Deno.test("a displaced pod of the API has failed for good, also when there is room again", async () => {
  await using node = await started();
  await node.apply(asking("large", "600m"));
  await node.advance(2000);
  const { uid } = node.pod("large")!.metadata;
  await node.apply(asking("critical", "600m", critical));
  await node.advance(60_000);
  await node.remove("critical", 1);
  await node.advance(60_000);
  equal(node.pod("critical"), undefined);
  equal(node.pod("large")!.metadata.uid, uid);
  deepEqual([node.status("large").phase, node.status("large").reason], ["Failed", "Preempting"]);
});

Deno.test("a critical pod that is deleted while it waits is gone, and nothing of it was made", async () => {
  await using node = await started();
  node.runtime.program = stubborn;
  await node.apply(asking("large", "600m", { terminationGracePeriodSeconds: 60 }));
  await node.advance(2000);
  await node.apply(asking("critical", "600m", critical));
  await node.remove("critical", 30);
  await node.advance(1000);
  equal(node.pod("critical"), undefined);
  ok(!node.running().some((name) => name.includes("critical")));
});

Deno.test("an agent that is killed while a critical pod waits goes on where it was", async () => {
  await using node = await started();
  await node.apply(asking("large", "600m", { terminationGracePeriodSeconds: 5 }));
  await node.advance(2000);
  await node.apply(asking("critical", "600m", critical));
  await node.kill();
  await node.start();
  await node.advance(30_000);
  equal(node.status("large").reason, "Preempting");
  equal(node.seen("critical"), "Running");
  notEqual(node.pod("large"), undefined);
});
