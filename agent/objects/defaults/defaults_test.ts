import assert from "node:assert/strict";
import type { Secret } from "../config_map.ts";
import type { Namespace } from "../namespace.ts";
import type { Pod } from "../pod.ts";
import type { EndpointSlice, Service } from "../service.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../storage.ts";
import { decoded, type Loose, podValue } from "../testing.ts";
import { defaultPullPolicy } from "./container.ts";

const pod = (spec: Loose = {}, container: Loose = {}) => decoded<Pod>(podValue(spec, container));

Deno.test("a small pod gets every default of the API server", () => {
  assert.deepEqual(pod(), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default" },
    spec: {
      containers: [{
        name: "web",
        image: "web:1",
        resources: {},
        imagePullPolicy: "IfNotPresent",
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
      }],
      dnsPolicy: "ClusterFirst",
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      securityContext: {},
      schedulerName: "default-scheduler",
      enableServiceLinks: true,
      tolerations: [{ operator: "Exists", effect: "NoExecute" }],
    },
  });
});

Deno.test("a pod that did not come from a manifest gets no tolerations and keeps its node and status", () => {
  const value = podValue({ nodeName: "other" });
  value.status = { phase: "Running" };
  const object = decoded<Pod>(value, {});
  assert.equal(object.spec.tolerations, undefined);
  assert.equal(object.spec.nodeName, "other");
  assert.deepEqual(object.status, { phase: "Running" });
});

Deno.test("a manifest made from a live pod loses what the system wrote", () => {
  const value = podValue({ nodeName: "other" });
  value.status = { phase: "Running", nonsense: true };
  value.metadata = {
    name: "web",
    uid: "u",
    resourceVersion: "5",
    creationTimestamp: null,
    deletionTimestamp: "2026-01-01T00:00:00Z",
    managedFields: [{ manager: "kubectl" }],
    generation: 3,
  };
  const object = decoded<Pod>(value);
  assert.deepEqual(object.metadata, { name: "web", namespace: "default" });
  assert.equal(object.spec.nodeName, undefined);
  assert.equal(object.status, undefined);
  assert.equal(decoded<Pod>(podValue(), { manifest: true, nodeName: "here" }).spec.nodeName, "here");
});

Deno.test("defaultPullPolicy() is Always for latest and for no tag", () => {
  const cases: Record<string, string> = {
    "nginx": "Always",
    "nginx:latest": "Always",
    "nginx:1.27": "IfNotPresent",
    "localhost:5000/nginx": "Always",
    "localhost:5000/nginx:1": "IfNotPresent",
    "r.io/a/b@sha256:00": "IfNotPresent",
    "r.io/a/b:latest@sha256:00": "IfNotPresent",
  };
  for (const [image, policy] of Object.entries(cases)) assert.equal(defaultPullPolicy(image), policy, image);
});

Deno.test("limits are requests too, and quantities become canonical", () => {
  const object = pod({}, { resources: { limits: { cpu: 0.5, memory: "1024Ki" }, requests: { memory: "512Ki" } } });
  assert.deepEqual(object.spec.containers[0].resources, {
    limits: { cpu: "500m", memory: "1Mi" },
    requests: { cpu: "500m", memory: "512Ki" },
  });
});

Deno.test("pod-level requests come from the containers, else from the pod's limits", () => {
  const object = pod({
    resources: { limits: { cpu: "2", memory: "64Mi" } },
    initContainers: [
      { name: "i", image: "i", resources: { requests: { cpu: "1500m" } } },
      { name: "s", image: "s", restartPolicy: "Always", resources: { requests: { cpu: "250m" } } },
    ],
  }, { resources: { requests: { cpu: "500m" } } });
  assert.deepEqual(object.spec.resources?.requests, { cpu: "1500m", memory: "64Mi" });
});

Deno.test("probes, hooks, ports and variables get their defaults", () => {
  const { spec } = pod({}, {
    ports: [{ containerPort: 80 }],
    livenessProbe: { httpGet: { port: "http" } },
    readinessProbe: { grpc: { port: 5 }, periodSeconds: 0, failureThreshold: 7 },
    lifecycle: { preStop: { httpGet: { port: 80, path: "/bye" } } },
    env: [
      { name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "B", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
    ],
  });
  const [container] = spec.containers;
  const counts = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
  assert.deepEqual(container.ports, [{ containerPort: 80, protocol: "TCP" }]);
  assert.deepEqual(container.livenessProbe, { httpGet: { port: "http", path: "/", scheme: "HTTP" }, ...counts });
  assert.deepEqual(container.readinessProbe, { grpc: { port: 5, service: "" }, ...counts, failureThreshold: 7 });
  assert.deepEqual(container.lifecycle, { preStop: { httpGet: { port: 80, path: "/bye", scheme: "HTTP" } } });
  assert.deepEqual(container.env?.map(({ valueFrom }) => valueFrom), [
    { fieldRef: { fieldPath: "metadata.name", apiVersion: "v1" } },
    { resourceFieldRef: { resource: "limits.cpu", divisor: "0" } },
  ]);
});

Deno.test("on the host's network every port is a host port", () => {
  const port = [{ containerPort: 80 }];
  const { spec } = pod({ hostNetwork: true, initContainers: [{ name: "i", image: "i", ports: port }] }, {
    ports: port,
  });
  assert.equal(spec.containers[0].ports?.[0].hostPort, 80);
  assert.equal(spec.initContainers?.[0].ports?.[0].hostPort, 80);
  assert.equal(pod({}, { ports: port }).spec.containers[0].ports?.[0].hostPort, undefined);
});

Deno.test("volumes get their modes; one without a source is an emptyDir", () => {
  const { spec } = pod({
    volumes: [
      { name: "a" },
      { name: "b", emptyDir: null },
      { name: "c", configMap: { name: "c" } },
      { name: "d", secret: { secretName: "s", defaultMode: 0o400 } },
      { name: "e", hostPath: { path: "/x" } },
      { name: "f", downwardAPI: { items: [{ path: "a", fieldRef: { fieldPath: "metadata.name" } }] } },
      { name: "g", emptyDir: { sizeLimit: "1024Mi" } },
    ],
  });
  assert.deepEqual(spec.volumes, [
    { name: "a", emptyDir: {} },
    { name: "b", emptyDir: {} },
    { name: "c", configMap: { name: "c", defaultMode: 420 } },
    { name: "d", secret: { secretName: "s", defaultMode: 256 } },
    { name: "e", hostPath: { path: "/x", type: "" } },
    {
      name: "f",
      downwardAPI: {
        items: [{ path: "a", fieldRef: { fieldPath: "metadata.name", apiVersion: "v1" } }],
        defaultMode: 420,
      },
    },
    { name: "g", emptyDir: { sizeLimit: "1Gi" } },
  ]);
});

Deno.test("system priority classes give their priority, the old name of serviceAccountName still works", () => {
  assert.equal(pod({ priorityClassName: "system-node-critical" }).spec.priority, 2_000_001_000);
  assert.equal("priority" in pod({ priorityClassName: "mine" }).spec, false);
  const { spec } = pod({ serviceAccount: "robot" });
  assert.deepEqual([spec.serviceAccountName, spec.serviceAccount], ["robot", "robot"]);
});

Deno.test("kubelet's toleration is not added twice", () => {
  const tolerations = [{ operator: "Exists", effect: "NoExecute" }];
  assert.deepEqual(pod({ tolerations }).spec.tolerations, tolerations);
  assert.equal(pod({ tolerations: [{ key: "a", operator: "Exists" }] }).spec.tolerations?.length, 2);
});

const meta = { name: "x" };
const namespaced = { name: "x", namespace: "default" };

Deno.test("a Secret's stringData goes into data, over what is there", () => {
  const value = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: meta,
    data: { a: "AA==", b: "AA==" },
    stringData: { a: "pä" },
  };
  assert.deepEqual(decoded<Secret>(value), {
    apiVersion: "v1",
    kind: "Secret",
    metadata: namespaced,
    data: { a: "cMOk", b: "AA==" },
    type: "Opaque",
  });
});

Deno.test("Services get their types, policies and target ports", () => {
  const service = (spec: Loose) => decoded<Service>({ apiVersion: "v1", kind: "Service", metadata: meta, spec }).spec;
  assert.deepEqual(service({ ports: [{ port: 80 }, { name: "b", port: 81, targetPort: "web" }].slice(0, 1) }), {
    ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
    type: "ClusterIP",
    sessionAffinity: "None",
    internalTrafficPolicy: "Cluster",
  });
  const ports = [{ port: 80, targetPort: "web" }];
  const node = service({ type: "NodePort", ports, sessionAffinity: "ClientIP" });
  assert.equal(node.externalTrafficPolicy, "Cluster");
  assert.equal(node.ports?.[0].targetPort, "web");
  assert.deepEqual(node.sessionAffinityConfig, { clientIP: { timeoutSeconds: 10800 } });
  assert.equal(service({ type: "LoadBalancer", ports }).allocateLoadBalancerNodePorts, true);
  assert.equal(service({ type: "ExternalName", externalName: "a.b" }).internalTrafficPolicy, undefined);
});

Deno.test("the other kinds get theirs", () => {
  const slice = decoded<EndpointSlice>({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: meta,
    addressType: "IPv4",
    ports: [{ port: 80 }],
  });
  assert.deepEqual(slice.ports, [{ port: 80, name: "", protocol: "TCP" }]);
  const volume = decoded<PersistentVolume>({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: meta,
    spec: { capacity: { storage: "1024Mi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/x" } },
  });
  assert.deepEqual(volume.metadata, meta);
  assert.deepEqual(volume.spec, {
    capacity: { storage: "1Gi" },
    accessModes: ["ReadWriteOnce"],
    hostPath: { path: "/x", type: "" },
    persistentVolumeReclaimPolicy: "Retain",
    volumeMode: "Filesystem",
  });
  const claim = decoded<PersistentVolumeClaim>({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: meta,
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1e3" } } },
  });
  assert.equal(claim.spec.volumeMode, "Filesystem");
  const namespace = decoded<Namespace>({ apiVersion: "v1", kind: "Namespace", metadata: meta });
  assert.deepEqual(namespace.metadata, { name: "x", labels: { "kubernetes.io/metadata.name": "x" } });
});
