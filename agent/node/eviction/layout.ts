/**
 * Which file systems are one, and what that means for winning back disk: what is removed first, and whose use counts.
 * Pure. Source: Kubernetes "Node-pressure Eviction: Node reclaim / Self managed images", KEP-4191 (split image file system).
 */
import type { PodStats } from "../../stats/mod.ts";
import type { Signal } from "./signals.ts";

export interface DiskLayout {
  /** Images are on a file system of their own, not on the one of pods' directories. */
  imagesApart: boolean;
  /** Writable layers are not where images are: then they are with pods' directories. */
  layersApart: boolean;
}

/** What the node itself can give back. */
export type Reclaim = "containers" | "images";

/** What to remove before any pod has to go. */
export function nodeReclaims(signal: Signal, { imagesApart, layersApart }: DiskLayout): Reclaim[] {
  if (!imagesApart) return ["containers", "images"];
  const [disk] = signal.split(".");
  if (disk === "imagefs") return layersApart ? ["images"] : ["containers", "images"];
  return layersApart ? ["containers"] : [];
}

/** What a pod holds of the file system that a signal is about. */
export function storageUse(stats: PodStats, signal: Signal, { imagesApart, layersApart }: DiskLayout): number {
  const key = signal.endsWith(".inodesFree") ? "inodesUsed" : "usedBytes";
  const layers = sum((stats.containers ?? []).map(({ rootfs }) => rootfs?.[key]));
  const logs = sum((stats.containers ?? []).map(({ logs }) => logs?.[key]));
  // all that counts as ephemeral storage, without what was counted above: volumes of the pod's own
  const all = stats["ephemeral-storage"]?.[key] ?? 0;
  const volumes = Math.max(0, all - layers - logs);
  if (!imagesApart) return all;
  if (signal.startsWith("imagefs.")) return layersApart ? 0 : layers;
  return volumes + logs + (layersApart ? layers : 0);
}

function sum(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}
