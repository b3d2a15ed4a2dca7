import { deepEqual, equal } from "node:assert/strict";
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../objects/mod.ts";
import { planScheduling } from "./plan.ts";
import type { SchedulableNode, SchedulerState } from "./state.ts";

const labels = { "kubernetes.io/hostname": "edge-1", "kubernetes.io/os": "linux", disk: "ssd" };
const edge: SchedulableNode = { name: "edge-1", labels, taints: [], unschedulable: false };

function pod(name: string, spec: Partial<Pod["spec"]> = {}, more: Partial<Pod> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    ...more,
    metadata: { name, namespace: "default", uid: name, creationTimestamp: "2026-01-01T00:00:00Z", ...more.metadata },
    spec: { containers: [{ name: "main", image: "busybox" }], schedulerName: "default-scheduler", ...spec },
  } as Pod;
}

function state(pods: Pod[], more: Partial<SchedulerState> = {}): SchedulerState {
  return {
    node: edge,
    pods,
    claim: () => undefined,
    volume: () => undefined,
    namespaceLabels: (name) => name === "default" ? { team: "a" } : undefined,
    ...more,
  };
}

/** `bind web`, or what it is told. */
function told(given: SchedulerState): string[] {
  return planScheduling(given).map((action) =>
    action.type === "bind" ? `bind ${action.pod.metadata.name} to ${action.nodeName}` : action.message
  );
}

const node = (more: Partial<SchedulableNode>) => ({ node: { ...edge, ...more } });
const unhelpful = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
const victimless = "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";
const no = (reason: string, rest = unhelpful) => [`0/1 nodes are available: 1 ${reason}. ${rest}`];
const bound = ["bind web to edge-1"];
const near = (kind: "podAffinity" | "podAntiAffinity", term: Record<string, unknown> = {}): Partial<Pod["spec"]> => ({
  affinity: {
    [kind]: {
      requiredDuringSchedulingIgnoredDuringExecution: [{
        topologyKey: "kubernetes.io/hostname",
        labelSelector: { matchLabels: { app: "db" } },
        ...term,
      }],
    },
  },
});
const requires = (key: string, values: string[]): Partial<Pod["spec"]> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator: "In", values }] }],
      },
    },
  },
});
const db = (more: Partial<Pod> = {}) =>
  pod("db", { nodeName: "edge-1" }, {
    ...more,
    metadata: { labels: { app: "db" }, ...more.metadata } as Pod["metadata"],
  });
const taint = (effect: string, value?: string) => ({ key: "role", effect, ...(value ? { value } : {}) });
const spread = (more: Record<string, unknown> = {}) => ({
  topologySpreadConstraints: [{
    maxSkew: 1,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: "DoNotSchedule" as const,
    labelSelector: { matchLabels: { app: "db" } },
    ...more,
  }],
});

const claimed: Partial<Pod["spec"]> = { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] };
const claim = (more: { spec?: Record<string, unknown>; status?: Record<string, unknown>; gone?: boolean } = {}) => ({
  claim: () => ({
    metadata: { name: "data", ...(more.gone ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}) },
    spec: { volumeName: "pv", accessModes: ["ReadWriteOncePod"], ...more.spec },
    status: { phase: "Bound", ...more.status },
  } as unknown as PersistentVolumeClaim),
});
const volume = (nodeName?: string) => ({
  volume: () => ({
    metadata: { name: "pv" },
    spec: nodeName
      ? {
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [{
              matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [nodeName] }],
            }],
          },
        },
      }
      : {},
  } as unknown as PersistentVolume),
});

const cases: [name: string, given: SchedulerState, expected: string[]][] = [
  ["a plain pod is bound", state([pod("web")]), bound],
  [
    "a pod that names a node is left alone, whichever node",
    state([pod("a", { nodeName: "edge-1" }), pod("b", { nodeName: "x" })]),
    [],
  ],
  ["a pod of another scheduler is left to it", state([pod("web", { schedulerName: "mine" })]), []],
  [
    "a pod that is being deleted is not bound any more",
    state([
      pod("web", {}, {
        metadata: { name: "web", namespace: "default", uid: "u", deletionTimestamp: "2026-01-01T00:00:00Z" },
      }),
    ]),
    [],
  ],
  ["a pod waits while there is no node", state([pod("web")], { node: undefined }), [
    "no nodes available to schedule pods",
  ]],
  ["a pod waits behind its gates", state([pod("web", { schedulingGates: [{ name: "quota" }] })]), [
    "Scheduling is blocked due to non-empty scheduling gates",
  ]],
  ["a node selector that the node has is met", state([pod("web", { nodeSelector: { disk: "ssd" } })]), bound],
  [
    "a node selector that the node lacks holds",
    state([pod("web", { nodeSelector: { disk: "hdd" } })]),
    no("node(s) didn't match Pod's node affinity/selector"),
  ],
  [
    "required node affinity is asked",
    state([pod("web", requires("disk", ["nvme"]))]),
    no("node(s) didn't match Pod's node affinity/selector"),
  ],
  ["required node affinity that matches binds", state([pod("web", requires("disk", ["nvme", "ssd"]))]), bound],
  [
    "a cordoned node takes nobody",
    state([pod("web")], node({ unschedulable: true })),
    no("node(s) were unschedulable"),
  ],
  [
    "a cordon can be tolerated",
    state(
      [pod("web", { tolerations: [{ key: "node.kubernetes.io/unschedulable", operator: "Exists" }] })],
      node({ unschedulable: true }),
    ),
    bound,
  ],
  [
    "a NoSchedule taint holds",
    state([pod("web")], node({ taints: [taint("NoSchedule", "db")] })),
    no("node(s) had untolerated taint {role: db}"),
  ],
  [
    "a NoExecute taint without value holds",
    state([pod("web")], node({ taints: [taint("NoExecute")] })),
    no("node(s) had untolerated taint {role: }"),
  ],
  [
    "a PreferNoSchedule taint does not hold on the only node",
    state([pod("web")], node({ taints: [taint("PreferNoSchedule")] })),
    bound,
  ],
  [
    "a toleration lets past its taint",
    state(
      [pod("web", { tolerations: [{ key: "role", operator: "Equal", value: "db", effect: "NoSchedule" }] })],
      node({ taints: [taint("NoSchedule", "db")] }),
    ),
    bound,
  ],
  [
    "pod affinity wants its company",
    state([pod("web", near("podAffinity"))]),
    no("node(s) didn't match pod affinity rules"),
  ],
  ["pod affinity finds its company", state([pod("web", near("podAffinity")), db()]), bound],
  [
    "the company of a pod that is over does not count",
    state([pod("web", near("podAffinity")), db({ status: { phase: "Succeeded" } })]),
    no("node(s) didn't match pod affinity rules"),
  ],
  [
    "the company of another namespace does not count",
    state([
      pod("web", near("podAffinity")),
      db({ metadata: { name: "db", namespace: "other", labels: { app: "db" } } }),
    ]),
    no("node(s) didn't match pod affinity rules"),
  ],
  [
    "the company of a named namespace counts",
    state([
      pod("web", near("podAffinity", { namespaces: ["other"] })),
      db({ metadata: { name: "db", namespace: "other", labels: { app: "db" } } }),
    ]),
    bound,
  ],
  [
    "the company of namespaces chosen by label counts",
    state([pod("web", near("podAffinity", { namespaceSelector: { matchLabels: { team: "a" } } })), db()]),
    bound,
  ],
  [
    "the first pod of a group that wants its own company begins",
    state([pod("web", near("podAffinity"), { metadata: { name: "web", labels: { app: "db" } } })]),
    bound,
  ],
  [
    "pod affinity needs the topology key on the node",
    state([pod("web", near("podAffinity", { topologyKey: "zone" })), db()]),
    no("node(s) didn't match pod affinity rules"),
  ],
  [
    "anti-affinity keeps away",
    state([pod("web", near("podAntiAffinity")), db()]),
    no("node(s) didn't match pod anti-affinity rules", victimless),
  ],
  [
    "anti-affinity over a topology that the node is not part of keeps nobody away",
    state([pod("web", near("podAntiAffinity", { topologyKey: "zone" })), db()]),
    bound,
  ],
  [
    "anti-affinity of a pod that is there keeps others away",
    state([
      pod("web", {}, { metadata: { name: "web", labels: { app: "db" } } }),
      pod("there", { ...near("podAntiAffinity"), nodeName: "edge-1" }),
    ]),
    no("node(s) didn't satisfy existing pods anti-affinity rules", victimless),
  ],
  [
    "a pod that preempts nobody is told so",
    state([pod("web", { ...near("podAntiAffinity"), preemptionPolicy: "Never" }), db()]),
    no("node(s) didn't match pod anti-affinity rules", "preemption: not eligible due to preemptionPolicy=Never."),
  ],
  [
    "spreading over one node is even whatever is there",
    state([pod("web", spread(), { metadata: { name: "web", labels: { app: "db" } } }), db()]),
    bound,
  ],
  [
    "spreading that demands more domains than there are holds",
    state([pod("web", spread({ minDomains: 2 }), { metadata: { name: "web", labels: { app: "db" } } }), db()]),
    no("node(s) didn't match pod topology spread constraints", victimless),
  ],
  [
    "spreading that may be broken binds",
    state([pod("web", spread({ minDomains: 2, whenUnsatisfiable: "ScheduleAnyway" })), db()]),
    bound,
  ],
  [
    "spreading needs the topology key on the node",
    state([pod("web", spread({ topologyKey: "zone" }))]),
    no("node(s) didn't match pod topology spread constraints (missing required label)"),
  ],
  ["a claim that is not there holds", state([pod("web", claimed)]), [
    `0/1 nodes are available: persistentvolumeclaim "data" not found. ${unhelpful}`,
  ]],
  ["a claim that is being deleted holds", state([pod("web", claimed)], claim({ gone: true })), [
    `0/1 nodes are available: persistentvolumeclaim "data" is being deleted. ${unhelpful}`,
  ]],
  [
    "a claim that is not bound holds",
    state([pod("web", claimed)], claim({ spec: { volumeName: undefined }, status: { phase: "Pending" } })),
    [`0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. ${unhelpful}`],
  ],
  ["a claim that lost its volume holds", state([pod("web", claimed)], claim({ status: { phase: "Lost" } })), [
    `0/1 nodes are available: persistentvolumeclaim "data" bound to non-existent persistentvolume "pv". ${unhelpful}`,
  ]],
  ["a bound claim binds", state([pod("web", claimed)], { ...claim(), ...volume() }), bound],
  [
    "a volume of another node holds",
    state([pod("web", claimed)], { ...claim(), ...volume("edge-2") }),
    no("node(s) had volume node affinity conflict"),
  ],
  [
    "a claim of one pod alone is not shared",
    state([pod("web", claimed), pod("first", { ...claimed, nodeName: "edge-1" })], { ...claim(), ...volume() }),
    no("node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode", victimless),
  ],
];

for (const [name, given, expected] of cases) {
  Deno.test(`planScheduling(): ${name}`, () => {
    for (const each of given.pods) each.metadata.namespace ??= "default";
    for (const each of given.pods) each.metadata.uid ??= each.metadata.name;
    deepEqual(told(given), expected);
  });
}

Deno.test("planScheduling() places by priority, then by age, and each pod sees those before it", () => {
  const alone = { ...near("podAntiAffinity") };
  const at = (name: string, minute: number, spec: Partial<Pod["spec"]>) =>
    pod(name, { ...alone, ...spec }, {
      metadata: {
        name,
        namespace: "default",
        uid: name,
        labels: { app: "db" },
        creationTimestamp: `2026-01-01T00:0${minute}:00Z`,
      },
    });
  const plan = planScheduling(state([at("young", 2, {}), at("old", 1, {}), at("urgent", 3, { priority: 10 })]));
  deepEqual(plan.map(({ type, pod }) => `${type} ${pod.metadata.name}`), ["bind urgent", "hold old", "hold young"]);
});

Deno.test("planScheduling() says nothing twice", () => {
  const web = pod("web", { nodeSelector: { disk: "hdd" } });
  const [hold] = planScheduling(state([web]));
  if (hold.type !== "hold") throw new Error("the pod is bound");
  const condition = { type: "PodScheduled", status: "False" as const, reason: hold.reason, message: hold.message };
  const waiting = { ...web, status: { phase: "Pending" as const, conditions: [condition] } };
  deepEqual(planScheduling(state([waiting])), []);
  equal(planScheduling(state([waiting], node({ unschedulable: true }))).length, 1);
});

Deno.test("planScheduling() places on a node that is short of memory who asks for some", () => {
  const taints = [{ key: "node.kubernetes.io/memory-pressure", effect: "NoSchedule" }];
  const asks = pod("asks", {
    containers: [{ name: "main", image: "busybox", resources: { requests: { memory: "1Mi" } } }],
  });
  const actions = planScheduling(state([pod("effort"), asks], { node: { ...edge, taints } }));
  deepEqual(actions.map(({ type, pod }) => `${type} ${pod.metadata.name}`), ["bind asks", "hold effort"]);
});
