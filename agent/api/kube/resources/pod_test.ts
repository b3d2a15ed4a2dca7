import { deepEqual, equal, throws } from "node:assert/strict";
import type { Pod } from "../../../objects/mod.ts";
import { configSource, sourceFile } from "../../../sources/mod.ts";
import { ApiError } from "../../status.ts";
import type { Verb } from "../../request.ts";
import { podStrategy } from "./pod.ts";

type Loose = Record<string, unknown>;

/** Objects that admission finds, by kind and name. */
const world: Record<string, Loose[]> = {
  ServiceAccount: [
    { metadata: { name: "default" } },
    { metadata: { name: "puller" }, imagePullSecrets: [{ name: "registry" }] },
    { metadata: { name: "bare" }, automountServiceAccountToken: false },
  ],
  PriorityClass: [
    { metadata: { name: "high" }, value: 1000 },
    { metadata: { name: "usual" }, value: 10, globalDefault: true, preemptionPolicy: "Never" },
  ],
  RuntimeClass: [{
    metadata: { name: "small" },
    handler: "small",
    overhead: { podFixed: { memory: "8Mi" } },
    scheduling: { nodeSelector: { small: "yes" }, tolerations: [{ key: "small", operator: "Exists" }] },
  }],
};

function strategyIn(objects: Record<string, Loose[]> = world) {
  return podStrategy(
    {
      get: <T>(kind: string, _namespace: string, name: string) =>
        objects[kind]?.find(({ metadata }) => (metadata as Loose).name === name) as T | undefined,
      list: <T>(kind: string) => (objects[kind] ?? []) as T[],
    },
    "n",
    () => "abcde",
  );
}

const plain = { ...world, PriorityClass: [] };

function pod(spec: Loose = {}, metadata: Loose = {}, status: Loose = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default", ...metadata },
    spec: { containers: [{ name: "main", image: "web" }], ...spec },
    status,
  } as Pod;
}

const context = { user: { name: "admin", groups: [] }, dryRun: false, warn() {} };

function made(spec: Loose = {}, objects?: Record<string, Loose[]>, metadata: Loose = {}): Pod {
  return strategyIn(objects).prepareForCreate!(pod(spec, metadata), context) as Pod;
}

function refused(act: () => unknown): string {
  let message = "";
  throws(act, (err) => {
    if (!(err instanceof ApiError)) return false;
    equal(err.code, 403);
    message = err.message;
    return true;
  });
  return message;
}

const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";
const mounts = ({ spec }: Pod) => spec.containers.map(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name));

Deno.test("a new pod belongs to the account default, with a token in every container", () => {
  const { spec } = made({ initContainers: [{ name: "init", image: "web" }] });
  equal(spec.serviceAccountName, "default");
  equal(spec.serviceAccount, "default");
  for (const { volumeMounts } of [...spec.initContainers!, ...spec.containers]) {
    deepEqual(volumeMounts, [{ name: "kube-api-access-abcde", readOnly: true, mountPath: tokenPath }]);
  }
  const [volume] = spec.volumes!;
  equal(volume.name, "kube-api-access-abcde");
  deepEqual(volume.projected?.sources?.map((source) => Object.keys(source)[0]), [
    "serviceAccountToken",
    "configMap",
    "downwardAPI",
  ]);
  equal(volume.projected?.defaultMode, 0o644);
});

Deno.test("a token is mounted as the pod says, then as its account says", () => {
  equal(made({ automountServiceAccountToken: false }).spec.volumes, undefined);
  equal(made({ serviceAccountName: "bare" }).spec.volumes, undefined);
  equal(made({ serviceAccountName: "bare", automountServiceAccountToken: true }).spec.volumes?.length, 1);
});

Deno.test("a container that mounts something of its own in the token's place keeps it", () => {
  const own = { name: "mine", mountPath: tokenPath };
  const containers = [{ name: "a", volumeMounts: [own] }, { name: "b" }];
  deepEqual(mounts(made({ containers })), [["mine"], ["kube-api-access-abcde"]]);
  equal(made({ containers: [containers[0]] }).spec.volumes, undefined);
});

Deno.test("a pod that was read from an API and is made again keeps its token's volume", () => {
  const again = made(made().spec);
  equal(again.spec.volumes?.length, 1);
  deepEqual(mounts(again), [["kube-api-access-abcde"]]);
});

Deno.test("a pod inherits its account's pull secrets unless it has its own", () => {
  deepEqual(made({ serviceAccountName: "puller" }).spec.imagePullSecrets, [{ name: "registry" }]);
  const own = [{ name: "own" }];
  deepEqual(made({ serviceAccountName: "puller", imagePullSecrets: own }).spec.imagePullSecrets, own);
});

Deno.test("a pod has the priority of its class, of the default class, or none", () => {
  const of = ({ spec: { priority, priorityClassName, preemptionPolicy } }: Pod) => [
    priority,
    priorityClassName,
    preemptionPolicy,
  ];
  deepEqual(of(made({}, plain)), [0, undefined, "PreemptLowerPriority"]);
  deepEqual(of(made()), [10, "usual", "Never"]);
  deepEqual(of(made({ priorityClassName: "high" })), [1000, "high", "PreemptLowerPriority"]);
  deepEqual(of(made({ priorityClassName: "system-node-critical" }, plain)), [
    2_000_001_000,
    "system-node-critical",
    "PreemptLowerPriority",
  ]);
});

Deno.test("a pod tolerates a node that is not ready for five minutes, unless it says otherwise", () => {
  const tolerations = (spec: Loose) =>
    made(spec).spec.tolerations?.map(({ key, tolerationSeconds }) => `${key ?? "*"} ${tolerationSeconds ?? "always"}`);
  const [notReady, unreachable] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
  deepEqual(tolerations({}), [`${notReady} 300`, `${unreachable} 300`]);
  deepEqual(tolerations({ tolerations: [{ key: notReady, operator: "Exists", tolerationSeconds: 5 }] }), [
    `${notReady} 5`,
    `${unreachable} 300`,
  ]);
  deepEqual(tolerations({ tolerations: [{ operator: "Exists" }] }), ["* always"]);
});

Deno.test("a pod has its runtime class's overhead and goes where that goes", () => {
  const { spec } = made({ runtimeClassName: "small" }, plain);
  deepEqual(spec.overhead, { memory: "8Mi" });
  deepEqual(spec.nodeSelector, { small: "yes" });
  deepEqual(spec.tolerations?.at(-1), { key: "small", operator: "Exists" });
});

Deno.test("a pod's own labels are written into selectors that match them by key", () => {
  const term = { topologyKey: "zone", labelSelector: { matchLabels: { app: "a" } }, matchLabelKeys: ["rev", "none"] };
  const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  const { spec } = made({ affinity }, plain, { labels: { rev: "7" } });
  deepEqual(spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.[0].labelSelector, {
    matchLabels: { app: "a" },
    matchExpressions: [{ key: "rev", operator: "In", values: ["7"] }],
  });
});

Deno.test("a new pod is Pending, and says so when it is gated", () => {
  deepEqual(made().status, { phase: "Pending", qosClass: "BestEffort" });
  const [condition] = made({ schedulingGates: [{ name: "hold" }] }).status!.conditions!;
  deepEqual([condition.type, condition.status, condition.reason], ["PodScheduled", "False", "SchedulingGated"]);
});

const refusals: [name: string, spec: Loose, message: string][] = [
  [
    "an account that is not there",
    { serviceAccountName: "ghost" },
    'error looking up service account default/ghost: serviceaccount "ghost" not found',
  ],
  ["a class that is not there", { priorityClassName: "ghost" }, "no PriorityClass with name ghost was found"],
  [
    "a priority that is not the class's",
    { priorityClassName: "high", priority: 7 },
    "the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 1000 " +
    "from the given PriorityClass name",
  ],
  [
    "a preemption policy that is not the class's",
    { priorityClassName: "high", preemptionPolicy: "Never" },
    "the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller " +
    "computed PreemptLowerPriority from the given PriorityClass name",
  ],
  ["a runtime class that is not there", { runtimeClassName: "ghost" }, 'pod rejected: RuntimeClass "ghost" not found'],
  [
    "an overhead that is not the class's",
    { runtimeClassName: "small", overhead: { memory: "1Gi" } },
    "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
  ],
  [
    "an overhead of nobody's",
    { overhead: { memory: "1Gi" } },
    "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
  ],
  [
    "a node selector that contradicts the class's",
    { runtimeClassName: "small", nodeSelector: { small: "no" } },
    "conflict: runtimeClass.scheduling.nodeSelector[small] = yes; pod.spec.nodeSelector[small] = no",
  ],
];

for (const [name, spec, message] of refusals) {
  Deno.test(`a new pod with ${name} is refused`, () => {
    equal(refused(() => made(spec)), `pods "web" is forbidden: ${message}`);
  });
}

const graces: [name: string, pod: Pod, asked: number | undefined, expected: number | undefined][] = [
  ["by its own", pod({ nodeName: "n", terminationGracePeriodSeconds: 7 }), undefined, 7],
  ["by half a minute", pod({ nodeName: "n" }), undefined, 30],
  ["by what is asked", pod({ nodeName: "n", terminationGracePeriodSeconds: 7 }), 3, 3],
  ["by a second where less than none is asked", pod({ nodeName: "n" }), -1, 1],
  ["at once where none is asked", pod({ nodeName: "n" }), 0, undefined],
  ["at once where it was never bound", pod(), 60, undefined],
  ["at once where it is bound to another node", pod({ nodeName: "other" }), 60, undefined],
  ["at once where it is over", pod({ nodeName: "n" }, {}, { phase: "Succeeded" }), 60, undefined],
];

for (const [name, given, gracePeriodSeconds, expected] of graces) {
  Deno.test(`a pod is deleted ${name}`, () => {
    const graceful = strategyIn().remove!(given, { dryRun: false, gracePeriodSeconds });
    equal(graceful?.graceSeconds, expected);
  });
}

Deno.test("a deletion under way becomes shorter, never longer, and goes on where nothing is asked", () => {
  const ending = pod({ nodeName: "n" }, {
    deletionTimestamp: "2026-01-01T00:00:00Z",
    deletionGracePeriodSeconds: 20,
  });
  const grace = (gracePeriodSeconds?: number) =>
    strategyIn().remove!(ending, { dryRun: false, gracePeriodSeconds })?.graceSeconds;
  deepEqual([grace(5), grace(60), grace(), grace(0)], [5, 20, 20, undefined]);
});

const manifest = pod({}, { annotations: { [configSource]: "file", [sourceFile]: "/etc/islet/web.yaml" } });
const guarded: [verb: Verb, subresource: string, word: string][] = [
  ["delete", "", "remove"],
  ["patch", "", "edit"],
  ["update", "", "edit"],
  ["update", "resize", "edit"],
  ["patch", "ephemeralcontainers", "edit"],
  ["create", "eviction", "remove"],
  ["create", "binding", "edit"],
];

for (const [verb, subresource, word] of guarded) {
  Deno.test(`${verb} of a manifest pod${subresource && `'s ${subresource}`} is refused and names the file`, () => {
    const { guard } = strategyIn();
    equal(
      refused(() => guard!(manifest, verb, subresource)),
      `pods "web" is forbidden: it comes from the manifest /etc/islet/web.yaml: ${word} that file instead`,
    );
    guard!(pod(), verb, subresource);
  });
}

Deno.test("others may report on a manifest pod, and look into it", () => {
  const { guard } = strategyIn();
  for (const subresource of ["status", "log", "exec", "attach", "portforward"]) guard!(manifest, "patch", subresource);
});

const warned: [name: string, spec: Loose, metadata: Loose, expected: string[]][] = [
  ["nothing", {}, {}, []],
  ["a node label of old", { nodeSelector: { "beta.kubernetes.io/os": "linux" } }, {}, [
    'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
  ]],
  ["a seccomp annotation", {}, { annotations: { "seccomp.security.alpha.kubernetes.io/pod": "x" } }, [
    "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the " +
    '"seccompProfile" field instead',
  ]],
  ["a host alias twice", { hostAliases: [{ ip: "1.1.1.1" }, { ip: "1.1.1.1" }] }, {}, [
    'spec.hostAliases[1].ip: duplicate ip "1.1.1.1"',
  ]],
  ["a pull secret without name", { imagePullSecrets: [{}, { name: "a" }, { name: "a" }] }, {}, [
    'spec.imagePullSecrets[2].name: duplicate name "a"',
    'spec.imagePullSecrets[0].name: invalid empty name ""',
  ]],
  [
    "a port twice",
    {
      containers: [{
        name: "a",
        ports: [{ containerPort: 80, protocol: "TCP" }, { containerPort: 80, protocol: "TCP" }],
      }],
    },
    {},
    ["spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"],
  ],
  ["a negative grace", { terminationGracePeriodSeconds: -1 }, {}, [
    "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
  ]],
];

for (const [name, spec, metadata, expected] of warned) {
  Deno.test(`warnings about a pod: ${name}`, () => {
    deepEqual(strategyIn().warnings!(pod(spec, metadata)), expected);
  });
}
