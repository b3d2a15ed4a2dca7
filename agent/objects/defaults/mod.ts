/** What the API server fills in before it validates, by kind. Works in place. */
import type { Secret } from "../config_map.ts";
import type { PriorityClass, RuntimeClass } from "../classes.ts";
import type { Endpoints } from "../endpoints.ts";
import { type AnyObject, findKind } from "../kinds.ts";
import type { Node } from "../node.ts";
import type { EndpointSlice, Service } from "../service.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../storage.ts";
import { normalizeQuantities } from "./container.ts";
import { defaultPod } from "./pod.ts";
import { defaultBinding } from "./rbac.ts";

export function defaultObject(object: AnyObject): void {
  if (findKind(object.apiVersion, object.kind)?.namespaced) object.metadata.namespace ||= "default";
  switch (object.kind) {
    case "Pod":
      return defaultPod(object);
    case "Secret":
      return defaultSecret(object);
    case "Service":
      return defaultService(object);
    case "EndpointSlice":
      return defaultEndpointSlice(object);
    case "PersistentVolume":
      return defaultPersistentVolume(object);
    case "PersistentVolumeClaim":
      return defaultPersistentVolumeClaim(object);
    case "Namespace":
      object.metadata.labels = { ...object.metadata.labels, "kubernetes.io/metadata.name": object.metadata.name };
      object.spec ??= {};
      return;
    case "Endpoints":
      return defaultEndpoints(object);
    case "RoleBinding":
    case "ClusterRoleBinding":
      return defaultBinding(object);
    case "PriorityClass":
      return defaultPriorityClass(object);
    case "RuntimeClass":
      return defaultRuntimeClass(object);
    case "Node":
      return defaultNode(object);
    case "TokenRequest":
      object.spec.expirationSeconds ??= tokenSeconds;
      return;
    case "ConfigMap":
    case "ServiceAccount":
    case "Role":
    case "ClusterRole":
    case "Event":
    case "Lease":
    case "Binding":
    case "Eviction":
    case "SelfSubjectAccessReview":
    case "SubjectAccessReview":
    case "LocalSubjectAccessReview":
    case "SelfSubjectRulesReview":
    case "SelfSubjectReview":
    case "TokenReview":
    case "PodMetrics":
    case "NodeMetrics":
      return;
    default:
      object satisfies never;
  }
}

function defaultSecret(secret: Secret): void {
  secret.type ||= "Opaque";
  if (!secret.stringData) return;
  secret.data ??= {};
  for (const [key, value] of Object.entries(secret.stringData)) secret.data[key] = base64(value);
  delete secret.stringData;
}

function base64(text: string): string {
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return btoa(bytes);
}

/** Seconds for which a client stays with its endpoint: three hours. */
const affinitySeconds = 10_800;

function defaultService({ spec }: Service): void {
  spec.type ??= "ClusterIP";
  spec.sessionAffinity ??= "None";
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  else {spec.sessionAffinityConfig = {
      clientIP: { timeoutSeconds: affinitySeconds, ...spec.sessionAffinityConfig?.clientIP },
    };}
  for (const port of spec.ports ?? []) {
    port.protocol ??= "TCP";
    if (!port.targetPort) port.targetPort = port.port;
  }
  const external = spec.type === "NodePort" || spec.type === "LoadBalancer" || spec.externalIPs?.length;
  if (external && spec.type !== "ExternalName") spec.externalTrafficPolicy ??= "Cluster";
  if (spec.type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
}

/** For how long a token is good when nobody says: an hour. */
const tokenSeconds = 3600;

function defaultEndpoints({ subsets }: Endpoints): void {
  for (const { ports } of subsets ?? []) {
    for (const port of ports ?? []) port.protocol ??= "TCP";
  }
}

function defaultPriorityClass(object: PriorityClass): void {
  object.preemptionPolicy ??= "PreemptLowerPriority";
}

function defaultRuntimeClass({ overhead }: RuntimeClass): void {
  normalizeQuantities(overhead?.podFixed);
}

function defaultNode({ status }: Node): void {
  normalizeQuantities(status?.capacity);
  normalizeQuantities(status?.allocatable);
}

function defaultEndpointSlice(slice: EndpointSlice): void {
  for (const port of slice.ports ?? []) {
    port.name ??= "";
    port.protocol ??= "TCP";
  }
}

function defaultPersistentVolume({ spec }: PersistentVolume): void {
  spec.persistentVolumeReclaimPolicy ??= "Retain";
  spec.volumeMode ??= "Filesystem";
  if (spec.hostPath) spec.hostPath.type ??= "";
  normalizeQuantities(spec.capacity);
}

function defaultPersistentVolumeClaim({ spec }: PersistentVolumeClaim): void {
  spec.volumeMode ??= "Filesystem";
  normalizeQuantities(spec.resources?.limits);
  normalizeQuantities(spec.resources?.requests);
}
