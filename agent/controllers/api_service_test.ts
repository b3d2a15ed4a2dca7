import { deepEqual, equal, notEqual } from "node:assert/strict";
import { deepFreeze } from "../store/mod.ts";
import { apiService, asWanted } from "./api_service.ts";

Deno.test("apiService() is Service default/kubernetes with the node's own address behind it", () => {
  const [service, endpoints, slice] = apiService({ addresses: ["10.96.0.1"], port: 6550 });
  for (const { metadata } of [service, endpoints, slice]) {
    deepEqual([metadata.namespace, metadata.name], ["default", "kubernetes"]);
  }
  deepEqual(service.spec, {
    clusterIP: "10.96.0.1",
    clusterIPs: ["10.96.0.1"],
    internalTrafficPolicy: "Cluster",
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
    ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: 6550 }],
    sessionAffinity: "None",
    type: "ClusterIP",
  });
  deepEqual(endpoints.subsets, [{
    addresses: [{ ip: "10.96.0.1" }],
    ports: [{ name: "https", port: 6550, protocol: "TCP" }],
  }]);
  deepEqual([slice.addressType, slice.endpoints], ["IPv4", [{
    addresses: ["10.96.0.1"],
    conditions: { ready: true },
  }]]);
});

Deno.test("asWanted() leaves what is right, takes back what was changed, and keeps what others added", () => {
  const [wanted] = apiService({ addresses: ["10.96.0.1"], port: 6550 });
  equal(asWanted(undefined, wanted), wanted);
  const stored = deepFreeze({ ...wanted, metadata: { ...wanted.metadata, uid: "u" }, status: { loadBalancer: {} } });
  equal(asWanted(stored, wanted), stored);
  const labelled = {
    ...stored,
    metadata: { ...stored.metadata, labels: { mine: "yes" } },
    spec: { type: "NodePort" },
  };
  const mended = asWanted(labelled, wanted);
  notEqual(mended, labelled);
  deepEqual(mended.metadata.labels, { mine: "yes", component: "apiserver", provider: "kubernetes" });
  deepEqual([mended.spec, mended.metadata.uid, mended.status], [wanted.spec, "u", { loadBalancer: {} }]);
});
