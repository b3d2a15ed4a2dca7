/** The kinds that a node takes, by apiVersion and kind: which of them manifests may hold, which are the API's alone. */
import {
  type LocalSubjectAccessReview,
  localSubjectAccessReviewSchema,
  type SelfSubjectAccessReview,
  selfSubjectAccessReviewSchema,
  type SelfSubjectRulesReview,
  selfSubjectRulesReviewSchema,
  type SubjectAccessReview,
  subjectAccessReviewSchema,
} from "./access_review.ts";
import { type PriorityClass, priorityClassSchema, type RuntimeClass, runtimeClassSchema } from "./classes.ts";
import { type ConfigMap, configMapSchema, type Secret, secretSchema } from "./config_map.ts";
import { type Endpoints, endpointsSchema } from "./endpoints.ts";
import { type Event, eventSchema, type EventsEvent, eventsEventSchema } from "./event.ts";
import { type Lease, leaseSchema } from "./lease.ts";
import { type NodeMetrics, nodeMetricsSchema, type PodMetrics, podMetricsSchema } from "./metrics.ts";
import { type Namespace, namespaceSchema, type ServiceAccount, serviceAccountSchema } from "./namespace.ts";
import { type Node, nodeSchema } from "./node.ts";
import { type Pod, podSchema } from "./pod.ts";
import { type Binding, bindingSchema, type Eviction, evictionSchema } from "./pod_actions.ts";
import {
  type ClusterRole,
  type ClusterRoleBinding,
  clusterRoleBindingSchema,
  clusterRoleSchema,
  type Role,
  type RoleBinding,
  roleBindingSchema,
  roleSchema,
} from "./rbac.ts";
import { type EndpointSlice, endpointSliceSchema, type Service, serviceSchema } from "./service.ts";
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaimSchema,
  persistentVolumeSchema,
} from "./storage.ts";
import {
  type SelfSubjectReview,
  selfSubjectReviewSchema,
  type TokenRequest,
  tokenRequestSchema,
  type TokenReview,
  tokenReviewSchema,
} from "./token_review.ts";
import type { z } from "./schema.ts";

/** Any object that manifests may hold. */
export type ManifestObject =
  | Pod
  | ConfigMap
  | Secret
  | Service
  | Endpoints
  | EndpointSlice
  | PersistentVolume
  | PersistentVolumeClaim
  | Namespace
  | ServiceAccount
  | Role
  | RoleBinding
  | ClusterRole
  | ClusterRoleBinding
  | PriorityClass
  | RuntimeClass;

/** Any object that the node stores. */
export type KubeObject = ManifestObject | Event | Node | Lease;

/** What clients post to have it answered or done; never stored. */
export type RequestObject =
  | Binding
  | Eviction
  | SelfSubjectAccessReview
  | SubjectAccessReview
  | LocalSubjectAccessReview
  | SelfSubjectRulesReview
  | SelfSubjectReview
  | TokenRequest
  | TokenReview;

/** Any object of the API. */
export type AnyObject = KubeObject | EventsEvent | RequestObject | PodMetrics | NodeMetrics;

export type Kind = AnyObject["kind"];

/**
 * manifest: stored, from manifests and from the API; api: stored or kept in memory, from the API alone;
 * request: posted to have it answered; computed: only ever read.
 */
export type KindUse = "manifest" | "api" | "request" | "computed";

export interface KindInfo {
  apiVersion: string;
  kind: Kind;
  namespaced: boolean;
  use: KindUse;
  schema: () => z.core.$ZodType;
}

const rbac = "rbac.authorization.k8s.io/v1";
const authorization = "authorization.k8s.io/v1";
const authentication = "authentication.k8s.io/v1";
const metrics = "metrics.k8s.io/v1beta1";

function kind(
  use: KindUse,
  apiVersion: string,
  kind: Kind,
  scope: "namespaced" | "cluster",
  schema: () => z.core.$ZodType,
): KindInfo {
  return { apiVersion, kind, namespaced: scope === "namespaced", use, schema };
}

/** All kinds of the API, in the order of the documentation. */
export const allKinds: readonly KindInfo[] = [
  kind("manifest", "v1", "Pod", "namespaced", podSchema),
  kind("manifest", "v1", "ConfigMap", "namespaced", configMapSchema),
  kind("manifest", "v1", "Secret", "namespaced", secretSchema),
  kind("manifest", "v1", "Service", "namespaced", serviceSchema),
  kind("manifest", "v1", "Endpoints", "namespaced", endpointsSchema),
  kind("manifest", "discovery.k8s.io/v1", "EndpointSlice", "namespaced", endpointSliceSchema),
  kind("manifest", "v1", "PersistentVolume", "cluster", persistentVolumeSchema),
  kind("manifest", "v1", "PersistentVolumeClaim", "namespaced", persistentVolumeClaimSchema),
  kind("manifest", "v1", "Namespace", "cluster", namespaceSchema),
  kind("manifest", "v1", "ServiceAccount", "namespaced", serviceAccountSchema),
  kind("manifest", rbac, "Role", "namespaced", roleSchema),
  kind("manifest", rbac, "RoleBinding", "namespaced", roleBindingSchema),
  kind("manifest", rbac, "ClusterRole", "cluster", clusterRoleSchema),
  kind("manifest", rbac, "ClusterRoleBinding", "cluster", clusterRoleBindingSchema),
  kind("manifest", "scheduling.k8s.io/v1", "PriorityClass", "cluster", priorityClassSchema),
  kind("manifest", "node.k8s.io/v1", "RuntimeClass", "cluster", runtimeClassSchema),
  kind("api", "v1", "Node", "cluster", nodeSchema),
  kind("api", "v1", "Event", "namespaced", eventSchema),
  kind("api", "events.k8s.io/v1", "Event", "namespaced", eventsEventSchema),
  kind("api", "coordination.k8s.io/v1", "Lease", "namespaced", leaseSchema),
  kind("request", "v1", "Binding", "namespaced", bindingSchema),
  kind("request", "policy/v1", "Eviction", "namespaced", evictionSchema),
  kind("request", authorization, "SelfSubjectAccessReview", "cluster", selfSubjectAccessReviewSchema),
  kind("request", authorization, "SubjectAccessReview", "cluster", subjectAccessReviewSchema),
  kind("request", authorization, "LocalSubjectAccessReview", "namespaced", localSubjectAccessReviewSchema),
  kind("request", authorization, "SelfSubjectRulesReview", "cluster", selfSubjectRulesReviewSchema),
  kind("request", authentication, "SelfSubjectReview", "cluster", selfSubjectReviewSchema),
  kind("request", authentication, "TokenRequest", "namespaced", tokenRequestSchema),
  kind("request", authentication, "TokenReview", "cluster", tokenReviewSchema),
  kind("computed", metrics, "PodMetrics", "namespaced", podMetricsSchema),
  kind("computed", metrics, "NodeMetrics", "cluster", nodeMetricsSchema),
];

/** What manifests may hold, in the order of the documentation. */
export const kinds: readonly KindInfo[] = allKinds.filter(({ use }) => use === "manifest");

/** A kind of the API, whatever its use. */
export function findKind(apiVersion: string, kind: string): KindInfo | undefined {
  return allKinds.find((info) => info.apiVersion === apiVersion && info.kind === kind);
}
