/** The table of all resources that the node serves: a line each. Groups are discovered in this order. */
import type { ConfigMap, Namespace, Node, Pod } from "../../../objects/mod.ts";
import type { AppDeps } from "../../deps.ts";
import { podStreams } from "../../streams/mod.ts";
import { eventBackend } from "../backend/events.ts";
import { storeBackend } from "../backend/store.ts";
import type { ApiObject, Resource } from "../types.ts";
import { configMaps } from "./config_map.ts";
import { coreEvents, newEvents } from "./event.ts";
import { namespaces } from "./namespace.ts";
import { nodeResource } from "./node.ts";
import { podResource } from "./pod.ts";

export function resources(deps: AppDeps): Resource[] {
  const { store } = deps;
  const stored = <T extends ApiObject>(kind: string) => storeBackend<T>(store, kind);
  const lookup = {
    get: <T>(kind: string, namespace: string, name: string) => store.get<T>("local", kind, namespace, name),
    list: <T>(kind: string) => store.list<T>(kind, { realm: "local" }).map(({ object }) => object),
  };
  const events = eventBackend(deps.events, deps.clock, () => store.resourceVersion);
  return [
    any(configMaps(stored<ConfigMap>("ConfigMap"))),
    any(namespaces(stored<Namespace>("Namespace"), store)),
    any(coreEvents(events)),
    any(newEvents(events)),
    any(nodeResource({ backend: stored<Node>("Node"), nodeName: deps.config.nodeName, clock: deps.clock })),
    any(podResource({
      backend: stored<Pod>("Pod"),
      lookup,
      nodeName: deps.config.nodeName,
      clock: deps.clock,
      subresources: podStreams(deps),
    })),
  ];
}

/** Handlers are written for objects of any kind. */
function any<T extends ApiObject>(resource: Resource<T>): Resource {
  return resource as unknown as Resource;
}
