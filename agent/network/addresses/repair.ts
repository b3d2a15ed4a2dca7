/**
 * Cluster IPs that Services keep from an earlier life of the node, with other service ranges or none: they stay, as with
 * kube-apiserver, whose repair loop tells of them in these words. Pure.
 */
import type { Service } from "../../objects/mod.ts";
import { keyOf } from "./given.ts";
import { AddressRange, familyOf, plainAddress } from "./range.ts";

export interface ClusterIPProblem {
  service: Service;
  address: string;
  reason: "ClusterIPNotValid" | "ClusterIPOutOfRange" | "ClusterIPAlreadyAllocated";
  message: string;
}

/** `reserved`: addresses of the cluster's own Services, by `namespace/name`; what these have is put right by who writes them. */
export function clusterIPProblems(
  services: readonly Service[],
  serviceCIDRs: readonly string[],
  reserved: Readonly<Record<string, string>>,
): ClusterIPProblem[] {
  const ranges = serviceCIDRs.map((cidr) => new AddressRange(cidr)), own = new Set(Object.values(reserved));
  const owners = new Map(Object.entries(reserved));
  const judge = (address: string, key: string): [ClusterIPProblem["reason"], string] | undefined => {
    const family = familyOf(address);
    if (!ranges.some((range) => range.family === family)) {
      return [
        "ClusterIPNotValid",
        `Cluster IP ${address}(${family}) is of ip family that is no longer configured on cluster`,
      ];
    }
    if (!ranges.some((range) => range.has(address))) {
      return ["ClusterIPOutOfRange", `Cluster IP [${family}]: ${address} is not within any configured Service CIDR`];
    }
    const owner = owners.get(address) ?? key;
    owners.set(address, owner);
    return owner === key
      ? undefined
      : ["ClusterIPAlreadyAllocated", `Cluster IP [${family}]: ${address} was assigned to multiple services`];
  };
  return services.flatMap((service) => {
    const key = keyOf(service), { clusterIPs = [] } = service.spec;
    if (own.has(key)) return [];
    return clusterIPs.filter((each) => each && each !== "None").map(plainAddress).flatMap((address) => {
      const found = judge(address, key);
      return found ? [{ service, address, reason: found[0], message: `${found[1]}; please recreate service` }] : [];
    });
  });
}
