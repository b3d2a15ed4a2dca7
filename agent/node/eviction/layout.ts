/**
 * Which file systems are one, and what that means for winning back disk: what is removed first, and whose use counts.
 * Pure. Source: Kubernetes "Node-pressure Eviction: Node reclaim", KEP-4191 (split image file system). There are three
 * layouts in Kubernetes; each follows from what is on the file system that runs short:
 *
 *                          nodefs                     imagefs            containerfs
 *     one for all          volumes, logs, layers, images: all three are one
 *     images apart         volumes, logs              images, layers     is imagefs
 *     split                volumes, logs, layers      images             is nodefs
 */
import type { PodStats } from "../../stats/mod.ts";
import type { Signal } from "./signals.ts";

/** Of pods' directories and logs, of images, of containers' writable layers. */
export type Disk = "nodefs" | "imagefs" | "containerfs";

/** What names the device of each. */
export type DiskLayout = Readonly<Record<Disk, string>>;

export type LayoutName = "one for all" | "images apart" | "split" | "layers apart";

/** The layout's name; `layers apart`, where layers are neither with images nor with pods' directories, Kubernetes has not. */
export function layoutName({ nodefs, imagefs, containerfs }: DiskLayout): LayoutName {
  if (containerfs !== nodefs && containerfs !== imagefs) return "layers apart";
  if (imagefs === nodefs) return "one for all";
  return containerfs === imagefs ? "images apart" : "split";
}

/** What the node itself can give back. */
export type Reclaim = "containers" | "images";

/** What to remove before any pod has to go. An ended container gives back its layer, and its log to nodefs. */
export function nodeReclaims(signal: Signal, layout: DiskLayout): Reclaim[] {
  const holds = contents(signal, layout);
  return [
    ...(holds.includes("nodefs") || holds.includes("containerfs") ? ["containers" as const] : []),
    ...(holds.includes("imagefs") ? ["images" as const] : []),
  ];
}

/** What a pod holds of the file system that a signal is about. */
export function storageUse(stats: PodStats, signal: Signal, layout: DiskLayout): number {
  const key = signal.endsWith(".inodesFree") ? "inodesUsed" : "usedBytes";
  const layers = sum((stats.containers ?? []).map(({ rootfs }) => rootfs?.[key]));
  // all that counts as ephemeral storage, without what is a layer: volumes of the pod's own, and logs
  const files = Math.max(0, (stats["ephemeral-storage"]?.[key] ?? 0) - layers);
  const holds = contents(signal, layout);
  return (holds.includes("nodefs") ? files : 0) + (holds.includes("containerfs") ? layers : 0);
}

/** All that is on the file system that a signal is about. */
function contents(signal: Signal, layout: DiskLayout): Disk[] {
  const device = layout[signal.split(".")[0] as Disk];
  return (["nodefs", "imagefs", "containerfs"] as const).filter((disk) => layout[disk] === device);
}

function sum(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}
