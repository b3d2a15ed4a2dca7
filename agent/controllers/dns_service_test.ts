import { deepEqual } from "node:assert/strict";
import { dnsService } from "./dns_service.ts";

const serviceCIDRs = ["10.96.0.0/16", "fd00:96::/112"];
const objects = (...addresses: string[]) =>
  dnsService({ addresses, serviceCIDRs, nodeName: "edge-1" }).map((object) => {
    const { spec, endpoints } = object as unknown as Record<string, Record<string, unknown>[]> & {
      spec?: { clusterIPs: string[] };
    };
    return `${object.kind} ${object.metadata.name} ${spec?.clusterIPs ?? endpoints?.[0].addresses ?? ""}`.trim();
  });

Deno.test("dnsService() leads to the node's own address, with a slice a family", () => {
  deepEqual(objects("10.96.0.10"), [
    "Service kube-dns 10.96.0.10",
    "Endpoints kube-dns",
    "EndpointSlice kube-dns 10.96.0.10",
  ]);
  deepEqual(objects("10.96.0.10", "fd00:96::a"), [
    "Service kube-dns 10.96.0.10,fd00:96::a",
    "Endpoints kube-dns",
    "EndpointSlice kube-dns 10.96.0.10",
    "EndpointSlice kube-dns-ipv6 fd00:96::a",
  ]);
});

Deno.test("dnsService() has no Service for addresses that no Service can have, and one for each family", () => {
  deepEqual(objects("169.254.20.10"), []);
  deepEqual(objects("169.254.20.10", "10.96.0.10", "10.96.0.11")[0], "Service kube-dns 10.96.0.10");
});
