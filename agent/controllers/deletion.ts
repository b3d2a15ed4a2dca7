/** What a controller's deletion makes of an object, by the same rules as the API's. For use inside `Store.change`. */
import { deletionGrace } from "../node/mod.ts";
import type { Pod } from "../objects/mod.ts";
import type { StoreObject } from "../store/mod.ts";

/** Marked, where this node has to end it or a finalizer holds it; else undefined: it goes at once. */
export function deleted(
  current: StoreObject,
  end: (graceSeconds: number) => StoreObject,
  nodeName: string,
): StoreObject | undefined {
  if (current.kind === "Pod") {
    const graceSeconds = deletionGrace(current as unknown as Pod, undefined, nodeName);
    if (graceSeconds > 0) return current.metadata.deletionTimestamp ? current : end(graceSeconds);
  }
  if (current.kind !== "Namespace" && finalizersOf(current).length === 0) return undefined;
  return current.metadata.deletionTimestamp ? current : end(0);
}

/** The object without a finalizer; undefined where that was the last that held it. */
export function released(current: StoreObject, finalizer: string): StoreObject | undefined {
  const left = finalizersOf(current).filter((each) => each !== finalizer);
  if (left.length === finalizersOf(current).length) return current;
  const { deletionTimestamp, deletionGracePeriodSeconds } = current.metadata;
  // what has to be ended first goes when that is done
  const goes = deletionTimestamp && !deletionGracePeriodSeconds && current.kind !== "Namespace";
  if (left.length === 0 && goes) return undefined;
  const { finalizers: _, ...metadata } = current.metadata as StoreObject["metadata"] & { finalizers?: string[] };
  return { ...current, metadata: { ...metadata, ...(left.length > 0 ? { finalizers: left } : {}) } };
}

export function finalizersOf({ metadata }: StoreObject): readonly string[] {
  return (metadata as { finalizers?: string[] }).finalizers ?? [];
}
