/**
 * Load balancers on a lone node: there is none but the node itself, so that its own addresses are the ingress of every
 * Service that asks for one and names no class. With `none` the statuses are left to somebody else.
 *
 *     store: Service ─┐
 *     node addresses ─┴► ingressOf (pure) ─► status.loadBalancer, when it changes
 */
import type { Clock } from "../clock.ts";
import { Controller } from "../controllers/controller.ts";
import type { Service, ServiceStatus } from "../objects/mod.ts";
import { sameValue, type Store, type StoreEvent } from "../store/mod.ts";
import type { EventRecorder } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";
import { familyOf, plainAddress } from "./addresses/mod.ts";

export type LoadBalancerMode = "node" | "none";
type Ingress = NonNullable<NonNullable<ServiceStatus["loadBalancer"]>["ingress"]>;

export interface LoadBalancersOptions {
  mode: LoadBalancerMode;
  store: Pick<Store, "list" | "watch" | "putStatus">;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
  /** The node's own. */
  addresses(): readonly string[];
}

const realm = "local";

/** Keeps `status.loadBalancer` of Services. */
export class LoadBalancers extends Controller {
  readonly #options: LoadBalancersOptions;

  constructor(options: LoadBalancersOptions) {
    super({ ...options, name: "load balancer", stores: [options.store] });
    this.#options = options;
  }

  protected override matters({ type, object, previous }: StoreEvent): boolean {
    if (object.kind !== "Service" || type === "DELETED") return false;
    if (object.spec === previous?.spec && object.status === previous?.status) return false;
    const { spec, status } = object as unknown as Service;
    return spec.type === "LoadBalancer" || Boolean(status?.loadBalancer?.ingress);
  }

  protected override round(): void {
    const { mode, store, events, addresses } = this.#options;
    const own = addresses();
    for (const { object: service } of store.list<Service>("Service", { realm })) {
      const wanted = ingressOf(service, own, mode);
      const { spec: { loadBalancerIP }, metadata: { namespace = "", name, uid } } = service;
      if (!wanted) continue;
      if (wanted.length === 0 && service.spec.type === "LoadBalancer" && loadBalancerIP && mode === "node") {
        const message = `${loadBalancerIP} is no address of this node`;
        events.event({ kind: "Service", namespace, name, uid }, "Warning", "LoadBalancerIPNotAvailable", message);
      }
      if (sameValue(wanted, service.status?.loadBalancer?.ingress ?? [])) continue;
      const loadBalancer = wanted.length > 0 ? { ingress: wanted } : {};
      store.putStatus(realm, "Service", namespace, name, uid!, { ...service.status, loadBalancer });
    }
  }
}

/** What a Service's ingress shall be; undefined where that is somebody else's to say. */
export function ingressOf(service: Service, addresses: readonly string[], mode: LoadBalancerMode): Ingress | undefined {
  const { spec: { type, loadBalancerClass, loadBalancerIP, ipFamilies = [] }, status } = service;
  const present = status?.loadBalancer?.ingress ?? [];
  if (type !== "LoadBalancer") return [];
  if (loadBalancerClass) return undefined;
  if (mode === "none") {
    // what this node said when it was another mode goes
    const isOurs = present.length > 0 && present.every(({ ip = "" }) => addresses.includes(ip));
    return isOurs ? [] : undefined;
  }
  const asked = loadBalancerIP && plainAddress(loadBalancerIP);
  return addresses
    .filter((address) => ipFamilies.includes(familyOf(address)) && (!asked || plainAddress(address) === asked))
    .map((ip) => ({ ip, ipMode: "VIP" }));
}
