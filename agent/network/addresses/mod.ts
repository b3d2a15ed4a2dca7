/** Cluster IPs and node ports: service_addresses.ts is the way in. */
export { manifestAddresses } from "./manifests.ts";
export { ServiceAddresses, type ServiceAddressOptions, ServiceRefused } from "./service_addresses.ts";
export { type ClusterIPProblem, clusterIPProblems } from "./repair.ts";
export { AddressRange, type Family, familyOf, plainAddress } from "./range.ts";
