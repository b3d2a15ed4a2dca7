/** Which ConfigMaps, Secrets, claims and ServiceAccounts a pod's spec names. */
import { type KubeObject, type Pod, podContainers } from "../objects/mod.ts";

/** Whether the pod mounts or reads `object`. */
export function references(pod: Pod, { kind, metadata }: Pick<KubeObject, "kind" | "metadata">): boolean {
  if (kind === "PersistentVolume") {
    return pod.spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim) ?? false;
  }
  if (metadata.namespace !== pod.metadata.namespace) return false;
  return namesOf(pod, kind).has(metadata.name);
}

function namesOf(pod: Pod, kind: string): Set<string> {
  const names = new Set<string | undefined>();
  const { volumes = [], imagePullSecrets = [], serviceAccountName } = pod.spec;
  if (kind === "ServiceAccount") names.add(serviceAccountName);
  for (const volume of volumes) {
    if (kind === "ConfigMap") names.add(volume.configMap?.name);
    if (kind === "Secret") names.add(volume.secret?.secretName);
    if (kind === "PersistentVolumeClaim") names.add(volume.persistentVolumeClaim?.claimName);
    for (const { configMap, secret } of volume.projected?.sources ?? []) {
      if (kind === "ConfigMap") names.add(configMap?.name);
      if (kind === "Secret") names.add(secret?.name);
    }
  }
  for (const { container: { env = [], envFrom = [] } } of podContainers(pod)) {
    for (const { valueFrom } of env) {
      if (kind === "ConfigMap") names.add(valueFrom?.configMapKeyRef?.name);
      if (kind === "Secret") names.add(valueFrom?.secretKeyRef?.name);
    }
    for (const { configMapRef, secretRef } of envFrom) {
      if (kind === "ConfigMap") names.add(configMapRef?.name);
      if (kind === "Secret") names.add(secretRef?.name);
    }
  }
  if (kind === "Secret") { for (const { name } of imagePullSecrets) names.add(name); }
  names.delete(undefined);
  return names as Set<string>;
}
