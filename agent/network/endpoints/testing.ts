/** Services and pods for the tests of this room. */
import type { Pod, Service } from "../../objects/mod.ts";

export function testService(
  name: string,
  spec: Partial<Service["spec"]> = {},
  metadata: Partial<Service["metadata"]> = {},
): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "default", ...metadata },
    spec: {
      type: "ClusterIP",
      clusterIP: "10.96.0.9",
      clusterIPs: ["10.96.0.9"],
      ipFamilies: ["IPv4"],
      ports: [{ port: 80, targetPort: 8080, protocol: "TCP" }],
      ...spec,
    },
  };
}

export interface TestPod {
  labels?: Record<string, string>;
  ips?: string[];
  ready?: boolean;
  ending?: boolean;
  phase?: "Running" | "Succeeded" | "Failed" | "Pending";
  spec?: Partial<Pod["spec"]>;
}

export function testPod(
  name: string,
  { labels = {}, ips = [], ready = true, ending, phase = "Running", spec = {} }: TestPod = {},
): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      labels,
      uid: `uid-of-${name}`,
      ...(ending ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    spec: { nodeName: "edge-1", containers: [{ name: "main", image: "busybox" }], ...spec },
    status: {
      phase,
      ...(ips.length > 0 ? { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) } : {}),
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
    },
  };
}
