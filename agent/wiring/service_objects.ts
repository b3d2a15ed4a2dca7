/** What is written of Services on this node, and told, wired: addresses, endpoints, ingress, containers' environment. */
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import { apiService, apiServiceName } from "../controllers/api_service.ts";
import { ServiceAddresses } from "../network/addresses/mod.ts";
import { EndpointsController } from "../network/endpoints/mod.ts";
import { LoadBalancers } from "../network/load_balancer.ts";
import { serviceEnv } from "../network/service_env.ts";
import type { Pod, Service } from "../objects/mod.ts";
import type { MemoryStore, Store } from "../store/mod.ts";
import type { EventRecorder } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";

export interface ServiceObjectsOptions {
  config: Pick<NodeConfig, "serviceCIDRs" | "dnsAddresses" | "loadBalancer" | "api">;
  store: Store;
  memory: MemoryStore;
  events: EventRecorder;
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
    this.endpoints = new EndpointsController(options);
    this.#loadBalancers = new LoadBalancers({ ...options, mode: config.loadBalancer, addresses: nodeAddresses });
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
    this.#loadBalancers.look();
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
