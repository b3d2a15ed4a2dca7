/** The measurements' services and endpoints as the Kubernetes objects that a store holds, and a store in memory with no more than that. */
import { type ProxyEndpoint, type ProxyService, serviceKey } from "../../../net/proxy/mod.ts";
import type { EndpointSlice, Service } from "../../../agent/objects/mod.ts";
import type { ObjectStore } from "../../../agent/store/mod.ts";
import { type World } from "./world.ts";

export const nodeName = "edge-1";

function serviceObject({ namespace, name, ports, clusterIPs }: ProxyService): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name },
    spec: {
      type: "ClusterIP",
      clusterIP: clusterIPs[0],
      clusterIPs: [...clusterIPs],
      ports: ports.map((port) => ({ ...port })),
    },
  } as Service;
}

function sliceObject({ namespace, name }: ProxyService, endpoints: readonly ProxyEndpoint[]): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { namespace, name: `${name}-x`, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: endpoints.map(({ address, local, ready, serving, terminating }) => ({
      addresses: [address],
      conditions: { ready, serving, terminating },
      nodeName: local ? nodeName : "edge-2",
    })),
    ports: [{ name: endpoints[0].portName, protocol: endpoints[0].protocol, port: endpoints[0].port }],
  } as EndpointSlice;
}

type Listener = Parameters<ObjectStore["watch"]>[0];

export class BenchStore {
  readonly #objects = { Service: new Map<string, Service>(), EndpointSlice: new Map<string, EndpointSlice>() };
  readonly #listeners = new Map<string, Listener>();

  constructor({ services, endpoints }: World) {
    for (const service of services) this.#put(service, endpoints.get(serviceKey(service))!);
  }

  get store(): ObjectStore {
    return this as unknown as ObjectStore;
  }

  list(kind: "Service" | "EndpointSlice" | "Namespace") {
    if (kind === "Namespace") return [];
    return this.#objects[kind].values().map((object) => ({ realm: "local", object })).toArray();
  }

  get(realm: string, kind: "Service" | "Node", namespace: string, name: string): Service | undefined {
    return realm === "local" && kind === "Service" ? this.#objects[kind].get(`${namespace}/${name}`) : undefined;
  }

  watch(listener: Listener, { kind }: { kind: string }): () => void {
    this.#listeners.set(kind, listener);
    return () => this.#listeners.delete(kind);
  }

  /** Tells of other endpoints of a service. */
  change(service: ProxyService, endpoints: readonly ProxyEndpoint[]): void {
    const { key, previous, object } = this.#slice(service, endpoints);
    this.#objects.EndpointSlice.set(key, object);
    this.#listeners.get("EndpointSlice")?.(
      { type: "MODIFIED", realm: "local", object, previous } as Parameters<Listener>[0],
    );
  }

  /** Tells of one more service. */
  add(service: ProxyService, endpoints: readonly ProxyEndpoint[]): void {
    const { slice, object } = this.#put(service, endpoints);
    this.#listeners.get("Service")?.({ type: "ADDED", realm: "local", object } as Parameters<Listener>[0]);
    this.#listeners.get("EndpointSlice")?.({ type: "ADDED", realm: "local", object: slice } as Parameters<Listener>[0]);
  }

  #put(service: ProxyService, endpoints: readonly ProxyEndpoint[]) {
    const { key, object: slice } = this.#slice(service, endpoints), object = serviceObject(service);
    this.#objects.Service.set(serviceKey(service), object);
    this.#objects.EndpointSlice.set(key, slice);
    return { slice, object };
  }

  #slice(service: ProxyService, endpoints: readonly ProxyEndpoint[]) {
    const object = sliceObject(service, endpoints), key = `${object.metadata.namespace}/${object.metadata.name}`;
    return { key, object, previous: this.#objects.EndpointSlice.get(key) };
  }
}
