/**
 * Which pods hold more of the disk than their own limits allow: an emptyDir beyond its sizeLimit, a pod beyond the sum
 * of its containers' limits, a container beyond its own. Pure; what is used comes measured.
 */
import { type Pod, podContainers, quantityBytes } from "../../objects/mod.ts";
import { podLimits } from "../../resources/mod.ts";
import type { PodStats } from "../../stats/mod.ts";
import { containerStorageMessage, emptyDirMessage, podStorageMessage } from "./messages.ts";

/** A limit that was exceeded; `signal` as the metric kubelet_evictions names it. */
export interface StorageExcess {
  signal: "emptydirfs.limit" | "ephemeralpodfs.limit" | "ephemeralcontainerfs.limit";
  message: string;
}

const resource = "ephemeral-storage";

/** Whether there is anything to measure. */
export function hasStorageLimits(pod: Pod): boolean {
  return (pod.spec.volumes ?? []).some(({ emptyDir }) => isSet(emptyDir?.sizeLimit)) ||
    podContainers(pod).some(({ container }) => isSet(container.resources?.limits?.[resource]));
}

/** The first limit that the pod exceeds, in kubelet's order. */
export function storageExcess(pod: Pod, stats: PodStats): StorageExcess | undefined {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    if (!emptyDir || !isSet(emptyDir.sizeLimit)) continue;
    const used = stats.volume?.find((volume) => volume.name === name)?.usedBytes ?? 0;
    if (used <= quantityBytes(emptyDir.sizeLimit!)) continue;
    return { signal: "emptydirfs.limit", message: emptyDirMessage(name, emptyDir.sizeLimit!) };
  }
  const limit = podLimits(pod)[resource] ?? 0;
  if (limit > 0 && (stats["ephemeral-storage"]?.usedBytes ?? 0) > limit) {
    return { signal: "ephemeralpodfs.limit", message: podStorageMessage(limit) };
  }
  for (const { container: { name, resources } } of podContainers(pod)) {
    const own = resources?.limits?.[resource];
    const used = stats.containers?.find((container) => container.name === name);
    if (!isSet(own) || !used) continue;
    if ((used.rootfs?.usedBytes ?? 0) + (used.logs?.usedBytes ?? 0) <= quantityBytes(own!)) continue;
    return { signal: "ephemeralcontainerfs.limit", message: containerStorageMessage(name, own!) };
  }
  return undefined;
}

function isSet(quantity: string | number | undefined): boolean {
  return quantity !== undefined && quantityBytes(quantity) > 0;
}
