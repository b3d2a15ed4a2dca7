import assert from "node:assert/strict";
import { decodeObject } from "./decode.ts";
import { errorsOf, podValue, warningsOf } from "./testing.ts";

Deno.test("decodeObject() names a kind that it does not know, and what there is instead", () => {
  assert.deepEqual(errorsOf({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "x" } }), [
    `kind: no kind "Deployment" is registered for version "apps/v1": a control plane's controllers make its pods, and this node is on its own; write a Pod with what spec.template has`,
  ]);
  assert.deepEqual(errorsOf({ apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "x" } }), [
    `kind: no kind "Ingress" is registered for version "networking.k8s.io/v1": supported kinds: Pod, ConfigMap, Secret, Service, Endpoints, EndpointSlice, PersistentVolume, PersistentVolumeClaim, Namespace, ServiceAccount, Role, RoleBinding, ClusterRole, ClusterRoleBinding, PriorityClass, RuntimeClass`,
  ]);
  assert.deepEqual(errorsOf({ apiVersion: "v1beta1", kind: "Pod" }), [
    `apiVersion: no kind "Pod" is registered for version "v1beta1": Pod is of apiVersion v1`,
  ]);
  assert.deepEqual(errorsOf({ metadata: {} }), ["apiVersion: Required value", "kind: Required value"]);
  for (const value of [5, "text", [podValue()], null]) {
    assert.match(errorsOf(value)[0], /must be a mapping with apiVersion and kind$/);
  }
});

Deno.test("decodeObject() says of every type what it should be", () => {
  const pod = podValue({
    hostNetwork: "yes",
    volumes: {},
    nodeSelector: { a: 1 },
    securityContext: [],
    terminationGracePeriodSeconds: 1.5,
    tolerations: ["x"],
  }, { command: "sleep", args: [5, true, {}], ports: [{ containerPort: "80" }], resources: { limits: { cpu: true } } });
  assert.deepEqual(errorsOf(pod).sort(), [
    `spec.containers[0].args[0]: Invalid value: 5: must be a string, not a number: put it in quotes`,
    `spec.containers[0].args[1]: Invalid value: true: must be a string, not a boolean: put it in quotes`,
    `spec.containers[0].args[2]: Invalid value: "mapping": must be a string`,
    `spec.containers[0].command: Invalid value: "sleep": must be a list`,
    `spec.containers[0].ports[0].containerPort: Invalid value: "80": must be an integer`,
    `spec.containers[0].resources.limits[cpu]: Invalid value: true: must be a quantity: a string or a number`,
    `spec.hostNetwork: Invalid value: "yes": must be true or false`,
    `spec.nodeSelector.a: Invalid value: 1: must be a string, not a number: put it in quotes`,
    `spec.securityContext: Invalid value: "list": must be a mapping`,
    `spec.terminationGracePeriodSeconds: Invalid value: 1.5: must be an integer`,
    `spec.tolerations[0]: Invalid value: "x": must be a mapping`,
    `spec.volumes: Invalid value: "mapping": must be a list`,
  ]);
});

Deno.test("decodeObject() names what is missing once, at the highest place", () => {
  assert.deepEqual(errorsOf({ apiVersion: "v1", kind: "Pod" }), [
    "metadata.name: Required value: name or generateName is required",
    "spec.containers: Required value",
  ]);
  assert.deepEqual(errorsOf({ apiVersion: "v1", kind: "Pod", metadata: { name: "x" }, spec: { containers: [{}] } }), [
    "spec.containers[0].name: Required value",
    "spec.containers[0].image: Required value",
  ]);
  const owner = podValue();
  owner.metadata = { name: "x", ownerReferences: [{ kind: "Node", name: "n", uid: "u" }] };
  assert.deepEqual(errorsOf(owner), [
    `metadata.ownerReferences[0].apiVersion: Invalid value: "": version must not be empty`,
  ]);
  const seccomp = podValue({ securityContext: { seccompProfile: {} } });
  assert.deepEqual(errorsOf(seccomp), ["spec.securityContext.seccompProfile.type: Required value"]);
});

Deno.test("decodeObject() reports unknown fields at every depth: errors when strict, else warnings without effect", () => {
  const pod = { ...podValue({ imagePullSecret: [] }, { ports: [{ containerPort: 80, hostport: 8080 }] }), extra: 1 };
  const unknown = [
    `extra: unknown field "extra"`,
    `spec.containers[0].ports[0].hostport: unknown field "hostport" (did you mean "hostPort"?)`,
    `spec.imagePullSecret: unknown field "imagePullSecret" (did you mean "imagePullSecrets"?)`,
  ];
  assert.deepEqual(errorsOf(pod, { strict: true }).sort(), unknown);
  assert.deepEqual(errorsOf(pod, {}), []);
  assert.deepEqual(warningsOf(pod).sort(), unknown);
  assert.equal(JSON.stringify(decodeObject(structuredClone(pod)).object).includes("hostport"), false);
});

Deno.test("decodeObject() takes null for absent, and for an empty string in maps of strings", () => {
  const pod = podValue({ volumes: null, nodeSelector: { disk: null } }, { command: null, ports: null });
  pod.metadata = { name: "web", labels: { a: null }, creationTimestamp: null };
  const { object, problems } = decodeObject(pod, { manifest: true });
  assert.deepEqual(problems.errors, []);
  assert.deepEqual(object?.metadata.labels, { a: "" });
  assert.ok(object?.kind === "Pod");
  assert.deepEqual(object.spec.nodeSelector, { disk: "" });
  assert.equal("command" in object.spec.containers[0], false);
  assert.equal("volumes" in object.spec, false);
});

Deno.test("decodeObject() takes an empty word for an unset one", () => {
  const { object } = decodeObject(podValue({ restartPolicy: "", dnsPolicy: "" }, { imagePullPolicy: "" }));
  assert.ok(object?.kind === "Pod");
  assert.equal(object.spec.restartPolicy, "Always");
  assert.equal(object.spec.dnsPolicy, "ClusterFirst");
  assert.equal(object.spec.containers[0].imagePullPolicy, "IfNotPresent");
});

Deno.test("decodeObject() tells whom the problems are about", () => {
  const pod = podValue({ containers: [] });
  pod.metadata = { name: "web", namespace: "shop" };
  assert.deepEqual(decodeObject(pod).identity, { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web" });
});

Deno.test("decodeObject() warns of what is probably not meant", () => {
  const pod = podValue({ priorityClassName: "mine" }, {
    env: [{ name: "A", value: "1" }, { name: "A", value: "2" }],
    resources: { requests: { memory: "100m" } },
  });
  assert.deepEqual(warningsOf(pod), [
    "spec.priorityClassName: no PriorityClass with name mine was found: priority is 0",
    `spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply`,
    `spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer`,
  ]);
});
