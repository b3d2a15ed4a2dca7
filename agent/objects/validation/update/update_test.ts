import assert from "node:assert/strict";
import { FieldErrors, fieldErrorText } from "../../field_error.ts";
import type { AnyObject, KubeObject } from "../../kinds.ts";
import { container } from "../../container.ts";
import { type Pod, podSpec } from "../../pod.ts";
import { decoded, type Loose, podValue } from "../../testing.ts";
import { defaultObject } from "../../defaults/mod.ts";
import { toEventsEvent } from "../../event.ts";
import { valueDiff } from "./diff.ts";
import { validateCreate, validateStatusUpdate, validateUpdate } from "./mod.ts";
import { validateEphemeralContainersUpdate } from "./pod.ts";
import { validateResize } from "./resize.ts";

type Check = (object: AnyObject, current: AnyObject, errors: FieldErrors) => void;

/** An object as it is stored: decoded and defaulted. */
function stored<T extends KubeObject>(value: Loose, more: Loose = {}): T {
  const object = decoded<T>({ metadata: { name: "x" }, ...value }, {});
  return Object.assign(object, structuredClone(more));
}

/** What is said of an edit of a copy of an object. */
function edited<T extends AnyObject>(object: T, edit: (copy: T) => void, check: Check = validateUpdate): string[] {
  const copy = structuredClone(object);
  edit(copy);
  defaultObject(copy);
  const errors = new FieldErrors();
  check(copy, object, errors);
  return errors.errors.map(fieldErrorText);
}

const pod = (spec?: Loose, container?: Loose, more?: Loose) => stored<Pod>(podValue(spec, container), more);
const immutable = "field is immutable";
const updatable = "spec: Forbidden: pod updates may not change fields other than " +
  "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`," +
  "`spec.tolerations` (only additions to existing tolerations)," +
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";

Deno.test("a pod may get other labels, images, an earlier end, more tolerations and 1 for a negative grace", () => {
  const base = pod({
    initContainers: [{ name: "i", image: "i:1" }],
    activeDeadlineSeconds: 100,
    tolerations: [{ key: "a", operator: "Exists", effect: "NoExecute", tolerationSeconds: 5 }],
  });
  const allowed: ((copy: Pod) => void)[] = [
    () => {},
    (copy) => copy.metadata.labels = { a: "b" },
    (copy) => copy.spec.containers[0].image = "web:2",
    (copy) => copy.spec.initContainers![0].image = "i:2",
    (copy) => copy.spec.activeDeadlineSeconds = 50,
    (copy) => copy.spec.tolerations![0].tolerationSeconds = 6,
    (copy) => copy.spec.tolerations!.push({ operator: "Exists" }),
    (copy) => copy.spec.readinessGates = [],
    (copy) => copy.spec.hostNetwork = false,
  ];
  for (const edit of allowed) assert.deepEqual(edited(base, edit), [], String(edit));
  const negative = pod();
  negative.spec.terminationGracePeriodSeconds = -1;
  assert.deepEqual(edited(negative, (copy) => copy.spec.terminationGracePeriodSeconds = 1), []);
  assert.equal(edited(negative, (copy) => copy.spec.terminationGracePeriodSeconds = 2).length, 1);
  const unlimited = pod();
  assert.deepEqual(edited(unlimited, (copy) => copy.spec.activeDeadlineSeconds = 50), []);
});

Deno.test("every other field of a pod's spec is refused with what differs", () => {
  const edits: [(copy: Pod) => void, string][] = [
    [(copy) => copy.spec.hostNetwork = true, "+ \tHostNetwork: true,"],
    [(copy) => copy.spec.restartPolicy = "Never", `- \tRestartPolicy: "Always",\n+ \tRestartPolicy: "Never",`],
    [(copy) => copy.spec.nodeName = "other", `+ \tNodeName: "other",`],
    [(copy) => copy.spec.nodeSelector = { a: "b" }, `+ \tNodeSelector: {"a": "b"},`],
    [(copy) => copy.spec.dnsPolicy = "Default", `+ \tDNSPolicy: "Default",`],
    [(copy) => copy.spec.containers[0].name = "other", `+ \t\t\tName: "other",`],
    [(copy) => copy.spec.containers[0].command = ["a"], `- \t\t\tCommand: nil,\n+ \t\t\tCommand: {"a"},`],
    [(copy) => copy.spec.containers[0].resources = { limits: { cpu: "1" } }, `+ \t\t\t\tLimits: {"cpu": "1"},`],
    [(copy) => copy.spec.containers[0].env![0].value = "2", `- \t\t\t\t\tValue: "1",\n+ \t\t\t\t\tValue: "2",`],
    [(copy) => copy.spec.volumes = [{ name: "v", emptyDir: {} }], `+ \tVolumes: {{Name: "v", EmptyDir: {}}},`],
    [(copy) => copy.spec.terminationGracePeriodSeconds = 1, "+ \tTerminationGracePeriodSeconds: 1,"],
    [(copy) => copy.spec.ephemeralContainers = [{ name: "e", image: "e" }], "+ \tEphemeralContainers: {{"],
    [(copy) => copy.spec.priority = 5, "+ \tPriority: 5,"],
  ];
  const base = pod({}, { env: [{ name: "A", value: "1" }] });
  for (const [edit, line] of edits) {
    const [error, ...more] = edited(base, edit);
    assert.deepEqual(more, []);
    assert.ok(error.startsWith(updatable + "  core.PodSpec{\n"), error);
    assert.ok(error.includes(`\n${line}`), error);
    assert.ok(error.endsWith("\n  }\n"), error);
  }
});

/** What is said when one field, of the pod or of its container, becomes something else. */
function changed(base: Pod, field: string, inContainer: boolean): string[] {
  const copy = structuredClone(base);
  const at = (inContainer ? copy.spec.containers[0] : copy.spec) as unknown as Loose;
  at[field] = [{ name: "changed" }];
  const errors = new FieldErrors();
  validateUpdate(copy, base, errors);
  return errors.errors.map(fieldErrorText);
}

Deno.test("there is no field of a pod's spec or containers that is forgotten", () => {
  const base = pod();
  const mayChange = ["activeDeadlineSeconds", "containers", "initContainers", "schedulingGates", "tolerations"];
  const specFields = Object.keys(podSpec().shape).filter((field) => !mayChange.includes(field));
  const containerFields = Object.keys(container().shape).filter((field) => field !== "image");
  assert.ok(specFields.length > 35 && containerFields.length > 20);
  for (const [fields, inContainer] of [[specFields, false], [containerFields, true]] as const) {
    for (const field of fields) {
      const errors = changed(base, field, inContainer);
      assert.equal(errors.length, 1, field);
      assert.ok(errors[0].startsWith(updatable), `${field}: ${errors[0]}`);
      assert.match(errors[0], new RegExp(`^[+] \\t+${field}: `, "im"), field);
    }
  }
});

Deno.test("a refusal shows what is the same only by its number", () => {
  const old = { dnsPolicy: "A", list: [{ a: 1 }, { b: 2 }, { c: 3 }], gone: { x: "y" } };
  const now = { dnsPolicy: "A", list: [{ a: 1 }, { b: 3 }, { c: 3 }], tty: true };
  assert.equal(
    valueDiff("core.T", old, now),
    [
      "  core.T{",
      "  \t... // 1 identical field",
      "  \tList: {",
      "  \t\t... // 1 identical field",
      "  \t\t{",
      "- \t\t\tB: 2,",
      "+ \t\t\tB: 3,",
      "  \t\t},",
      "  \t\t... // 1 identical element",
      "  \t},",
      '- \tGone: {X: "y"},',
      "+ \tGone: nil,",
      "- \tTTY: nil,",
      "+ \tTTY: true,",
      "  }",
      "",
    ].join("\n"),
  );
});

Deno.test("a pod's containers stay as many, and its deadline is only ever brought forward", () => {
  const base = pod({ initContainers: [{ name: "i", image: "i" }], activeDeadlineSeconds: 100 });
  const refused: [(copy: Pod) => void, string][] = [
    [
      (copy) => copy.spec.containers.push({ name: "b", image: "b" }),
      "spec.containers: Forbidden: pod updates may not add or remove containers",
    ],
    [
      (copy) => copy.spec.initContainers = [],
      "spec.initContainers: Forbidden: pod updates may not add or remove containers",
    ],
    [
      (copy) => copy.spec.activeDeadlineSeconds = 101,
      "spec.activeDeadlineSeconds: Invalid value: 101: must be less than or equal to previous value",
    ],
    [
      (copy) => delete copy.spec.activeDeadlineSeconds,
      "spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value",
    ],
  ];
  for (const [edit, error] of refused) assert.deepEqual(edited(base, edit), [error]);
});

Deno.test("tolerations only come and gates only go", () => {
  const base = pod({ tolerations: [{ key: "a", operator: "Exists" }], schedulingGates: [{ name: "g" }] });
  const kept = "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds";
  assert.deepEqual(edited(base, (copy) => copy.spec.tolerations = []), [kept]);
  assert.deepEqual(edited(base, (copy) => copy.spec.tolerations![0].key = "b"), [kept]);
  assert.deepEqual(edited(base, (copy) => copy.spec.schedulingGates!.push({ name: "h" })), [
    "spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'h'",
  ]);
  assert.deepEqual(edited(base, (copy) => delete copy.spec.schedulingGates), []);
});

Deno.test("a gated pod may be narrowed to fewer nodes, never widened", () => {
  const term = (...values: string[]) => ({ matchExpressions: [{ key: "k", operator: "In", values }] });
  const affinity = (...terms: Loose[]) => ({
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
  });
  const gates = [{ name: "g" }];
  const base = pod({ schedulingGates: gates, nodeSelector: { a: "b" }, affinity: affinity(term("x")) });
  assert.deepEqual(edited(base, (copy) => copy.spec.nodeSelector = { a: "b", c: "d" }), []);
  assert.deepEqual(edited(base, (copy) => copy.spec.nodeSelector = { a: "c" }), [
    `spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)`,
  ]);
  const terms = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
  const narrowed = affinity({ matchExpressions: [...term("x").matchExpressions, ...term("y").matchExpressions] });
  assert.deepEqual(edited(base, (copy) => copy.spec.affinity = narrowed), []);
  assert.deepEqual(edited(base, (copy) => copy.spec.affinity = affinity(term("x"), term("y"))), [
    `${terms}: Invalid value: ${
      JSON.stringify([term("x"), term("y")])
    }: no additions/deletions to non-empty NodeSelectorTerms list are allowed`,
  ]);
  assert.deepEqual(edited(base, (copy) => copy.spec.affinity = affinity(term("y"))), [
    `${terms}[0]: Invalid value: ${JSON.stringify(term("y"))}: only additions are allowed (no mutations or deletions)`,
  ]);
  const free = pod({ schedulingGates: gates });
  assert.deepEqual(edited(free, (copy) => copy.spec.affinity = affinity(term("x"))), []);
  const other = edited(free, (copy) => copy.spec.affinity = { ...affinity(term("x")), podAffinity: {} });
  assert.ok(other[0].startsWith(updatable), other[0]);
  const open = pod({ nodeSelector: { a: "b" } });
  const moved = edited(open, (copy) => copy.spec.nodeSelector = { a: "b", c: "d" });
  assert.ok(moved[0].startsWith(updatable), moved[0]);
});

Deno.test("a new pod has no ephemeral containers, and no node while it is gated", () => {
  const fresh = pod({ schedulingGates: [{ name: "g" }], nodeName: "n" });
  fresh.spec.ephemeralContainers = [{ name: "e", image: "e" }];
  const errors = new FieldErrors();
  validateCreate(fresh, errors);
  assert.deepEqual(errors.errors.map(fieldErrorText), [
    "spec.ephemeralContainers: Forbidden: cannot be set on create",
    "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
  ]);
});

Deno.test("ephemeral containers are only ever added", () => {
  const base = pod();
  base.spec.ephemeralContainers = [{ name: "e", image: "e" }];
  const check = validateEphemeralContainersUpdate as Check;
  assert.deepEqual(edited(base, (copy) => copy.spec.ephemeralContainers!.unshift({ name: "f", image: "f" }), check), [
    'spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be changed\n' +
    "  core.EphemeralContainer{\n  \t... // 2 identical fields\n- \tResources: nil,\n+ \tResources: {},\n" +
    '- \tImagePullPolicy: nil,\n+ \tImagePullPolicy: "Always",\n' +
    '- \tTerminationMessagePath: nil,\n+ \tTerminationMessagePath: "/dev/termination-log",\n' +
    '- \tTerminationMessagePolicy: nil,\n+ \tTerminationMessagePolicy: "File",\n  }\n',
  ]);
  defaultObject(base);
  assert.deepEqual(
    edited(base, (copy) => copy.spec.ephemeralContainers!.unshift({ name: "f", image: "f" }), check),
    [],
  );
  assert.deepEqual(edited(base, (copy) => copy.spec.ephemeralContainers = [], check), [
    'spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be removed\n',
  ]);
});

Deno.test("a status never brings a finished container back, and the QoS class stays", () => {
  const terminated = { state: { terminated: { exitCode: 0 } } };
  const status = (name: string, more: object) => ({
    name,
    ready: false,
    restartCount: 0,
    image: "",
    imageID: "",
    ...more,
  });
  const base = pod({
    restartPolicy: "OnFailure",
    initContainers: [{ name: "side", image: "s", restartPolicy: "Always" }],
  });
  base.status = {
    qosClass: "BestEffort",
    containerStatuses: [status("web", terminated), status("b", { state: { terminated: { exitCode: 1 } } })],
    initContainerStatuses: [status("side", terminated)],
    ephemeralContainerStatuses: [status("e", terminated)],
  };
  const running = { running: {} };
  assert.deepEqual(
    edited(base, ({ status }) => {
      status!.qosClass = "Burstable";
      status!.conditions = [{ type: "Ready", status: "True" }, { type: "a b", status: "True" }];
      status!.containerStatuses![0].state = running;
      status!.containerStatuses![1].state = running;
      status!.initContainerStatuses![0].state = running;
      status!.ephemeralContainerStatuses![0].state = running;
      status!.podIPs = [{ ip: "1.2.3" }];
    }, validateStatusUpdate).map((error) => error.split(" (e.g.")[0]),
    [
      `metadata.conditions[1].Type: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
      `status.qosClass: Invalid value: "Burstable": ${immutable}`,
      "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state",
      "status.ephemeralContainerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state",
      `status.podIPs[0]: Invalid value: "1.2.3": must be a valid IP address,`,
    ],
  );
});

Deno.test("resize changes cpu and memory of containers and sidecars, within the pod's QoS class", () => {
  const qos = ({ spec: { containers } }: Pod) => containers[0].resources?.limits?.cpu ? "Guaranteed" : "Burstable";
  const check: Check = (object, current, errors) => validateResize(object as Pod, current as Pod, qos, errors);
  const amounts = () => ({ requests: { cpu: "1", memory: "64Mi" }, limits: { memory: "64Mi" } });
  const side = { name: "s", image: "s", restartPolicy: "Always", resources: amounts() };
  const base = pod({ initContainers: [side, { name: "i", image: "i" }] }, {
    resources: amounts(),
    resizePolicy: [{ resourceName: "cpu", restartPolicy: "NotRequired" }],
  });
  const of = (edit: (copy: Pod) => void, from = base) => edited(from, edit, check);
  const first = (copy: Pod) => copy.spec.containers[0];
  assert.deepEqual(
    of((copy) => {
      first(copy).resources!.requests!.cpu = "2";
      first(copy).resources!.limits!.memory = "65Mi";
      copy.spec.initContainers![0].resources!.requests!.cpu = "2";
    }),
    [],
  );
  const cases: [string, (copy: Pod) => void, string[]][] = [
    // the node sees to it that what is in use is not taken away
    ["a smaller memory limit", (copy) => first(copy).resources!.limits!.memory = "63Mi", []],
    [
      "amounts taken away",
      (copy) => first(copy).resources = { requests: { cpu: "1" }, limits: {} },
      [
        "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
        "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed",
      ],
    ],
    [
      "another class",
      (copy) => first(copy).resources!.limits!.cpu = "1",
      [`spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing`],
    ],
    ["another image", (copy) => first(copy).image = "web:2", [
      "spec: Forbidden: only cpu and memory resources are mutable",
    ]],
    ["another policy", (copy) => first(copy).resizePolicy = [], [
      "spec: Forbidden: only cpu and memory resources are mutable",
    ]],
    ["another resource", (copy) => first(copy).resources!.limits!["a.b/c"] = "1", [
      "spec: Forbidden: only cpu and memory resources are mutable",
    ]],
    ["a sidecar's image", (copy) => copy.spec.initContainers![0].image = "t", [
      "spec: Forbidden: only cpu and memory resources for sidecar containers are mutable",
    ]],
    ["an init container", (copy) => copy.spec.initContainers![1].resources = { limits: { cpu: "1" } }, [
      "spec: Forbidden: resources for non-sidecar init containers are immutable",
    ]],
    ["the pod", (copy) => copy.spec.hostNetwork = true, ["spec: Forbidden: only cpu and memory resources are mutable"]],
    ["more containers", (copy) => copy.spec.containers.push({ name: "b", image: "b" }), [
      "spec: Forbidden: only cpu and memory resources are mutable",
    ]],
  ];
  for (const [name, edit, errors] of cases) assert.deepEqual(of(edit), errors, name);
  const limitless = pod({}, { resources: { requests: { cpu: "1" } } });
  assert.deepEqual(of((copy) => first(copy).resources!.limits = { memory: "1Gi" }, limitless), []);
  const restarting = pod({}, {
    resources: amounts(),
    resizePolicy: [{ resourceName: "memory", restartPolicy: "RestartContainer" }],
  });
  assert.deepEqual(
    of(
      (copy) => first(copy).resources = { requests: { cpu: "1", memory: "1Mi" }, limits: { memory: "1Mi" } },
      restarting,
    ),
    [],
  );
  const whole = pod({ resources: { limits: { cpu: "4" } } });
  assert.deepEqual(of((copy) => first(copy).resources = { limits: { cpu: "1" } }, whole), [
    "Forbidden: pods with pod-level resources cannot be resized",
  ]);
});

const meta = { name: "x", namespace: "default", uid: "u", creationTimestamp: "2026-01-01T00:00:00Z", generation: 2 };

Deno.test("an object keeps its name, identity and times", () => {
  const base = stored({ apiVersion: "v1", kind: "ConfigMap" }, { metadata: { ...meta } });
  const edits: Loose = {
    name: "y",
    namespace: "other",
    uid: "v",
    creationTimestamp: "2026-01-02T00:00:00Z",
    deletionTimestamp: "2026-01-02T00:00:00Z",
    deletionGracePeriodSeconds: 5,
  };
  for (const [field, value] of Object.entries(edits)) {
    assert.deepEqual(edited(base, (copy) => Object.assign(copy.metadata, { [field]: value })), [
      `metadata.${field}: Invalid value: ${JSON.stringify(value)}: ${immutable}`,
    ]);
  }
  assert.deepEqual(edited(base, (copy) => copy.metadata.generation = 1), [
    "metadata.generation: Invalid value: 1: must not be decremented",
  ]);
});

const claimSpec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "2Gi" } } };
const service = (spec: Loose) => ({ apiVersion: "v1", kind: "Service", spec: { ports: [{ port: 80 }], ...spec } });
const rbac = "rbac.authorization.k8s.io/v1";
const sealed = "Forbidden: field is immutable when `immutable` is set";

/** Kind, object, edit, errors (first lines). */
const cases: [name: string, value: Loose, edit: (copy: Loose) => void, errors: string[]][] = [
  [
    "ConfigMap: sealed",
    { apiVersion: "v1", kind: "ConfigMap", immutable: true, data: { a: "1" }, binaryData: { b: "AA==" } },
    (copy) => Object.assign(copy, { immutable: false, data: { a: "2" }, binaryData: {} }),
    [`immutable: ${sealed}`, `data: ${sealed}`, `binaryData: ${sealed}`],
  ],
  [
    "ConfigMap: not sealed",
    { apiVersion: "v1", kind: "ConfigMap", data: { a: "1" } },
    (copy) => Object.assign(copy, { immutable: true, data: { a: "2" } }),
    [],
  ],
  [
    "Secret: sealed, and its type",
    { apiVersion: "v1", kind: "Secret", immutable: true, data: { a: "AA==" } },
    (copy) => Object.assign(copy, { type: "x/y", data: {} }),
    [`type: Invalid value: "x/y": ${immutable}`, `data: ${sealed}`],
  ],
  [
    "Service: its address",
    service({ clusterIP: "10.96.0.1", clusterIPs: ["10.96.0.1"], ipFamilies: ["IPv4"] }),
    (copy) => Object.assign(copy.spec as Loose, { clusterIPs: ["10.96.0.2"], ipFamilies: ["IPv6"] }),
    [
      'spec.clusterIPs[0]: Invalid value: ["10.96.0.2"]: may not change once set',
      'spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set',
    ],
  ],
  [
    "Service: its address taken away",
    service({ clusterIP: "10.96.0.1", clusterIPs: ["10.96.0.1"] }),
    (copy) => Object.assign(copy.spec as Loose, { clusterIP: "", clusterIPs: [] }),
    ["spec.clusterIPs[0]: Invalid value: []: primary clusterIP can not be unset"],
  ],
  [
    "Service: the second address given back",
    service({
      clusterIP: "10.96.0.1",
      clusterIPs: ["10.96.0.1", "fd00::1"],
      ipFamilies: ["IPv4", "IPv6"],
      ipFamilyPolicy: "RequireDualStack",
    }),
    (copy) => Object.assign(copy.spec as Loose, { clusterIPs: ["10.96.0.1"], ipFamilies: ["IPv4"] }),
    [
      `spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be set to 'SingleStack' when releasing the secondary clusterIP`,
      `spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be set to 'SingleStack' when releasing the secondary ipFamily`,
    ],
  ],
  [
    "Service: becoming an ExternalName",
    service({ clusterIP: "10.96.0.1", clusterIPs: ["10.96.0.1"] }),
    (copy) => copy.spec = { type: "ExternalName", externalName: "a.b" },
    [],
  ],
  [
    "Service: becoming headless",
    service({ clusterIP: "10.96.0.1", clusterIPs: ["10.96.0.1"] }),
    (copy) => Object.assign(copy.spec as Loose, { clusterIP: "None", clusterIPs: ["None"] }),
    ['spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set'],
  ],
  ["Service: ports and selector", service({ clusterIP: "10.96.0.1" }), (copy) => {
    Object.assign(copy.spec as Loose, { ports: [{ port: 81 }], selector: { a: "b" }, type: "NodePort" });
  }, []],
  [
    "Service: a balancer's class and health check",
    service({
      type: "LoadBalancer",
      externalTrafficPolicy: "Local",
      healthCheckNodePort: 30000,
      loadBalancerClass: "a/b",
    }),
    (copy) => Object.assign(copy.spec as Loose, { loadBalancerClass: "a/c", healthCheckNodePort: 30001 }),
    [
      'spec.loadBalancerClass: Invalid value: "a/c": may not change once set',
      "spec.healthCheckNodePort: Forbidden: field is immutable",
    ],
  ],
  [
    "PersistentVolume: its source",
    {
      apiVersion: "v1",
      kind: "PersistentVolume",
      spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/a" } },
    },
    (copy) =>
      Object.assign(copy.spec as Loose, {
        hostPath: { path: "/b" },
        volumeMode: "Block",
        capacity: { storage: "2Gi" },
      }),
    [
      "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation",
      `volumeMode: Invalid value: "Block": ${immutable}`,
    ],
  ],
  [
    "PersistentVolumeClaim: anything but its size",
    { apiVersion: "v1", kind: "PersistentVolumeClaim", spec: { ...claimSpec, storageClassName: "a", volumeName: "v" } },
    (copy) => Object.assign(copy.spec as Loose, { storageClassName: "b", volumeName: "w", volumeMode: "Block" }),
    [
      "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
      `volumeMode: Invalid value: "Block": ${immutable}`,
    ],
  ],
  [
    "PersistentVolumeClaim: unbound, it cannot grow",
    { apiVersion: "v1", kind: "PersistentVolumeClaim", spec: claimSpec },
    (copy) => (copy.spec as Loose).resources = { requests: { storage: "3Gi" } },
    [
      "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
    ],
  ],
  [
    "PersistentVolumeClaim: binding it",
    { apiVersion: "v1", kind: "PersistentVolumeClaim", spec: claimSpec },
    (copy) => Object.assign(copy.spec as Loose, { volumeName: "v", storageClassName: "a" }),
    [],
  ],
  [
    "RoleBinding: its role",
    { apiVersion: rbac, kind: "RoleBinding", roleRef: { kind: "Role", name: "a" } },
    (copy) => (copy.roleRef as Loose).name = "b",
    [
      'roleRef: Invalid value: {"kind":"Role","name":"b","apiGroup":"rbac.authorization.k8s.io"}: cannot change roleRef',
    ],
  ],
  [
    "ClusterRoleBinding: its subjects",
    { apiVersion: rbac, kind: "ClusterRoleBinding", roleRef: { kind: "ClusterRole", name: "a" } },
    (copy) => copy.subjects = [{ kind: "User", name: "u" }],
    [],
  ],
  [
    "PriorityClass: its value",
    { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", value: 5 },
    (copy) => Object.assign(copy, { value: 6, preemptionPolicy: "Never", description: "d" }),
    [
      "value: Forbidden: may not be changed in an update.",
      `preemptionPolicy: Invalid value: "Never": ${immutable}`,
    ],
  ],
  [
    "RuntimeClass: its handler",
    { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", handler: "a" },
    (copy) => copy.handler = "b",
    [`handler: Invalid value: "b": ${immutable}`],
  ],
  [
    "EndpointSlice: its sort of addresses",
    { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4", endpoints: [] },
    (copy) => copy.addressType = "IPv6",
    [`addressType: Invalid value: "IPv6": ${immutable}`],
  ],
];

for (const [name, value, edit, expected] of cases) {
  Deno.test(`an update of a ${name}`, () => {
    const errors = edited(stored(value), (copy) => edit(copy as unknown as Loose));
    assert.deepEqual(errors.map((error) => error.split("\n")[0]), expected);
  });
}

Deno.test("a bound claim grows and never shrinks", () => {
  const bound = stored({ apiVersion: "v1", kind: "PersistentVolumeClaim", spec: claimSpec }, {
    status: { phase: "Bound", capacity: { storage: "2Gi" } },
  });
  const size = (storage: string) => (copy: AnyObject) =>
    (copy as unknown as { spec: Loose }).spec.resources = { requests: { storage } };
  assert.deepEqual(edited(bound, size("3Gi")), []);
  assert.deepEqual(edited(bound, size("1Gi")), [
    "spec.resources.requests.storage: Forbidden: field can not be less than previous value",
  ]);
});

Deno.test("a volume's node affinity stays once it is there", () => {
  const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: "k", operator: "Exists" }] }] };
  const volume = (more: Loose) =>
    stored({
      apiVersion: "v1",
      kind: "PersistentVolume",
      spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/a" }, ...more },
    });
  const set = (copy: AnyObject) =>
    Object.assign((copy as unknown as { spec: Loose }).spec, { nodeAffinity: { required } });
  const unset = (copy: AnyObject) => delete (copy as unknown as { spec: Loose }).spec.nodeAffinity;
  assert.deepEqual(edited(volume({}), set), []);
  assert.deepEqual(edited(volume({ nodeAffinity: { required } }), unset), [
    `nodeAffinity: Invalid value: null: ${immutable}`,
  ]);
});

Deno.test("a node keeps its ranges and provider, and may get taints and labels", () => {
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { ...meta },
    spec: { podCIDR: "10.244.0.0/24", podCIDRs: ["10.244.0.0/24"], providerID: "a://b" },
    status: { addresses: [{ type: "InternalIP", address: "10.0.0.1" }] },
  } as unknown as AnyObject & { kind: "Node" };
  assert.deepEqual(
    edited(node, (copy) => {
      copy.metadata.labels = { a: "b" };
      copy.spec.unschedulable = true;
      copy.spec.taints = [{ key: "a", effect: "NoSchedule" }];
    }),
    [],
  );
  assert.deepEqual(
    edited(node, (copy) => {
      copy.spec.podCIDRs = ["10.245.0.0/24"];
      copy.spec.providerID = "c://d";
      copy.spec.externalID = "e";
      copy.status!.addresses!.push({ type: "InternalIP", address: "10.0.0.1" });
    }),
    [
      'status.addresses[1]: Duplicate value: {"type":"InternalIP","address":"10.0.0.1"}',
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
      "spec.externalID: Forbidden: may not be updated",
    ],
  );
});

Deno.test("a namespace's phase follows its deletion, a Service's ingress its type", () => {
  const namespace = stored({ apiVersion: "v1", kind: "Namespace" });
  const phase = (value: string) => (copy: AnyObject) => Object.assign(copy, { status: { phase: value } });
  assert.deepEqual(edited(namespace, phase("Active"), validateStatusUpdate), []);
  assert.deepEqual(edited(namespace, phase("Terminating"), validateStatusUpdate), [
    "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty",
  ]);
  const going = stored({ apiVersion: "v1", kind: "Namespace" }, {
    metadata: { ...meta, deletionTimestamp: meta.creationTimestamp },
  });
  assert.deepEqual(edited(going, phase("Terminating"), validateStatusUpdate), []);
  assert.deepEqual(edited(going, phase("Active"), validateStatusUpdate), [
    "status.Phase: Invalid value: \"Active\": may only be 'Terminating' if `deletionTimestamp` is not empty",
  ]);
  const ingress = (copy: AnyObject) =>
    Object.assign(copy, { status: { loadBalancer: { ingress: [{ ip: "1.1.1.1" }] } } });
  assert.deepEqual(edited(stored(service({})), ingress, validateStatusUpdate), [
    "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
  ]);
  assert.deepEqual(edited(stored(service({ type: "LoadBalancer" })), ingress, validateStatusUpdate), []);
});

Deno.test("an event in the newer form goes on in its series alone", () => {
  const event = toEventsEvent({
    apiVersion: "v1",
    kind: "Event",
    metadata: { ...meta },
    involvedObject: { kind: "Pod", name: "p", namespace: "default" },
    reason: "Started",
    message: "m",
  });
  assert.deepEqual(edited(event, (copy) => copy.series = { count: 2, lastObservedTime: meta.creationTimestamp }), []);
  assert.deepEqual(edited(event, (copy) => copy.note = "n"), [`note: Invalid value: "n": ${immutable}`]);
});
