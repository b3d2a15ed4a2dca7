/** The table of all resources that the node serves: a line each. Groups are discovered in this order. */
import type {
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  Endpoints,
  EndpointSlice,
  Lease,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PriorityClass,
  Role,
  RoleBinding,
  RuntimeClass,
  Secret,
  Service,
  ServiceAccount,
} from "../../../objects/mod.ts";
import { ServiceAddresses } from "../../../network/addresses/mod.ts";
import { isDerived } from "../../../network/endpoints/mod.ts";
import { LayeredStore, MemoryStore } from "../../../store/mod.ts";
import { checkEscalation } from "../../auth/mod.ts";
import type { AppDeps } from "../../deps.ts";
import { nodeProxy } from "../../kubelet/node_proxy.ts";
import { podProxy, serviceProxy } from "../../proxy/mod.ts";
import { podStreams } from "../../streams/mod.ts";
import { eventBackend } from "../backend/events.ts";
import { withNodeLease } from "../backend/node_lease.ts";
import { storeBackend } from "../backend/store.ts";
import type { ApiObject, Resource } from "../types.ts";
import { accountToken } from "./account_token.ts";
import { priorityClasses, runtimeClasses } from "./classes.ts";
import { configMaps } from "./config_map.ts";
import { endpoints, endpointSlices } from "./endpoints.ts";
import { coreEvents, newEvents } from "./event.ts";
import { leases } from "./lease.ts";
import { metricsOf } from "./metrics.ts";
import { namespaces } from "./namespace.ts";
import { nodeResource } from "./node.ts";
import { podResource } from "./pod.ts";
import { clusterRoleBindings, clusterRoles, type EscalationCheck, roleBindings, roles } from "./rbac.ts";
import { reviewResources } from "./reviews.ts";
import { secrets } from "./secret.ts";
import { serviceAccounts } from "./service_account.ts";
import { services } from "./service.ts";
import { persistentVolumeClaims, persistentVolumes } from "./volumes.ts";

export function resources(deps: AppDeps): Resource[] {
  const { store } = deps;
  const stored = <T extends ApiObject>(kind: string) => storeBackend<T>(store, kind);
  const lookup = {
    get: <T>(kind: string, namespace: string, name: string) => store.get<T>("local", kind, namespace, name),
    list: <T>(kind: string) => store.list<T>(kind, { realm: "local" }).map(({ object }) => object),
    appears: (kind: string, namespace: string, name: string) => appears(deps, kind, namespace, name),
  };
  const events = eventBackend(deps.events, deps.clock, () => store.resourceVersion);
  const memory = deps.memory ?? new MemoryStore({ log: deps.log, clock: deps.clock, versions: store });
  const layered = new LayeredStore({ disk: store, memory, isVolatile: isDerived });
  const derived = <T extends ApiObject>(kind: string) => storeBackend<T>(layered, kind);
  const addresses = deps.serviceAddresses ?? new ServiceAddresses({
    serviceCIDRs: deps.config.serviceCIDRs ?? ["10.96.0.0/16"],
    store,
    clock: deps.clock,
  });
  const check: EscalationCheck = (user, written, previous) => {
    if (deps.auth) checkEscalation(deps.auth.authorizer, user, written as Role, previous as Role);
  };
  return [
    any(configMaps(stored<ConfigMap>("ConfigMap"))),
    any(endpoints(derived<Endpoints>("Endpoints"))),
    any(coreEvents(events)),
    any(namespaces(stored<Namespace>("Namespace"), store)),
    any(persistentVolumeClaims(stored<PersistentVolumeClaim>("PersistentVolumeClaim"))),
    any(persistentVolumes(stored<PersistentVolume>("PersistentVolume"))),
    any(secrets(stored<Secret>("Secret"))),
    any(
      serviceAccounts(stored<ServiceAccount>("ServiceAccount"), deps.auth ? { token: accountToken(deps.auth) } : {}),
    ),
    any(services(stored<Service>("Service"), addresses, {
      proxy: serviceProxy(deps, {
        service: (namespace, name) => store.get<Service>("local", "Service", namespace, name),
        slices: (namespace) =>
          layered.list<EndpointSlice>("EndpointSlice", { realm: "local", namespace }).map(({ object }) => object),
      }),
    })),
    any(leases(withNodeLease(storeBackend<Lease>(memory, "Lease"), deps.config.nodeName, deps.clock))),
    any(endpointSlices(derived<EndpointSlice>("EndpointSlice"))),
    any(newEvents(events)),
    any(runtimeClasses(stored<RuntimeClass>("RuntimeClass"))),
    any(clusterRoleBindings(stored<ClusterRoleBinding>("ClusterRoleBinding"), check)),
    any(clusterRoles(stored<ClusterRole>("ClusterRole"), check)),
    any(roleBindings(stored<RoleBinding>("RoleBinding"), check)),
    any(roles(stored<Role>("Role"), check)),
    any(priorityClasses(stored<PriorityClass>("PriorityClass"))),
    any(nodeResource({
      backend: stored<Node>("Node"),
      nodeName: deps.config.nodeName,
      clock: deps.clock,
      subresources: { proxy: nodeProxy(deps) },
    })),
    any(podResource({
      backend: stored<Pod>("Pod"),
      lookup,
      nodeName: deps.config.nodeName,
      clock: deps.clock,
      subresources: { ...podStreams(deps), proxy: podProxy(deps) },
    })),
    ...metricsOf(deps),
    ...(deps.auth ? reviewResources(deps.auth) : []),
  ];
}

/** As long as kube-apiserver waits for an account that is about to be made. */
const appearsMs = 1000;

function appears({ store, clock }: AppDeps, kind: string, namespace: string, name: string): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      unwatch();
      cancel();
      resolve();
    };
    const unwatch = store.watch(({ type, object: { metadata } }) => {
      if (type === "ADDED" && metadata.namespace === namespace && metadata.name === name) done();
    }, { kind });
    const cancel = clock.after(appearsMs, done);
  });
}

/** Handlers are written for objects of any kind. */
function any<T extends ApiObject>(resource: Resource<T>): Resource {
  return resource as unknown as Resource;
}
