/** How an edit of a pod reaches the running one: in place where kube-apiserver would allow it, else by a new incarnation. */
import { type Pod, podEdit } from "../objects/mod.ts";
import type { StoreObject } from "../store/mod.ts";

export function editKind(stored: StoreObject, wanted: StoreObject): "none" | "inPlace" | "replace" {
  return podEdit(stored as unknown as Pod, wanted as unknown as Pod).kind;
}
