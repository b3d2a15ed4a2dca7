/**
 * Service networking, wired: addresses that the node holds, the proxy's rules, the cluster's DNS, and the feed that tells both
 * what there is.
 *
 *     stores ─► ServiceFeed ─┬─► ServiceProxy ─► nftables, connection table
 *                            └─► ClusterDns ─► pods   ◄── NodeResolvers ◄── resolv.conf
 */
import { ClusterDns, type DnsObserver } from "../../net/dns/mod.ts";
import { deleteStaleFlows } from "../../net/conntrack/mod.ts";
import { type NftFeatures, type NftRunner, probeFeatures } from "../../net/nft/mod.ts";
import { type ProxyObserver, type ProxyOptions, removeFamily, ServiceProxy } from "../../net/proxy/mod.ts";
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import { HeldAddresses, NodeResolvers, proxyOptions, ServiceFeed, setConntrack } from "../network/mod.ts";
import type { ObjectStore } from "../store/mod.ts";
import type { EventRecorder } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";
import { isInUse } from "./in_use.ts";
import type { PodNetworkSetup } from "./network.ts";

export interface ServicesOptions {
  config: Pick<
    NodeConfig,
    | "nodeName"
    | "api"
    | "serviceCIDRs"
    | "podCIDRs"
    | "serviceProxy"
    | "dnsAddresses"
    | "stubDomains"
    | "clusterDomain"
    | "resolvConf"
  >;
  /** Where Services and EndpointSlices are. */
  stores: readonly ObjectStore[];
  /** Addresses of all pods, where the pod network is ours; else empty. */
  ownPodCIDRs: readonly string[];
  /** Whose rules somebody may take away. */
  network: Pick<PodNetworkSetup, "isOurs" | "verify" | "restore">;
  /** Service addresses of the API. */
  apiAddresses: readonly string[];
  /** Of Services, from an earlier range. */
  strayClusterIPs: readonly string[];
  /** The node's own. */
  nodeAddresses(): readonly string[];
  /** Who counts what the proxy and DNS do. */
  observers: { proxy: ProxyObserver; dns: DnsObserver };
  events: EventRecorder;
  nft: NftRunner;
  clock: Clock;
  log: Logger;
}

/** How often the pod network is looked at where there is no proxy: as often as the proxy by default. */
const verifyMs = 30_000;

export class Services {
  readonly #options: ServicesOptions;
  readonly #held: HeldAddresses;
  readonly #dns?: ClusterDns;
  readonly #resolvers?: NodeResolvers;
  #proxy?: ServiceProxy;
  #features?: NftFeatures;
  #feed?: ServiceFeed;
  #cancelVerify = () => {};
  #isStopped = false;

  constructor(options: ServicesOptions) {
    this.#options = options;
    const { config: { api, dnsAddresses, resolvConf, stubDomains }, apiAddresses, nft, clock, log } = options;
    const redirect = { port: 443, target: api.port };
    const addresses = [
      ...apiAddresses.map((address) => ({ address, redirect })),
      ...dnsAddresses.filter((address) => !isLoopback(address) && !apiAddresses.includes(address))
        .map((address) => ({ address })),
    ];
    this.#held = new HeldAddresses({ addresses, podCIDRs: options.ownPodCIDRs, nft, clock, log });
    if (dnsAddresses.length === 0) return;
    const dns = this.#dns = this.#makeDns();
    this.#resolvers = new NodeResolvers({
      resolvConf,
      stubDomains,
      configure: (config) => dns.configure(config),
      clock,
      log,
    });
  }

  /** Undefined where there is none. */
  get dns(): Pick<ClusterDns, "cached" | "servers"> | undefined {
    return this.#dns;
  }

  /** When the API's and DNS's service addresses are the node's. */
  get held(): Promise<void> {
    return this.#held.held;
  }

  /** Everything that needs no program to answer; what does comes by {@linkcode open}. Endpoints must be known by now. */
  start(): void {
    void this.#held.start();
    this.#resolvers?.start();
    this.#dns?.start();
  }

  /** Takes over the rules of an earlier life, and follows the stores from then on. */
  async open(): Promise<void> {
    const { config: { nodeName, serviceProxy }, stores } = this.#options;
    if (serviceProxy) {
      this.#proxy = await this.#makeProxy(serviceProxy);
      await this.#proxy?.start();
    }
    if (this.#isStopped) return void await this.#proxy?.stop();
    this.#feed = new ServiceFeed({
      stores,
      nodeName,
      ...(this.#proxy ? { proxy: this.#proxy } : {}),
      ...(this.#dns ? { records: this.#dns.records } : {}),
      report: ({ service, message }) => this.#report(service, message),
    });
    this.#feed.start();
    if (this.#proxy || this.#options.network.isOurs) this.#verifyLater(serviceProxy?.syncPeriodMs ?? verifyMs);
  }

  /** The network has changed. */
  look(): void {
    this.#resolvers?.look();
    this.#dns?.wake();
    if (this.#features) this.#proxy?.configure(this.#proxyOptions(this.#features));
  }

  /** Rules and addresses stay: connections go on. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelVerify();
    this.#feed?.stop();
    this.#held.stop();
    this.#resolvers?.stop();
    await this.#proxy?.stop();
    await this.#dns?.stop();
  }

  #makeDns(): ClusterDns {
    const { config: { clusterDomain, dnsAddresses, serviceCIDRs, podCIDRs }, clock, log } = this.#options;
    return new ClusterDns({
      domain: clusterDomain || "cluster.local",
      addresses: dnsAddresses,
      reverse: [...serviceCIDRs, ...podCIDRs],
      clock,
      observer: this.#options.observers.dns,
      server: {
        onListening: (address, transport) => log.debug("Cluster DNS is answered", { address, transport }),
        onWaiting: (address, transport, err) => {
          // right after the start the address is on its way
          const level = isInUse(err) ? "warn" : "debug";
          log[level]("Cluster DNS cannot listen; it is tried again", { address, transport, err });
        },
      },
    });
  }

  /** Undefined where this machine cannot do it, which is told. */
  async #makeProxy(wish: NonNullable<NodeConfig["serviceProxy"]>): Promise<ServiceProxy | undefined> {
    const { config: { serviceCIDRs }, strayClusterIPs, nft, clock, log } = this.#options;
    const features = this.#features = await probeFeatures(nft);
    for (const { fatal, message } of features.problems) {
      if (fatal) log.error("Services are not forwarded", { because: message });
      else log.info("The service proxy does without", { because: message });
    }
    if (features.problems.some(({ fatal }) => fatal)) return undefined;
    for (const problem of setConntrack(wish.conntrack)) log.warn(problem);
    const wanted = new Set(serviceCIDRs.map((cidr) => cidr.includes(":") ? "ip6" : "ip"));
    const [families, others] = [true, false].map((isWanted) =>
      (features.ipv6 ? ["ip", "ip6"] as const : ["ip"] as const).filter((family) => wanted.has(family) === isWanted)
    );
    for (const family of others) {
      // of an earlier configuration; what cannot be removed holds back nothing else
      await removeFamily(nft, family).catch((err) => log.warn("Cannot remove rules of Services", { family, err }));
    }
    return new ServiceProxy({
      nft,
      options: this.#proxyOptions(features),
      strayClusterIPs,
      families,
      timers: { after: (ms, run) => clock.after(ms, run) },
      observer: this.#options.observers.proxy,
      deleteStaleFlows: async (family, frontends) => {
        const count = await deleteStaleFlows(family, frontends);
        if (count > 0) log.info("Forgot UDP connections to endpoints that are gone", { count });
      },
      report: ({ service, message, cause }) => this.#report(service, message, cause),
    });
  }

  #proxyOptions(features: NftFeatures): ProxyOptions {
    const { config, nodeAddresses } = this.#options;
    return proxyOptions(config, config.serviceProxy!, features, nodeAddresses());
  }

  /** Somebody else may have taken the rules away (`nft flush ruleset`). */
  #verifyLater(periodMs: number): void {
    this.#cancelVerify = this.#options.clock.after(periodMs, () => {
      this.#verify()
        .catch((err) => this.#options.log.warn("Cannot put back rules that somebody has taken away", { err }))
        .finally(() => this.#isStopped || this.#verifyLater(periodMs));
    });
  }

  /** Whoever takes away the rules of one has taken all of the node's. */
  async #verify(): Promise<void> {
    const { network } = this.#options;
    if (await (this.#proxy ?? network).verify()) return;
    await this.#held.start();
    await network.restore();
  }

  #report(service: string | undefined, message: string, cause?: unknown): void {
    const { log, events } = this.#options;
    log.warn("Service proxy", { ...(service ? { service } : {}), problem: message, ...(cause ? { err: cause } : {}) });
    if (!service) return;
    const [namespace, name] = service.split("/");
    events.event({ apiVersion: "v1", kind: "Service", namespace, name }, "Warning", "SyncServiceFailed", message);
  }
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
