import assert from "node:assert/strict";
import type { ConfigMap, Container, EnvVar, Secret } from "../objects/mod.ts";
import { box, podOf, sidecar } from "../resources/testing.ts";
import { type EnvironmentContext, resolveEnvironment } from "./environment.ts";
import { ContainerConfigError } from "./errors.ts";

const Mi = 2 ** 20;
const configMaps: Record<string, ConfigMap["data"]> = {
  settings: { COLOUR: "blue", SIZE: "9", "log.level": "debug", "1st": "yes" },
  more: { COLOUR: "red" },
  bad: { "a=b": "x", "tab\t": "x", GOOD: "x" },
};
const secrets: Record<string, Secret["data"]> = {
  login: { USER: btoa("admin"), PASSWORD: btoa("hunter2") },
  binary: { KEY: btoa("\xff\xfe") },
  broken: { KEY: "%%%" },
};

const context: EnvironmentContext = {
  nodeName: "edge-1",
  hostIPs: ["192.168.1.5", "fd00::5"],
  podIPs: ["10.244.0.7", "fd10::7"],
  allocatable: { cpu: 1900, memory: 1000 * Mi, "ephemeral-storage": 5000 },
  serviceEnv: { KUBERNETES_SERVICE_HOST: "10.96.0.1", COLOUR: "service" },
  configMap: (name) =>
    configMaps[name] &&
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: configMaps[name] },
  secret: (name) => secrets[name] && { apiVersion: "v1", kind: "Secret", metadata: { name }, data: secrets[name] },
};

const labels = { app: "web", "example.com/tier": "front" };
const annotations = { note: 'two\n"lines"' };

/** The environment without the services' part. */
function resolve(container: Partial<Container>, spec = {}, more: Partial<EnvironmentContext> = {}) {
  const whole: Container = box("web", { cpu: "250m", memory: "64Mi" }, { cpu: "1500m" }, container);
  const pod = podOf([whole], { serviceAccountName: "robot", ...spec }, { labels, annotations });
  const { values, warnings } = resolveEnvironment(pod, whole, { ...context, serviceEnv: {}, ...more });
  return { values: Object.fromEntries(values), warnings };
}

const value = (name: string, value: string): EnvVar => ({ name, value });
const field = (fieldPath: string): EnvVar => ({ name: "V", valueFrom: { fieldRef: { fieldPath } } });
const resource = (resource: string, divisor?: string, containerName?: string): EnvVar => ({
  name: "V",
  valueFrom: { resourceFieldRef: { resource, divisor, containerName } },
});

const environments: [string, Partial<Container>, Record<string, string>][] = [
  ["is empty for a container that sets nothing", {}, {}],
  ["keeps plain values, empty ones too", { env: [value("A", "1"), value("B", "")] }, { A: "1", B: "" }],
  ["lets a later variable of one name win", { env: [value("A", "1"), value("A", "2")] }, { A: "2" }],
  [
    "expands references to variables above, not below",
    { env: [value("A", "1"), value("B", "$(A)$(C)"), value("C", "3")] },
    { A: "1", B: "1$(C)", C: "3" },
  ],
  [
    "takes all keys of a ConfigMap, also dotted ones and such that begin with a digit",
    { envFrom: [{ configMapRef: { name: "settings" } }] },
    { COLOUR: "blue", SIZE: "9", "log.level": "debug", "1st": "yes" },
  ],
  [
    "lets later sources win over earlier ones and env over all",
    {
      envFrom: [{ configMapRef: { name: "settings" } }, { configMapRef: { name: "more" } }],
      env: [value("SIZE", "10")],
    },
    { COLOUR: "red", SIZE: "10", "log.level": "debug", "1st": "yes" },
  ],
  [
    "expands references to what envFrom brought",
    { envFrom: [{ prefix: "P_", configMapRef: { name: "more" } }], env: [value("A", "$(P_COLOUR)")] },
    { P_COLOUR: "red", A: "red" },
  ],
  [
    "does not expand what sources bring",
    { envFrom: [{ secretRef: { name: "login" } }], env: [value("A", "$(USER)")] },
    { USER: "admin", PASSWORD: "hunter2", A: "admin" },
  ],
  [
    "passes over optional sources that are missing",
    {
      envFrom: [{ configMapRef: { name: "none", optional: true } }, { secretRef: { name: "none", optional: true } }],
      env: [
        { name: "A", valueFrom: { configMapKeyRef: { name: "none", key: "k", optional: true } } },
        { name: "B", valueFrom: { configMapKeyRef: { name: "more", key: "none", optional: true } } },
        { name: "C", valueFrom: { secretKeyRef: { name: "none", key: "k", optional: true } } },
        { name: "D", valueFrom: { secretKeyRef: { name: "login", key: "none", optional: true } } },
        value("E", "$(A)"),
      ],
    },
    { E: "$(A)" },
  ],
  [
    "takes single keys",
    {
      env: [
        { name: "A", valueFrom: { configMapKeyRef: { name: "more", key: "COLOUR" } } },
        { name: "B", valueFrom: { secretKeyRef: { name: "login", key: "USER" } } },
      ],
    },
    { A: "red", B: "admin" },
  ],
];

for (const [name, container, expected] of environments) {
  Deno.test(`resolveEnvironment() ${name}`, () => {
    const got = resolve(container);
    assert.deepEqual(got.values, expected);
    assert.deepEqual(got.warnings, []);
  });
}

Deno.test("resolveEnvironment() adds services where the container sets nothing, and expands references to them", () => {
  const env = [value("COLOUR", "own"), value("API", "https://$(KUBERNETES_SERVICE_HOST)")];
  const { values } = resolve({ env }, {}, { serviceEnv: context.serviceEnv });
  assert.deepEqual(values, { COLOUR: "own", API: "https://10.96.0.1", KUBERNETES_SERVICE_HOST: "10.96.0.1" });
});

Deno.test("resolveEnvironment() skips names that cannot be, with one event a source that names them", () => {
  const { values, warnings } = resolve({ envFrom: [{ prefix: "X_", configMapRef: { name: "bad" } }] });
  assert.deepEqual(values, { X_GOOD: "x" });
  assert.deepEqual(warnings, [{
    reason: "InvalidEnvironmentVariableNames",
    message: "Keys [X_a=b, X_tab\t] from the EnvFrom configMap shop/bad were skipped since they are considered " +
      "invalid environment variable names.",
  }]);
});

const failures: [string, Partial<Container>, string][] = [
  ["envFrom's ConfigMap is missing", { envFrom: [{ configMapRef: { name: "none" } }] }, 'configmap "none" not found'],
  ["envFrom's Secret is missing", { envFrom: [{ secretRef: { name: "none" } }] }, 'secret "none" not found'],
  [
    "a key's ConfigMap is missing",
    { env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "none", key: "k" } } }] },
    'configmap "none" not found',
  ],
  [
    "a ConfigMap lacks the key",
    { env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "more", key: "k" } } }] },
    "couldn't find key k in ConfigMap shop/more",
  ],
  [
    "a ConfigMap has the key only by inheritance",
    { env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "more", key: "toString" } } }] },
    "couldn't find key toString in ConfigMap shop/more",
  ],
  [
    "a Secret lacks the key",
    { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "login", key: "k" } } }] },
    "couldn't find key k in Secret shop/login",
  ],
  [
    "a Secret's value is not text",
    { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "binary", key: "KEY" } } }] },
    "Cannot set the environment from key KEY in Secret shop/binary: its value is not text",
  ],
  [
    "a Secret's value is not base64",
    { envFrom: [{ secretRef: { name: "broken" } }] },
    "Cannot set the environment from key KEY in Secret shop/broken: its value is not text",
  ],
  [
    "a file is the source",
    { env: [{ name: "A", valueFrom: { fileKeyRef: { volumeName: "v", path: "p", key: "k" } } }] },
    "Cannot set the environment from fileKeyRef: this node does not support it",
  ],
  ["a field is not one of the downward API", { env: [field("status.phase")] }, "unsupported fieldPath: status.phase"],
  ["a resource is not one", { env: [resource("limits.gpu")] }, "unsupported container resource : limits.gpu"],
  ["a container is not there", { env: [resource("limits.cpu", "1", "nobody")] }, "container nobody not found"],
];

for (const [name, container, message] of failures) {
  Deno.test(`resolveEnvironment() fails with CreateContainerConfigError when ${name}`, () => {
    assert.throws(() => resolve(container), (err) => {
      assert.ok(err instanceof ContainerConfigError);
      assert.equal(err.reason, "CreateContainerConfigError");
      assert.equal(err.message, message);
      return true;
    });
  });
}

const fields: [string, string][] = [
  ["metadata.name", "web"],
  ["metadata.namespace", "shop"],
  ["metadata.uid", "0c35bfc6-7dd7-44aa-a4b4-1b8d64a2c1f7"],
  ["metadata.labels['app']", "web"],
  ["metadata.labels['example.com/tier']", "front"],
  ["metadata.labels['none']", ""],
  ["metadata.labels['constructor']", ""],
  ["metadata.annotations['note']", 'two\n"lines"'],
  ["metadata.labels", 'app="web"\nexample.com/tier="front"'],
  ["metadata.annotations", 'note="two\\n\\"lines\\""'],
  ["spec.nodeName", "edge-1"],
  ["spec.serviceAccountName", "robot"],
  ["status.hostIP", "192.168.1.5"],
  ["status.hostIPs", "192.168.1.5,fd00::5"],
  ["status.podIP", "10.244.0.7"],
  ["status.podIPs", "10.244.0.7,fd10::7"],
];

for (const [path, expected] of fields) {
  Deno.test(`resolveEnvironment() reads ${path}`, () => {
    assert.deepEqual(resolve({ env: [field(path)] }).values, { V: expected });
  });
}

Deno.test("resolveEnvironment() gives a pod on the node's network the node's addresses for its own", () => {
  const { values } = resolve({ env: [field("status.podIPs")] }, { hostNetwork: true }, { podIPs: [] });
  assert.deepEqual(values, { V: "192.168.1.5,fd00::5" });
});

const resources: [string, EnvVar, string, object?][] = [
  ["a CPU limit in whole CPUs, rounded up", resource("limits.cpu"), "2"],
  ["a CPU limit in millicores", resource("limits.cpu", "1m"), "1500"],
  ["a CPU request with a divisor of zero as if it were one", resource("requests.cpu", "0"), "1"],
  ["a memory request in bytes", resource("requests.memory"), String(64 * Mi)],
  ["a memory request in MiB", resource("requests.memory", "1Mi"), "64"],
  ["a memory request rounded up to the divisor", resource("requests.memory", "100M"), "1"],
  ["the node's allocatable memory for a limit that is not set", resource("limits.memory", "1Mi"), "1000"],
  ["the node's allocatable storage for a limit that is not set", resource("limits.ephemeral-storage"), "5000"],
  ["the pod's own limit before the node's", resource("limits.memory", "1Mi"), "128", {
    resources: { limits: { memory: "128Mi" } },
  }],
  ["nothing for a request that is not set", resource("requests.ephemeral-storage"), "0"],
  ["nothing for huge pages that are not limited", resource("limits.hugepages-2Mi"), "0"],
  [
    "another container's amounts, a sidecar's too",
    resource("limits.memory", "1Mi", "mesh"),
    "10",
    { initContainers: [box("mesh", {}, { memory: "10Mi" }, sidecar)] },
  ],
];

for (const [name, variable, expected, spec] of resources) {
  Deno.test(`resolveEnvironment() reads ${name}`, () => {
    assert.deepEqual(resolve({ env: [variable] }, spec).values, { V: expected });
  });
}
