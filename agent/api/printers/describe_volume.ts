/** A volume of a pod, as `describe` shows it. */
import type { Volume, VolumeProjection } from "../../objects/mod.ts";
import type { Entry } from "./outline.ts";

export function describeVolume(volume: Volume): Entry[] {
  const { emptyDir, hostPath, configMap, secret, projected, downwardAPI, persistentVolumeClaim } = volume;
  if (emptyDir) {
    return [
      ["Type", "EmptyDir (a temporary directory that shares a pod's lifetime)"],
      ["Medium", emptyDir.medium ?? ""],
      ["SizeLimit", emptyDir.sizeLimit ?? "<unset>"],
    ];
  }
  if (hostPath) {
    return [
      ["Type", "HostPath (bare host directory volume)"],
      ["Path", hostPath.path],
      ["HostPathType", hostPath.type ?? ""],
    ];
  }
  if (configMap) {
    return [
      ["Type", "ConfigMap (a volume populated by a ConfigMap)"],
      ["Name", configMap.name ?? ""],
      ["Optional", String(configMap.optional ?? false)],
    ];
  }
  if (secret) {
    return [
      ["Type", "Secret (a volume populated by a Secret)"],
      ["SecretName", secret.secretName ?? ""],
      ["Optional", String(secret.optional ?? false)],
    ];
  }
  if (projected) {
    return [
      ["Type", "Projected (a volume that contains injected data from multiple sources)"],
      ...(projected.sources ?? []).flatMap(projection),
    ];
  }
  if (downwardAPI) {
    return [["Type", "DownwardAPI (a volume populated by information about the pod)"], ...items(downwardAPI.items)];
  }
  if (persistentVolumeClaim) {
    return [
      ["Type", "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)"],
      ["ClaimName", persistentVolumeClaim.claimName],
      ["ReadOnly", String(persistentVolumeClaim.readOnly ?? false)],
    ];
  }
  return [["Type", Object.keys(volume).find((key) => key !== "name") ?? "<unknown>"]];
}

function projection({ configMap, secret, downwardAPI, serviceAccountToken }: VolumeProjection): Entry[] {
  if (configMap) return [["ConfigMapName", configMap.name ?? ""], ["Optional", String(configMap.optional ?? false)]];
  if (secret) return [["SecretName", secret.name ?? ""], ["Optional", String(secret.optional ?? false)]];
  if (downwardAPI) return items(downwardAPI.items);
  if (serviceAccountToken) {
    return [["TokenExpirationSeconds", String(serviceAccountToken.expirationSeconds ?? 3600)]];
  }
  return [];
}

type Item = NonNullable<NonNullable<Volume["downwardAPI"]>["items"]>[number];

function items(list: readonly Item[] | undefined): Entry[] {
  return [[
    "Items",
    (list ?? []).map(({ path, fieldRef, resourceFieldRef }) =>
      `${fieldRef?.fieldPath ?? resourceFieldRef?.resource ?? ""} -> ${path}`
    ),
  ]];
}
