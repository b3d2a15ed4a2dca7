/** The node's default pod network; see config.ts for what it is made of and setup.ts for when it is used. */
export { bridgeOf, type BridgeUse, filterBridges, missingBridgeSettings } from "./bridge.ts";
export { cniConfig, configFileName, networkName, type PodNetwork } from "./config.ts";
export { restoreHostPorts } from "./host_ports.ts";
export { freeLeases, type Lease, leases } from "./leases.ts";
export { hasMasqueradeTables, masqueradeRules, masqueradeTable } from "./masquerade.ts";
export {
  chooseCniConfDir,
  cniFiles,
  type CniSetup,
  removeDefaultCni,
  systemConfDir,
  writeDefaultCni,
} from "./setup.ts";
