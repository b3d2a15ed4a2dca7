/** What is written of Services on this node, and told, wired: addresses, endpoints, ingress, containers' environment. */
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import { apiService, apiServiceName } from "../controllers/api_service.ts";
import { clusterIPProblems, ServiceAddresses } from "../network/addresses/mod.ts";
import { EndpointsController } from "../network/endpoints/mod.ts";
import { LoadBalancers } from "../network/load_balancer.ts";
import { serviceEnv } from "../network/service_env.ts";
import type { Pod, Service } from "../objects/mod.ts";
import type { MemoryStore, Store } from "../store/mod.ts";
import type { EventRecorder, EventRing } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";

export interface ServiceObjectsOptions {
  config: Pick<NodeConfig, "serviceCIDRs" | "dnsAddresses" | "loadBalancer" | "api">;
  store: Store;
  memory: MemoryStore;
  events: Pick<EventRing, "by">;
  clock: Clock;
  log: Logger;
  /** Where pods find the API; none: they do not. */
  apiAddresses: readonly string[];
  nodeAddresses(): readonly string[];
}

export class ServiceObjects {
  /** Who gives Services their addresses, wherever they come from. */
  readonly addresses: ServiceAddresses;
  readonly endpoints: EndpointsController;
  /** Cluster IPs that Services have kept from earlier service ranges. */
  readonly strayClusterIPs: readonly string[];
  readonly #loadBalancers: LoadBalancers;
  readonly #store: Store;
  /** The API's own, as it will be written: the first containers may start before it is. */
  readonly #api?: Service;

  constructor(options: ServiceObjectsOptions) {
    const { config, store, clock, apiAddresses, nodeAddresses } = options;
    this.#store = store;
    const reserved = Object.fromEntries([
      ...config.dnsAddresses.map((address) => [address, "kube-system/kube-dns"]),
      ...apiAddresses.map((address) => [address, `default/${apiServiceName}`]),
    ]);
    this.addresses = new ServiceAddresses({ serviceCIDRs: config.serviceCIDRs, store, reserved, clock });
    this.strayClusterIPs = tellOfStrays(options, reserved);
    const events = options.events.by("endpoint-slice-mirroring-controller");
    this.endpoints = new EndpointsController({ ...options, events });
    this.#loadBalancers = new LoadBalancers({
      ...options,
      events: options.events.by("service-controller"),
      mode: config.loadBalancer,
      addresses: nodeAddresses,
    });
    if (apiAddresses.length > 0) {
      [this.#api] = apiService({ addresses: apiAddresses, port: config.api.port }) as unknown as Service[];
    }
  }

  /** Resolves when the endpoints of all Services are there. */
  async start(): Promise<void> {
    await this.endpoints.start();
    this.#loadBalancers.start();
  }

  async stop(): Promise<void> {
    await this.#loadBalancers.stop();
    await this.endpoints.stop();
  }

  /** The node's addresses may have changed. */
  look(): void {
    this.#loadBalancers.wake();
  }

  /** The environment that containers of a pod find of Services. */
  env(pod: Pod): Record<string, string> {
    // the node's own beat those of a control plane
    const services = (["control-plane", "local"] as const).flatMap((realm) =>
      this.#store.list<Service>("Service", { realm }).map(({ object }) => object)
    );
    return serviceEnv(pod, this.#api ? [...services, this.#api] : services);
  }
}

/** Tells of Services whose cluster IPs do not fit the service ranges of today. @returns those that lie outside. */
function tellOfStrays(
  { config: { serviceCIDRs }, store, events, log }: ServiceObjectsOptions,
  reserved: Readonly<Record<string, string>>,
): string[] {
  const services = store.list<Service>("Service", { realm: "local" }).map(({ object }) => object);
  const problems = clusterIPProblems(services, serviceCIDRs, reserved);
  const recorder: EventRecorder = events.by("ipallocator-repair-controller");
  for (const { service: { metadata: { namespace = "", name, uid } }, reason, message } of problems) {
    recorder.event({ apiVersion: "v1", kind: "Service", namespace, name, uid }, "Warning", reason, message);
    log.warn("A Service keeps a cluster IP that it would not be given now", {
      service: `${namespace}/${name}`,
      problem: message,
    });
  }
  return problems.flatMap(({ address, reason }) => reason === "ClusterIPOutOfRange" ? [address] : []);
}
