import assert from "node:assert/strict";
import fc from "fast-check";
import type { Pod } from "../objects/mod.ts";
import { podRequests } from "../resources/mod.ts";
import { planPreemption, preempts } from "./preemption.ts";
import { requesting, testPod } from "./testing.ts";

const critical = testPod("critical", { priority: 2_000_000_000 });
const burstable = (name: string, cpu: string, memory = "0", priority = 0) =>
  testPod(name, { priority, containers: [requesting({ cpu, memory })] });
const guaranteed = (name: string, cpu: string, memory = "16Mi") =>
  testPod(name, {
    containers: [{ name: "app", image: "web", resources: { requests: { cpu, memory }, limits: { cpu, memory } } }],
  } as Partial<Pod["spec"]>);
const effort = (name: string) => testPod(name);

const table: {
  name: string;
  pod?: Pod;
  others: Pod[];
  lacking: Record<string, number>;
  victims: string[] | { lacking: Record<string, number> };
}[] = [
  {
    name: "the pod that frees just enough",
    others: [burstable("a", "100m"), burstable("b", "500m"), burstable("c", "2")],
    lacking: { cpu: 500 },
    victims: ["b"],
  },
  {
    name: "the smaller of two that free enough",
    others: [burstable("a", "2"), burstable("b", "1")],
    lacking: { cpu: 500 },
    victims: ["b"],
  },
  {
    name: "the one with less memory of two that free enough",
    others: [burstable("a", "1", "2Gi"), burstable("b", "2", "1Gi")],
    lacking: { cpu: 500 },
    victims: ["b"],
  },
  {
    name: "few pods rather than many",
    others: [burstable("a", "200m"), burstable("b", "300m"), burstable("c", "400m")],
    lacking: { cpu: 600 },
    victims: ["c", "a"],
  },
  {
    name: "burstable before guaranteed pods",
    others: [guaranteed("a", "1"), burstable("b", "2")],
    lacking: { cpu: 500 },
    victims: ["b"],
  },
  {
    name: "guaranteed pods when others are not enough, and of those only what is needed",
    others: [guaranteed("a", "1"), burstable("b", "300m"), guaranteed("c", "2")],
    lacking: { cpu: 1200 },
    victims: ["b", "a"],
  },
  {
    name: "best-effort pods for their places",
    others: [guaranteed("a", "1"), effort("b"), burstable("c", "1")],
    lacking: { pods: 1 },
    victims: ["b"],
  },
  {
    name: "what frees both of two resources",
    others: [burstable("a", "1", "1Mi"), burstable("b", "1m", "1Gi"), burstable("c", "1", "1Gi")],
    lacking: { cpu: 1000, memory: 2 ** 30 },
    victims: ["c"],
  },
  {
    name: "nobody critical",
    others: [
      testPod("a", {
        priorityClassName: "system-cluster-critical",
        priority: 2_000_000_000,
        containers: [requesting({ cpu: "1" })],
      }),
    ],
    lacking: { cpu: 500 },
    victims: { lacking: { cpu: 500 } },
  },
  {
    name: "somebody critical of less importance",
    pod: testPod("node", { priority: 2_000_001_000 }),
    others: [burstable("a", "1", "0", 2_000_000_000)],
    lacking: { cpu: 500 },
    victims: ["a"],
  },
  {
    name: "nobody when that would not be enough",
    others: [burstable("a", "1"), effort("b")],
    lacking: { cpu: 1500, pods: 1 },
    victims: { lacking: { cpu: 500 } },
  },
];

for (const { name, pod = critical, others, lacking, victims } of table) {
  Deno.test(`planPreemption() takes ${name}`, () => {
    const plan = planPreemption(pod, others, lacking);
    assert.deepEqual("victims" in plan ? plan.victims.map(({ metadata }) => metadata.name) : plan, victims);
  });
}

Deno.test("preempts() is for critical pods, and for those of higher priority", () => {
  assert.equal(preempts(critical, effort("a")), true);
  assert.equal(preempts(effort("a"), critical), false);
  assert.equal(preempts(critical, critical), false);
  assert.equal(preempts(burstable("a", "1", "0", 5), burstable("b", "1")), true);
});

Deno.test("planPreemption() frees what is lacking and spares whom it can", () => {
  let freed = 0;
  const cpu = fc.integer({ min: 1, max: 2000 });
  fc.assert(fc.property(fc.array(fc.tuple(cpu, fc.boolean()), { maxLength: 8 }), cpu, (list, lacking) => {
    const others = list.map(([cpu, exact], at) =>
      exact ? guaranteed(`p${at}`, `${cpu}m`) : burstable(`p${at}`, `${cpu}m`)
    );
    const plan = planPreemption(critical, others, { cpu: lacking });
    const sum = (pods: Pod[]) => pods.reduce((sum, pod) => sum + podRequests(pod).cpu, 0);
    assert.equal("victims" in plan, sum(others) >= lacking);
    if (!("victims" in plan)) return;
    freed += plan.victims.length;
    assert.ok(sum(plan.victims) >= lacking);
    assert.equal(new Set(plan.victims).size, plan.victims.length);
  }));
  assert.ok(freed > 0);
});
