/** What the API server fills in on volumes. */
import { refusedVolumeSources, supportedVolumeSources, type Volume, type VolumeProjection } from "../volume.ts";
import { normalQuantity } from "./container.ts";

/** Mode of projected files: 0644. */
const fileMode = 0o644;

export function defaultVolume(volume: Volume): void {
  if (![...supportedVolumeSources, ...refusedVolumeSources].some((source) => volume[source])) volume.emptyDir = {};
  const { emptyDir, hostPath, configMap, secret, downwardAPI, projected } = volume;
  if (emptyDir?.sizeLimit !== undefined) emptyDir.sizeLimit = normalQuantity(emptyDir.sizeLimit);
  if (hostPath) hostPath.type ??= "";
  if (configMap) configMap.defaultMode ??= fileMode;
  if (secret) secret.defaultMode ??= fileMode;
  if (downwardAPI) {
    downwardAPI.defaultMode ??= fileMode;
    defaultDownwardFiles(downwardAPI.items);
  }
  if (projected) {
    projected.defaultMode ??= fileMode;
    for (const source of projected.sources ?? []) {
      defaultDownwardFiles(source.downwardAPI?.items);
      if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
    }
  }
}

function defaultDownwardFiles(files: NonNullable<VolumeProjection["downwardAPI"]>["items"]): void {
  for (const file of files ?? []) {
    if (file.fieldRef) file.fieldRef.apiVersion ||= "v1";
    if (file.resourceFieldRef) file.resourceFieldRef.divisor = normalQuantity(file.resourceFieldRef.divisor ?? "0");
  }
}
