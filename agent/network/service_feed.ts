/**
 * What stores know of Services and their endpoints, for the service proxy and cluster DNS: every change of an object
 * becomes a change of one record, and everything that one turn of the event loop brings is one call of the proxy.
 *
 *     stores ──events──► services, slices ──► ServiceProxy.sync (whole, unchanged parts the same objects)
 *                                       └──► Records of cluster DNS (one by one)
 */
import type { Records } from "../../net/dns/mod.ts";
import type { ProxyEndpoint, ProxyService, ServiceProxy } from "../../net/proxy/mod.ts";
import type { EndpointSlice, Namespace, Node, Service } from "../objects/mod.ts";
import type { ObjectStore, Realm } from "../store/mod.ts";
import { dnsEndpoints, dnsService, serviceOf } from "./dns_records.ts";
import { zoneLabel } from "./endpoints/mod.ts";
import { annotationProblem, type Place, proxyEndpoints, proxyService } from "./proxy_inputs.ts";

export interface ServiceFeedOptions {
  /** Where objects are: those on disk, and those that are kept in memory alone. */
  stores: readonly ObjectStore[];
  nodeName: string;
  /** Absent: nobody forwards. */
  proxy?: Pick<ServiceProxy, "sync">;
  /** Absent: nobody answers. */
  records?: Pick<
    Records,
    "putService" | "removeService" | "putEndpoints" | "removeEndpoints" | "putNamespace" | "removeNamespace"
  >;
  /** Told of what a Service asks for that nobody can do. */
  report(problem: { service: string; message: string }): void;
}

/** The order in which a name that two realms have is taken. */
const realms: readonly Realm[] = ["local", "control-plane"];

type Meta = { metadata: { namespace?: string; name: string } };

const keyOf = ({ metadata: { namespace = "", name } }: Meta) => `${namespace}/${name}`;

export class ServiceFeed {
  readonly #options: ServiceFeedOptions;
  readonly #services = new Map<string, ProxyService>();
  #list?: ProxyService[];
  /** By Service, then by where it is from and its name. */
  readonly #slices = new Map<string, Map<string, EndpointSlice>>();
  /** Made of slices when somebody needs them, and anew after each change: another function says that there was one. */
  readonly #endpoints = new Map<string, () => readonly ProxyEndpoint[]>();
  /** Another object where the node has moved. */
  #place: Place;
  #unwatch: (() => void)[] = [];
  #isDue = false;
  #isStopped = false;

  constructor(options: ServiceFeedOptions) {
    this.#options = options;
    this.#place = { nodeName: options.nodeName };
  }

  /** Takes in all that there is, and every change from then on. Nothing is forwarded to the proxy before this has all. */
  start(): void {
    this.#takePlace();
    this.#options.stores.forEach((store, from) => {
      this.#unwatch.push(store.watch<Node>(() => this.#takePlace(), { kind: "Node" }));
      this.#unwatch.push(store.watch<Service>(({ object }) => this.#takeService(object), { kind: "Service" }));
      this.#unwatch.push(
        store.watch<EndpointSlice>(({ type, realm, object, previous }) => {
          const id = sliceId(from, realm, object);
          // a label may lead a slice to another Service
          if (previous) this.#dropSlice(previous, id);
          if (type === "DELETED") this.#dropSlice(object, id);
          else this.#takeSlice(object, id);
        }, { kind: "EndpointSlice" }),
      );
      this.#unwatch.push(
        store.watch<Namespace>(({ type, object: { metadata: { name } } }) => {
          if (type === "DELETED") this.#options.records?.removeNamespace(name);
          else this.#options.records?.putNamespace(name);
        }, { kind: "Namespace" }),
      );
      for (const { object } of store.list<Namespace>("Namespace")) {
        this.#options.records?.putNamespace(object.metadata.name);
      }
      for (const { realm, object } of store.list<EndpointSlice>("EndpointSlice")) {
        this.#takeSlice(object, sliceId(from, realm, object));
      }
      for (const { object } of store.list<Service>("Service")) this.#takeService(object);
    });
    this.#wake();
  }

  stop(): void {
    this.#isStopped = true;
    for (const unwatch of this.#unwatch.splice(0)) unwatch();
  }

  /** What is there now under an object's name counts, whatever the event was. */
  #takeService(changed: Service): void {
    const { stores, records, report } = this.#options;
    const key = keyOf(changed);
    const { namespace = "", name } = changed.metadata;
    const service =
      realms.flatMap((realm) =>
        stores.flatMap((store) => store.get<Service>(realm, "Service", namespace, name) ?? [])
      )[0];
    if (service) {
      records?.putService(dnsService(service));
      const problem = annotationProblem(service);
      if (problem) report({ service: key, message: problem });
    } else records?.removeService(namespace, name);
    const wanted = service && proxyService(service);
    if (wanted) this.#services.set(key, wanted);
    else if (!this.#services.delete(key)) return;
    this.#list = undefined;
    this.#wake();
  }

  #takeSlice(slice: EndpointSlice, id: string): void {
    const name = serviceOf(slice);
    if (name === undefined) return;
    const key = keyOf({ metadata: { ...slice.metadata, name } });
    const slices = this.#slices.get(key) ?? new Map<string, EndpointSlice>();
    slices.set(id, slice);
    this.#slices.set(key, slices);
    this.#options.records?.putEndpoints(dnsEndpoints(slice, name, id));
    this.#takeEndpoints(key);
  }

  #dropSlice(slice: EndpointSlice, id: string): void {
    const name = serviceOf(slice);
    if (name === undefined) return;
    const key = keyOf({ metadata: { ...slice.metadata, name } });
    const slices = this.#slices.get(key);
    if (!slices?.delete(id)) return;
    if (slices.size === 0) this.#slices.delete(key);
    this.#options.records?.removeEndpoints(slice.metadata.namespace ?? "", id);
    this.#takeEndpoints(key);
  }

  /** Which endpoints are close follows from where the node is. */
  #takePlace(): void {
    const { stores, nodeName } = this.#options;
    const [node] = realms.flatMap((realm) =>
      stores.flatMap((store) => store.get<Node>(realm, "Node", "", nodeName) ?? [])
    );
    const zone = node?.metadata.labels?.[zoneLabel];
    if (zone === this.#place.zone) return;
    this.#place = zone === undefined ? { nodeName } : { nodeName, zone };
    for (const key of this.#slices.keys()) this.#takeEndpoints(key);
  }

  #takeEndpoints(key: string): void {
    const slices = this.#slices.get(key), place = this.#place;
    if (slices) this.#endpoints.set(key, () => proxyEndpoints(slices.values(), place));
    else this.#endpoints.delete(key);
    this.#wake();
  }

  #wake(): void {
    if (this.#isDue || this.#isStopped || !this.#options.proxy) return;
    this.#isDue = true;
    queueMicrotask(() => this.#sync());
  }

  #sync(): void {
    this.#isDue = false;
    const { proxy } = this.#options;
    if (this.#isStopped || !proxy) return;
    this.#list ??= [...this.#services.values()];
    // it tells of what fails itself, and goes on trying
    proxy.sync(this.#list, this.#endpoints).catch(() => {});
  }
}

/** Names are unique in a realm of a store. */
function sliceId(from: number, realm: Realm, { metadata: { name } }: EndpointSlice): string {
  return `${from}/${realm}/${name}`;
}
