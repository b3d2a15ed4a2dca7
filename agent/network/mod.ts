/** Service networking: what stores know, as the service proxy, cluster DNS and the kernel take it. */
export { setConntrack } from "./conntrack_sysctls.ts";
export { HeldAddresses } from "./held_addresses.ts";
export { NodeResolvers } from "./node_resolvers.ts";
export { proxyOptions } from "./proxy_options.ts";
export { ServiceFeed, type ServiceFeedOptions } from "./service_feed.ts";
