import { deepEqual } from "node:assert/strict";
import { testService } from "../endpoints/testing.ts";
import { clusterIPProblems } from "./repair.ts";

const reserved = { "10.97.0.1": "default/kubernetes", "10.97.0.10": "kube-system/kube-dns" };
const at = (name: string, ...clusterIPs: string[]) => testService(name, { clusterIP: clusterIPs[0], clusterIPs });
const told = (...services: ReturnType<typeof at>[]) =>
  clusterIPProblems(services, ["10.97.0.0/24"], reserved).map(({ service, address, reason, message }) =>
    `${service.metadata.name} ${address} ${reason}: ${message}`
  );

Deno.test("clusterIPProblems() tells of addresses that no range has any more, in kube-apiserver's words", () => {
  deepEqual(told(at("in", "10.97.0.20"), at("headless", "None"), at("out", "10.96.0.5")), [
    "out 10.96.0.5 ClusterIPOutOfRange: " +
    "Cluster IP [IPv4]: 10.96.0.5 is not within any configured Service CIDR; please recreate service",
  ]);
  deepEqual(told(at("dual", "10.97.0.21", "fd00:96::5")), [
    "dual fd00:96::5 ClusterIPNotValid: " +
    "Cluster IP fd00:96::5(IPv6) is of ip family that is no longer configured on cluster; please recreate service",
  ]);
});

Deno.test("clusterIPProblems() tells of an address that the cluster's own Service needs now, and of one that two have", () => {
  const taken = (name: string, address: string) =>
    `${name} ${address} ClusterIPAlreadyAllocated: ` +
    `Cluster IP [IPv4]: ${address} was assigned to multiple services; please recreate service`;
  deepEqual(told(at("web", "10.97.0.10"), at("a", "10.97.0.30"), at("b", "10.97.0.30")), [
    taken("web", "10.97.0.10"),
    taken("b", "10.97.0.30"),
  ]);
  // as it was before the range was another; it is written anew
  deepEqual(told(testService("kube-dns", { clusterIPs: ["10.96.0.10"] }, { namespace: "kube-system" })), []);
});
