import assert from "node:assert/strict";
import type { Node, Pod } from "../objects/mod.ts";
import { Exposition } from "../telemetry/exposition.ts";
import { writeObjectMetrics } from "./object_metrics.ts";

const node = {
  metadata: { name: "edge-1", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { unschedulable: true },
  status: {
    nodeInfo: { kernelVersion: "6.1", osImage: "Debian", containerRuntimeVersion: "containerd://1.6", systemUUID: "s" },
    addresses: [{ type: "InternalIP", address: "192.0.2.7" }],
    conditions: [{ type: "Ready", status: "True" }, { type: "DiskPressure", status: "Unknown" }],
    capacity: { cpu: "2", memory: "1Gi", "hugepages-2Mi": "4Mi", pods: "110" },
    allocatable: { cpu: "1900m" },
  },
} as unknown as Node;

const pod = {
  metadata: { name: "web", namespace: "default", uid: "u1", creationTimestamp: "2026-01-02T00:00:00Z" },
  spec: {
    nodeName: "edge-1",
    containers: [{ name: "main", resources: { requests: { cpu: "100m" }, limits: { memory: "64Mi" } } }],
  },
  status: {
    phase: "Running",
    podIP: "10.244.0.2",
    conditions: [{ type: "Ready", status: "False" }],
    containerStatuses: [{
      name: "main",
      ready: false,
      restartCount: 4,
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { reason: "OOMKilled", exitCode: 137 } },
    }],
  },
} as unknown as Pod;

const refused = {
  metadata: { name: "big", namespace: "default", uid: "u2" },
  spec: { containers: [{ name: "main" }] },
  status: { phase: "Failed", reason: "OutOfcpu" },
} as unknown as Pod;

Deno.test("the page of objects has the node, its pods and their containers under kube-state-metrics' names", () => {
  const out = new Exposition("text");
  writeObjectMetrics(out, node, [pod, refused]);
  const text = out.text();
  const web = 'namespace="default",pod="web",uid="u1"';
  for (
    const line of [
      'kube_node_spec_unschedulable{node="edge-1"} 1',
      'kube_node_status_condition{node="edge-1",condition="Ready",status="true"} 1',
      'kube_node_status_condition{node="edge-1",condition="Ready",status="false"} 0',
      'kube_node_status_condition{node="edge-1",condition="DiskPressure",status="unknown"} 1',
      'kube_node_status_capacity{node="edge-1",resource="memory",unit="byte"} 1073741824',
      'kube_node_status_capacity{node="edge-1",resource="hugepages_2Mi",unit="byte"} 4194304',
      'kube_node_status_capacity{node="edge-1",resource="pods",unit="integer"} 110',
      'kube_node_status_allocatable{node="edge-1",resource="cpu",unit="core"} 1.9',
      `kube_pod_created{${web}} 1767312000`,
      `kube_pod_status_phase{${web},phase="Running"} 1`,
      `kube_pod_status_phase{${web},phase="Failed"} 0`,
      `kube_pod_status_ready{${web},condition="false"} 1`,
      'kube_pod_status_reason{namespace="default",pod="big",uid="u2",reason="OutOfcpu"} 1',
      `kube_pod_container_status_restarts_total{${web},container="main"} 4`,
      `kube_pod_container_status_waiting_reason{${web},container="main",reason="CrashLoopBackOff"} 1`,
      `kube_pod_container_status_last_terminated_reason{${web},container="main",reason="OOMKilled"} 1`,
      `kube_pod_container_resource_requests{${web},container="main",node="edge-1",resource="cpu",unit="core"} 0.1`,
      `kube_pod_container_resource_limits{${web},container="main",node="edge-1",resource="memory",unit="byte"} 67108864`,
    ]
  ) assert.ok(text.includes(`\n${line}\n`), `${line}\n${text}`);
  assert.match(text, /^kube_pod_info\{.*pod="web".*pod_ip="10\.244\.0\.2",node="edge-1"/m);
});

Deno.test("a node without pods that is not registered yet has an empty page of objects", () => {
  const out = new Exposition("text");
  writeObjectMetrics(out, undefined, []);
  assert.equal(out.text(), "");
});
