/**
 * Kubernetes objects: one zod schema a kind, types inferred from it, quantities, defaulting, validation, and manifests
 * with positions.
 *
 * Way in: `parseManifest` for text, `podContainers` to walk a pod, `podEdit` to compare two versions of one.
 */
export { hasApiAccess, mountApiAccess, tokenMountPath } from "./defaults/api_access.ts";
export type {
  BaseObject,
  Condition,
  LabelSelector,
  LocalObjectReference,
  ObjectMeta,
  ObjectReference,
} from "./meta.ts";
export type {
  ExecAction,
  GRPCAction,
  HTTPGetAction,
  Lifecycle,
  LifecycleHandler,
  Probe,
  TCPSocketAction,
} from "./probe.ts";
export type { AppArmorProfile, PodSecurityContext, SeccompProfile, SecurityContext } from "./security.ts";
export type {
  ConfigMapVolumeSource,
  DownwardAPIVolumeFile,
  DownwardAPIVolumeSource,
  EmptyDirVolumeSource,
  HostPathVolumeSource,
  KeyToPath,
  ObjectFieldSelector,
  ProjectedVolumeSource,
  ResourceFieldSelector,
  SecretVolumeSource,
  Volume,
  VolumeDevice,
  VolumeMount,
  VolumeProjection,
} from "./volume.ts";
export type {
  Container,
  ContainerPort,
  ContainerRestartRule,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  EphemeralContainer,
  ResourceRequirements,
} from "./container.ts";
export type { Affinity, Toleration } from "./scheduling.ts";
export type { HostAlias, Pod, PodDNSConfig, PodSpec } from "./pod.ts";
export type {
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
  PodCondition,
  PodPhase,
  PodStatus,
} from "./pod_status.ts";
export type { ConfigMap, Secret } from "./config_map.ts";
export type { Endpoint, EndpointSlice, Service, ServicePort, ServiceSpec, ServiceStatus } from "./service.ts";
export type { PersistentVolume, PersistentVolumeClaim } from "./storage.ts";
export type { Namespace, ServiceAccount } from "./namespace.ts";
export type { Endpoints, EndpointSubset } from "./endpoints.ts";
export { type Event, type EventsEvent, toCoreEvent, toEventsEvent } from "./event.ts";
export type { Node, NodeCondition, NodeSpec, NodeStatus, Taint } from "./node.ts";
export type { Lease } from "./lease.ts";
export type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject } from "./rbac.ts";
export type { PriorityClass, RuntimeClass } from "./classes.ts";
export type {
  LocalSubjectAccessReview,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from "./access_review.ts";
export type { SelfSubjectReview, TokenRequest, TokenReview } from "./token_review.ts";
export type { Binding, Eviction } from "./pod_actions.ts";
export type { NodeMetrics, PodMetrics } from "./metrics.ts";
export {
  allKinds,
  type AnyObject,
  findKind,
  type Kind,
  type KindInfo,
  kinds,
  type KindUse,
  type KubeObject,
  type ManifestObject,
  type RequestObject,
} from "./kinds.ts";
export { kindHint } from "./kind_hint.ts";
export { type ContainerRole, findContainer, isSidecar, type PodContainer, podContainers } from "./pod_containers.ts";
export {
  canonicalQuantity,
  compareQuantities,
  cpuMillis,
  formatQuantity,
  isQuantity,
  parseQuantity,
  quantityBytes,
  type QuantityFormat,
  quantityNumber,
} from "./quantity.ts";
export { canonicalJson, deepEqual, specHash } from "./equality.ts";
export { type NodeIdentity, selectsNode } from "./node_selector.ts";
export { type PodEdit, podEdit } from "./pod_edit.ts";
export { FieldPath, type PathStep } from "./field_path.ts";
export { type FieldError, FieldErrors, fieldErrorText, type FieldErrorType } from "./field_error.ts";
export { type Decoded, decodeObject, type DecodeOptions } from "./decode.ts";
export {
  type ApiInput,
  type ApiInputOptions,
  apiWarnings,
  BadInput,
  type FieldValidation,
  readApiObject,
} from "./api_input.ts";
export { duplicateFields } from "./duplicate_fields.ts";
export { defaultObject } from "./defaults/mod.ts";
export { defaultPullPolicy } from "./defaults/container.ts";
export { systemPriorities } from "./defaults/pod.ts";
export { validateObject } from "./validation/mod.ts";
export { validateCreate, validateStatusUpdate, validateUpdate } from "./validation/update/mod.ts";
export { validateEphemeralContainersUpdate } from "./validation/update/pod.ts";
export { validateResize } from "./validation/update/resize.ts";
export { linuxSignals } from "./validation/probe.ts";
export { normalSysctl } from "./validation/security.ts";
export {
  type FieldProblem,
  type ParsedManifest,
  parseManifest,
  type ParseOptions,
  problemText,
} from "./manifest/parse.ts";
export { identityHash, type ManifestHashes, manifestHashes } from "./manifest/hash.ts";
export {
  answerParseRequest,
  type IsolatedOptions,
  largeManifest,
  parseCommand,
  parseManifestIsolated,
} from "./manifest/isolated.ts";
