/** Labels and annotations by which Services, Endpoints and EndpointSlices find each other, and who keeps them. */
import type { StoreObject } from "../../store/mod.ts";

/** On an EndpointSlice: the Service whose endpoints it holds. */
export const serviceNameLabel = "kubernetes.io/service-name";
/** On an EndpointSlice: who keeps it. */
export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
/** The keeper of slices that follow from a Service's selector. */
export const sliceController = "endpointslice-controller.k8s.io";
/** The keeper of slices that say again what hand-written Endpoints say. */
export const mirrorController = "endpointslicemirroring-controller.k8s.io";
/** On hand-written Endpoints: "true" where no slice shall say it again. */
export const skipMirrorLabel = "endpointslice.kubernetes.io/skip-mirror";
/** On Endpoints by which programs of old choose a leader. */
export const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader";
/** On slices and Endpoints of a Service without a cluster IP. */
export const headlessLabel = "service.kubernetes.io/headless";
/** On Endpoints: who keeps them. */
export const endpointsManagedByLabel = "endpoints.kubernetes.io/managed-by";
export const endpointsController = "endpoint-controller";
/** On Endpoints that could not name all addresses. */
export const overCapacityAnnotation = "endpoints.kubernetes.io/over-capacity";
export const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
export const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

/** On a node: its zone. */
export const zoneLabel = "topology.kubernetes.io/zone";
/** On a Service: "Auto" for hints that share endpoints out to zones, the second as it was called before. */
export const topologyModeAnnotation = "service.kubernetes.io/topology-mode";
export const topologyHintsAnnotation = "service.kubernetes.io/topology-aware-hints";

/** Kinds of which some objects follow from others. */
export const derivedKinds: readonly string[] = ["Endpoints", "EndpointSlice"];

/** Whether an object follows from others and is kept by this node: it can be made anew at any time. */
export function isDerived({ kind, metadata: { labels } }: StoreObject): boolean {
  switch (kind) {
    case "EndpointSlice":
      return labels?.[managedByLabel] === sliceController || labels?.[managedByLabel] === mirrorController;
    case "Endpoints":
      return labels?.[endpointsManagedByLabel] === endpointsController;
    default:
      return false;
  }
}
