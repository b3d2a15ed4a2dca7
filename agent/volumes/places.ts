/** Where each volume of a pod is on the host, by its kind. */
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from "../objects/mod.ts";
import { podContainers } from "../objects/mod.ts";
import { type Backing, resolveClaim } from "./claim.ts";
import { SetUpError } from "./errors.ts";
import { type Plugin, type PodPaths, podPaths, volumeDir } from "./layout.ts";
import type { VolumeManagerOptions } from "./options.ts";
import type { VolumePlace } from "./plan_mounts.ts";

export type PlaceOptions = Pick<VolumeManagerOptions, "podsDir" | "resolve" | "facts" | "nodeLabels">;

/** The paths of a pod's directory. */
export function pathsOf(pod: Pod, { podsDir }: Pick<PlaceOptions, "podsDir">): PodPaths {
  return podPaths(podsDir, pod.metadata.uid ?? "");
}

/** The volumes that some container mounts; kubelet leaves the others alone. */
export function usedVolumes(pod: Pod): Volume[] {
  const used = new Set<string>();
  for (const { container } of podContainers(pod)) {
    for (const { name } of container.volumeMounts ?? []) used.add(name);
    for (const { name } of container.volumeDevices ?? []) used.add(name);
  }
  return (pod.spec.volumes ?? []).filter(({ name }) => used.has(name));
}

/** Where a volume of a pod is, whether or not it is ready. @throws {SetUpError} */
export function placeOf(pod: Pod, volume: Volume, options: PlaceOptions): VolumePlace {
  const paths = pathsOf(pod, options);
  const { name } = volume;
  const own = (plugin: Plugin, readOnly: boolean): VolumePlace => ({
    specName: name,
    path: volumeDir(paths, plugin, name),
    readOnly,
    managed: true,
  });
  if (volume.emptyDir) return own("empty-dir", false);
  if (volume.configMap) return own("configmap", true);
  if (volume.secret) return own("secret", true);
  if (volume.projected) return own("projected", true);
  if (volume.downwardAPI) return own("downward-api", true);
  if (volume.hostPath) return { specName: name, path: volume.hostPath.path, readOnly: false, managed: false };
  if (volume.persistentVolumeClaim) {
    const { kind, volumeName, path, readOnly } = claimOf(pod, volume, options);
    const place = kind === "local" ? volumeDir(paths, "local-volume", volumeName) : path;
    return { specName: volumeName, path: place, readOnly, managed: false };
  }
  throw unsupported(volume);
}

/** The storage behind a persistentVolumeClaim volume. @throws {SetUpError} */
export function claimOf(pod: Pod, volume: Volume, options: PlaceOptions): Backing {
  const { nodeLabels } = options;
  return resolveClaim(pod, volume.persistentVolumeClaim!, {
    claim: (_namespace, name) =>
      resolveFor(pod, "PersistentVolumeClaim", name, options) as PersistentVolumeClaim | undefined,
    volume: (name) => options.resolve("PersistentVolume", "", name, pod) as PersistentVolume | undefined,
    nodeLabels: nodeLabels?.() ?? { "kubernetes.io/hostname": options.facts(pod).nodeName },
  });
}

/** An object of the pod's namespace. */
export function resolveFor(
  pod: Pod,
  kind: "ConfigMap" | "Secret" | "PersistentVolumeClaim",
  name: string,
  options: Pick<VolumeManagerOptions, "resolve">,
): unknown {
  return options.resolve(kind, pod.metadata.namespace ?? "default", name, pod);
}

/** That this node does not have the kind of volume. */
export function unsupported(volume: Volume): SetUpError {
  const source = Object.keys(volume).find((key) => key !== "name" && volume[key as keyof Volume] !== undefined);
  return new SetUpError(source ? `volume source "${source}" is not supported by this node` : "it has no volume source");
}
