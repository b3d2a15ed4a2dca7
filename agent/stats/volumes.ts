/**
 * A pod's volumes that can be measured, and how: a tmpfs and a bind-mounted file system by statfs, directories of the
 * node's own disk by `du`. What is elsewhere on the host (hostPath) is nobody's use of storage, as with kubelet.
 */
import type { PersistentVolumeClaim, Pod } from "../objects/mod.ts";
import { isName, type Plugin, podPaths, volumeDir } from "../volumes/layout.ts";

export interface VolumePlace {
  name: string;
  path: string;
  by: "du" | "statfs";
  /** Counts as the pod's ephemeral storage. */
  ephemeral: boolean;
  claim?: { namespace: string; name: string };
}

/** @param claim a PersistentVolumeClaim of the pod's realm and namespace. */
export function measurableVolumes(
  pod: Pod,
  podsDir: string,
  claim: (pod: Pod, name: string) => PersistentVolumeClaim | undefined,
): VolumePlace[] {
  const places: VolumePlace[] = [];
  if (!isName(pod.metadata.uid)) return places;
  const paths = podPaths(podsDir, pod.metadata.uid);
  for (const volume of pod.spec.volumes ?? []) {
    const { name } = volume;
    const own = (plugin: Plugin): VolumePlace => ({
      name,
      path: volumeDir(paths, plugin, name),
      by: "du",
      ephemeral: true,
    });
    if (volume.emptyDir) {
      const place = own("empty-dir");
      places.push(volume.emptyDir.medium === "Memory" ? { ...place, by: "statfs", ephemeral: false } : place);
    } else if (volume.configMap) places.push(own("configmap"));
    else if (volume.secret) places.push(own("secret"));
    else if (volume.projected) places.push(own("projected"));
    else if (volume.downwardAPI) places.push(own("downward-api"));
    else if (volume.persistentVolumeClaim) {
      const { claimName } = volume.persistentVolumeClaim;
      const volumeName = claim(pod, claimName)?.spec?.volumeName;
      if (!volumeName || !isName(volumeName)) continue;
      places.push({
        name,
        path: volumeDir(paths, "local-volume", volumeName),
        by: "statfs",
        ephemeral: false,
        claim: { namespace: pod.metadata.namespace ?? "default", name: claimName },
      });
    }
  }
  return places;
}
