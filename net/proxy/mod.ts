/** The service proxy: services and endpoints in, nftables out. proxy.ts is the way in, table.ts shows the rules. */
export { ServiceProxy, type ServiceProxyInit, type SyncResult } from "./proxy.ts";
export { type ProxyHost, thisHost } from "./host.ts";
export { type ServiceProblem } from "./frontend.ts";
export { type ProxyObserver, type Sync } from "./observer.ts";
export { removeFamily, removeProxy } from "./removal.ts";
export { tableName } from "./chains.ts";
export {
  type Algorithm,
  type EndpointMap,
  type Endpoints,
  listOf,
  type Protocol,
  type ProxyEndpoint,
  type ProxyOptions,
  type ProxyService,
  type ProxyServicePort,
  serviceKey,
  type TrafficPolicy,
} from "./types.ts";
