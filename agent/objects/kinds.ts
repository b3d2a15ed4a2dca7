/** The kinds that a node takes, by apiVersion and kind. */
import { type ConfigMap, configMapSchema, type Secret, secretSchema } from "./config_map.ts";
import { type Namespace, namespaceSchema, type ServiceAccount, serviceAccountSchema } from "./namespace.ts";
import { type Pod, podSchema } from "./pod.ts";
import { type EndpointSlice, endpointSliceSchema, type Service, serviceSchema } from "./service.ts";
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaimSchema,
  persistentVolumeSchema,
} from "./storage.ts";
import type { z } from "./schema.ts";

/** Any object that the node stores. */
export type KubeObject =
  | Pod
  | ConfigMap
  | Secret
  | Service
  | EndpointSlice
  | PersistentVolume
  | PersistentVolumeClaim
  | Namespace
  | ServiceAccount;

export type Kind = KubeObject["kind"];

export interface KindInfo {
  apiVersion: string;
  kind: Kind;
  namespaced: boolean;
  schema: () => z.core.$ZodType;
}

const all: KindInfo[] = [
  { apiVersion: "v1", kind: "Pod", namespaced: true, schema: podSchema },
  { apiVersion: "v1", kind: "ConfigMap", namespaced: true, schema: configMapSchema },
  { apiVersion: "v1", kind: "Secret", namespaced: true, schema: secretSchema },
  { apiVersion: "v1", kind: "Service", namespaced: true, schema: serviceSchema },
  { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", namespaced: true, schema: endpointSliceSchema },
  { apiVersion: "v1", kind: "PersistentVolume", namespaced: false, schema: persistentVolumeSchema },
  { apiVersion: "v1", kind: "PersistentVolumeClaim", namespaced: true, schema: persistentVolumeClaimSchema },
  { apiVersion: "v1", kind: "Namespace", namespaced: false, schema: namespaceSchema },
  { apiVersion: "v1", kind: "ServiceAccount", namespaced: true, schema: serviceAccountSchema },
];

/** What the node takes, in the order of the documentation. */
export const kinds: readonly KindInfo[] = all;

export function findKind(apiVersion: string, kind: string): KindInfo | undefined {
  return all.find((info) => info.apiVersion === apiVersion && info.kind === kind);
}
