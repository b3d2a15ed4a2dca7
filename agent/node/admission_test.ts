import assert from "node:assert/strict";
import fc from "fast-check";
import type { Pod } from "../objects/mod.ts";
import { type AdmissionNode, type AdmissionPod, type Decision, planAdmission } from "./admission.ts";
import { planResize } from "./resize.ts";
import { safeSysctls } from "./sysctls.ts";
import { requesting, testPod } from "./testing.ts";

const gib = 2 ** 30;
const node: AdmissionNode = {
  name: "edge-1",
  labels: { "kubernetes.io/os": "linux", "kubernetes.io/hostname": "edge-1", disk: "ssd", slots: "7" },
  taints: [],
  allocatable: { cpu: 2000, memory: 4 * gib, "ephemeral-storage": 10 * gib, pods: 110, "hugepages-2Mi": 0 },
  allowedSysctls: [...safeSysctls("6.1.0-13-amd64"), "kernel.msg*"],
  appArmor: false,
  supplementalGroupsPolicy: false,
};

/** The decision on a new pod beside others that run already. */
function decide(
  pod: Pod,
  { running = [] as Pod[], change = {} as Partial<AdmissionNode>, manifest = true } = {},
): Decision {
  const pods = [...running.map((each): AdmissionPod => ({ pod: each, admitted: true })), {
    pod,
    admitted: false,
    manifest,
  }];
  return planAdmission(pods, { ...node, ...change }).get(pod.metadata.uid!)!;
}

const admitted: Decision = { admit: true };
const refused = (reason: string, message: string): Decision => ({ admit: false, reason, message });
const ports = (...list: object[]) => ({ containers: [{ name: "app", image: "web", ports: list }] } as Pod["spec"]);
const affinity = (...terms: object[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
} as Partial<Pod["spec"]>);
const label = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, values }],
});
const affinityRefusal = refused(
  "NodeAffinity",
  "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
);
const portRefusal = refused(
  "NodePorts",
  "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
);
const http = ports({ containerPort: 80, hostPort: 8080, protocol: "TCP" });

interface Case {
  name: string;
  spec?: Partial<Pod["spec"]>;
  metadata?: Partial<Pod["metadata"]>;
  running?: Pod[];
  change?: Partial<AdmissionNode>;
  manifest?: boolean;
  decision: Decision;
}

const cases: Case[] = [
  { name: "admits a pod that asks for nothing", decision: admitted },
  {
    name: "admits a pod that takes all that is left",
    spec: { containers: [requesting({ cpu: "1900m" })] },
    running: [testPod("a", { containers: [requesting({ cpu: "100m" })] })],
    decision: admitted,
  },
  {
    name: "refuses for CPU in kubelet's words",
    spec: { containers: [requesting({ cpu: "2" })] },
    running: [testPod("a", { containers: [requesting({ cpu: "100m" })] })],
    decision: refused(
      "OutOfcpu",
      "Node didn't have enough resource: cpu, requested: 2000, used: 100, capacity: 2000",
    ),
  },
  {
    name: "refuses for memory",
    spec: { containers: [requesting({ memory: "5Gi" })] },
    decision: refused(
      "OutOfmemory",
      "Node didn't have enough resource: memory, requested: 5368709120, used: 0, capacity: 4294967296",
    ),
  },
  {
    name: "refuses for storage",
    spec: { containers: [requesting({ "ephemeral-storage": "11Gi" })] },
    decision: refused(
      "OutOfephemeral-storage",
      "Node didn't have enough resource: ephemeral-storage, requested: 11811160064, used: 0, capacity: 10737418240",
    ),
  },
  {
    name: "refuses for huge pages that the machine has not set aside",
    spec: { containers: [requesting({ "hugepages-2Mi": "2Mi" })] },
    decision: refused(
      "OutOfhugepages-2Mi",
      "Node didn't have enough resource: hugepages-2Mi, requested: 2097152, used: 0, capacity: 0",
    ),
  },
  {
    name: "asks nobody for a device that the node does not know",
    spec: { containers: [requesting({ "example.com/gpu": "1" })] },
    decision: admitted,
  },
  {
    name: "refuses for a device that is used up",
    spec: { containers: [requesting({ "example.com/gpu": "1" })] },
    running: [testPod("a", { containers: [requesting({ "example.com/gpu": "1" })] })],
    change: { allocatable: { ...node.allocatable, "example.com/gpu": 1 } },
    decision: refused(
      "OutOfexample.com/gpu",
      "Node didn't have enough resource: example.com/gpu, requested: 1, used: 1, capacity: 1",
    ),
  },
  {
    name: "refuses for the number of pods",
    running: [testPod("a")],
    change: { allocatable: { ...node.allocatable, pods: 1 } },
    decision: refused("OutOfpods", "Node didn't have enough resource: pods, requested: 1, used: 1, capacity: 1"),
  },
  {
    name: "admits a pod without requests on an overcommitted node",
    running: [testPod("a", { containers: [requesting({ cpu: "3" })] })],
    decision: admitted,
  },
  {
    name: "counts an init container's peak",
    spec: { containers: [requesting({ cpu: "1" })], initContainers: [requesting({ cpu: "3" }, "init")] },
    decision: refused(
      "OutOfcpu",
      "Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000",
    ),
  },
  { name: "admits a free host port", spec: http, running: [testPod("a")], decision: admitted },
  { name: "refuses a host port that is taken", spec: http, running: [testPod("a", http)], decision: portRefusal },
  {
    name: "admits the same port of another protocol",
    spec: ports({ containerPort: 80, hostPort: 8080, protocol: "UDP" }),
    running: [testPod("a", http)],
    decision: admitted,
  },
  {
    name: "admits the same port on another address",
    spec: ports({ containerPort: 80, hostPort: 80, hostIP: "10.0.0.1" }),
    running: [testPod("a", ports({ containerPort: 80, hostPort: 80, hostIP: "10.0.0.2" }))],
    decision: admitted,
  },
  {
    name: "refuses a port on one address when it is taken on all",
    spec: ports({ containerPort: 80, hostPort: 8080, hostIP: "10.0.0.1" }),
    running: [testPod("a", http)],
    decision: portRefusal,
  },
  {
    name: "refuses a port that a sidecar holds",
    spec: http,
    running: [
      testPod("a", {
        initContainers: [{ ...http.containers[0], name: "proxy", restartPolicy: "Always" }],
      }),
    ],
    decision: portRefusal,
  },
  { name: "admits by node selector", spec: { nodeSelector: { disk: "ssd" } }, decision: admitted },
  { name: "refuses by node selector", spec: { nodeSelector: { disk: "hdd" } }, decision: affinityRefusal },
  {
    name: "admits by one of several terms",
    spec: affinity(label("disk", "In", "hdd"), label("disk", "In", "ssd")),
    decision: admitted,
  },
  { name: "refuses when no term matches", spec: affinity(label("disk", "NotIn", "ssd")), decision: affinityRefusal },
  { name: "refuses an empty term", spec: affinity({}), decision: affinityRefusal },
  { name: "refuses an empty list of terms", spec: affinity(), decision: affinityRefusal },
  { name: "admits by presence", spec: affinity(label("disk", "Exists")), decision: admitted },
  { name: "refuses by presence", spec: affinity(label("disk", "DoesNotExist")), decision: affinityRefusal },
  { name: "admits a label that is not there by NotIn", spec: affinity(label("gpu", "NotIn", "x")), decision: admitted },
  { name: "admits by number", spec: affinity(label("slots", "Gt", "6")), decision: admitted },
  { name: "refuses by number", spec: affinity(label("slots", "Lt", "7")), decision: affinityRefusal },
  {
    name: "refuses a comparison with what is no number",
    spec: affinity(label("disk", "Gt", "6")),
    decision: affinityRefusal,
  },
  {
    name: "admits by the node's name as a field",
    spec: affinity({ matchFields: [{ key: "metadata.name", operator: "In", values: ["edge-1"] }] }),
    decision: admitted,
  },
  { name: "admits a pod bound to this node", spec: { nodeName: "edge-1" }, decision: admitted },
  {
    name: "refuses a pod bound to another node",
    spec: { nodeName: "edge-2" },
    decision: refused("NodeName", "Predicate NodeName failed: node(s) didn't match the requested node name"),
  },
  {
    name: "refuses a pod that does not tolerate a NoExecute taint",
    change: { taints: [{ key: "maintenance", effect: "NoExecute" }] },
    manifest: false,
    decision: refused(
      "TaintToleration",
      "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
    ),
  },
  {
    name: "asks no manifest pod for tolerations",
    change: { taints: [{ key: "maintenance", effect: "NoExecute" }] },
    decision: admitted,
  },
  {
    name: "does not mind a NoSchedule taint",
    change: { taints: [{ key: "maintenance", effect: "NoSchedule" }] },
    manifest: false,
    decision: admitted,
  },
  {
    name: "admits a pod that tolerates by key and value",
    spec: { tolerations: [{ key: "maintenance", value: "yes", effect: "NoExecute" }] } as Partial<Pod["spec"]>,
    change: { taints: [{ key: "maintenance", value: "yes", effect: "NoExecute" }] },
    manifest: false,
    decision: admitted,
  },
  {
    name: "admits a pod that tolerates everything",
    spec: { tolerations: [{ operator: "Exists" }] } as Partial<Pod["spec"]>,
    change: { taints: [{ key: "maintenance", value: "yes", effect: "NoExecute" }] },
    manifest: false,
    decision: admitted,
  },
  {
    name: "admits safe sysctls and those that the operator allows",
    spec: {
      securityContext: {
        sysctls: [{ name: "net/ipv4/tcp_syncookies", value: "1" }, { name: "kernel.msgmax", value: "9" }],
      },
    },
    decision: admitted,
  },
  {
    name: "refuses other sysctls",
    spec: { securityContext: { sysctls: [{ name: "net.core.somaxconn", value: "1024" }] } },
    decision: refused("SysctlForbidden", 'forbidden sysctl: "net.core.somaxconn" not allowlisted'),
  },
  {
    name: "refuses the host's own sysctls by way of its network",
    spec: { hostNetwork: true, securityContext: { sysctls: [{ name: "net.ipv4.tcp_syncookies", value: "1" }] } },
    decision: refused(
      "SysctlForbidden",
      'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled',
    ),
  },
  {
    name: "refuses the host's own sysctls by way of its IPC namespace",
    spec: { hostIPC: true, securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } },
    decision: refused("SysctlForbidden", 'forbidden sysctl: "kernel.msgmax" not allowed with host ipc enabled'),
  },
  {
    name: "refuses AppArmor where the kernel has none",
    spec: { securityContext: { appArmorProfile: { type: "RuntimeDefault" } } },
    decision: refused("AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host"),
  },
  {
    name: "admits a pod that asks for no AppArmor where the kernel has none",
    spec: { securityContext: { appArmorProfile: { type: "Unconfined" } } },
    decision: admitted,
  },
  {
    name: "refuses an AppArmor profile that is not loaded",
    spec: {
      containers: [{
        name: "app",
        image: "web",
        securityContext: { appArmorProfile: { type: "Localhost", localhostProfile: "strict" } },
      }],
    } as Pod["spec"],
    change: { appArmor: true, appArmorProfiles: new Set(["other"]) },
    decision: refused("AppArmor", 'Cannot enforce AppArmor: profile "strict" is not loaded'),
  },
  {
    name: "refuses another operating system",
    spec: { os: { name: "windows" } },
    decision: refused("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"),
  },
  {
    name: "refuses another operating system by label",
    metadata: { labels: { "kubernetes.io/os": "windows" } },
    decision: refused(
      "PodOSSelectorNodeLabelDoesNotMatch",
      "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    ),
  },
  {
    name: "refuses strict supplemental groups where the runtime does not know them",
    spec: { securityContext: { supplementalGroupsPolicy: "Strict" } },
    decision: refused(
      "SupplementalGroupsPolicyNotSupported",
      "SupplementalGroupsPolicy=Strict is not supported in this node",
    ),
  },
  {
    name: "refuses everything while the machine goes down",
    change: { shuttingDown: true },
    decision: refused("NodeShutdown", "Pod was rejected as the node is shutting down."),
  },
  {
    name: "names resources before anything else that fails",
    spec: { ...http, containers: [{ ...http.containers[0], ...requesting({ cpu: "3" }) }], nodeName: "edge-2" },
    running: [testPod("a", http)],
    decision: refused("OutOfcpu", "Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000"),
  },
];

for (const { name, spec, metadata, decision, ...options } of cases) {
  Deno.test(`planAdmission() ${name}`, () => {
    assert.deepEqual(decide(testPod("new", spec, metadata), options), decision);
  });
}

const cpu = (name: string, amount: string, spec: Partial<Pod["spec"]> = {}, metadata: Partial<Pod["metadata"]> = {}) =>
  testPod(name, { containers: [requesting({ cpu: amount })], ...spec }, metadata);

Deno.test("planAdmission() never refuses a pod that was admitted, whatever the node has become", () => {
  const pods = [cpu("a", "3"), testPod("b", { nodeName: "edge-2", os: { name: "windows" } })];
  const change = { shuttingDown: true, allocatable: { cpu: 0, pods: 0 } };
  const decisions = planAdmission(pods.map((pod) => ({ pod, admitted: true })), { ...node, ...change });
  assert.deepEqual([...decisions], [["a", admitted], ["b", admitted]]);
});

Deno.test("planAdmission() counts admitted pods first, then takes by priority, then by age, then by name", () => {
  const pods: AdmissionPod[] = [
    { pod: cpu("young", "600m", {}, { creationTimestamp: "2026-02-01T00:00:00Z" }), admitted: false },
    { pod: cpu("b", "600m"), admitted: false },
    { pod: cpu("a", "600m"), admitted: false },
    { pod: cpu("important", "600m", { priority: 10 }, { creationTimestamp: "2026-03-01T00:00:00Z" }), admitted: false },
    { pod: cpu("runs", "600m", { priority: -5 }), admitted: true },
  ];
  const decisions = planAdmission(pods, node);
  assert.deepEqual([...decisions.keys()], ["runs", "important", "a", "b", "young"]);
  assert.deepEqual([...decisions.values()].map((each) => each.admit), [true, true, true, false, false]);
});

Deno.test("planAdmission() passes over one that does not fit and takes a smaller one behind it", () => {
  const pods = [cpu("a", "1500m"), cpu("b", "1"), cpu("c", "500m")].map((pod) => ({ pod, admitted: false }));
  assert.deepEqual([...planAdmission(pods, node).values()].map((each) => each.admit), [true, false, true]);
});

Deno.test("planAdmission() admits a refused manifest pod when it is asked again and room has appeared", () => {
  const [first, second] = [cpu("a", "1500m"), cpu("b", "1")];
  const full = planAdmission([{ pod: first, admitted: true }, { pod: second, admitted: false, manifest: true }], node);
  assert.equal(full.get("b")!.admit, false);
  const free = planAdmission([{ pod: second, admitted: false, manifest: true }], node);
  assert.deepEqual(free.get("b"), admitted);
});

Deno.test("planAdmission() never admits more than there is beyond what ran before", () => {
  const pods = fc.array(
    fc.record({ millis: fc.nat(1500), admitted: fc.boolean(), priority: fc.integer({ min: -2, max: 2 }) }),
  );
  let refusals = 0;
  fc.assert(fc.property(pods, (list) => {
    const input = list.map(({ millis, admitted, priority }, at): AdmissionPod => ({
      pod: cpu(`p${at}`, `${millis}m`, { priority }),
      admitted,
    }));
    const decisions = planAdmission(input, node);
    assert.equal(decisions.size, list.length);
    const total = (which: (at: number) => boolean) =>
      list.reduce((sum, { millis }, at) => sum + (which(at) ? millis : 0), 0);
    const before = total((at) => list[at].admitted);
    const after = total((at) => decisions.get(`p${at}`)!.admit === true);
    assert.ok(after <= Math.max(2000, before));
    list.forEach(({ admitted, millis }, at) => {
      const { admit } = decisions.get(`p${at}`)!;
      if (admitted) assert.ok(admit);
      // What is refused would not fit beside all that was admitted.
      else if (!admit) {
        refusals++;
        assert.ok(after + millis > 2000);
      }
    });
  }));
  assert.ok(refusals > 0);
});

const system = { priorityClassName: "system-node-critical", priority: 2_000_001_000 };
const small = testPod("small", { containers: [requesting({ cpu: "500m" })] });
const large = testPod("large", { containers: [requesting({ cpu: "1500m" })] });
const rescuer = (cpu: string, more: Partial<Pod["spec"]> = {}) =>
  testPod("rescuer", { ...system, containers: [requesting({ cpu })], ...more });
const preempted: Decision = {
  admit: false,
  reason: "Preempting",
  message: "Preempted in order to admit critical pod",
  disruption: "Pod was preempted by Kubelet to accommodate a critical pod.",
  preemptedFor: "cpu",
};
const run = (...pods: AdmissionPod[]) => Object.fromEntries(planAdmission(pods, node));

Deno.test("planAdmission() ends the least that makes room for a critical pod, which waits until that is gone", () => {
  const pods = [{ pod: small, admitted: true }, { pod: large, admitted: true }, {
    pod: rescuer("400m"),
    admitted: false,
  }];
  assert.deepEqual(run(...pods), { small: preempted, large: admitted, rescuer: { admit: "later" } });
  const ending = pods.map((each) => each.pod === small ? { ...each, ending: true } : each);
  assert.deepEqual(
    run(...ending),
    { small: admitted, large: admitted, rescuer: { admit: "later" } },
    "nobody else goes",
  );
  assert.deepEqual(run(...pods.slice(1)), { large: admitted, rescuer: admitted });
});

Deno.test("planAdmission() keeps the room that is made for a critical pod from others", () => {
  const pods = [{ pod: large, admitted: true }, { pod: rescuer("2"), admitted: false }, {
    pod: small,
    admitted: false,
  }];
  const { large: first, rescuer: second, small: third } = run(...pods);
  assert.deepEqual([first, second], [preempted, { admit: "later" }]);
  assert.equal(third.admit, false);
});

Deno.test("planAdmission() ends nobody for a critical pod that something else keeps out, or for one that never fits", () => {
  const others = [{ pod: small, admitted: true }, { pod: large, admitted: true }];
  const elsewhere = rescuer("400m", { nodeSelector: { disk: "tape" } });
  assert.deepEqual(run(...others, { pod: elsewhere, admitted: false }), {
    small: admitted,
    large: admitted,
    rescuer: affinityRefusal,
  });
  const { rescuer: refusal, ...rest } = run(...others, { pod: rescuer("3"), admitted: false });
  assert.deepEqual(rest, { small: admitted, large: admitted });
  assert.deepEqual(
    refusal,
    refused(
      "UnexpectedAdmissionError",
      "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to " +
        "preempt: no set of running pods found to reclaim resources: [(res: cpu, q: 1000), ]",
    ),
  );
});

Deno.test("planResize() leaves guaranteed pods as they are where they have CPUs of their own", () => {
  const amounts = { cpu: "1", memory: "16Mi" };
  const exact = testPod("exact", {
    containers: [{ name: "app", image: "web", resources: { requests: amounts, limits: amounts } }],
  } as Partial<Pod["spec"]>);
  assert.equal(planResize(exact, [], node), undefined);
  assert.deepEqual(planResize(exact, [], { ...node, staticCpus: true }), {
    reason: "Infeasible",
    message: "Resize is infeasible for Guaranteed Pods alongside CPU Manager static policy",
  });
  assert.equal(planResize(small, [], { ...node, staticCpus: true }), undefined);
});
