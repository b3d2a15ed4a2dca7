/** How an edit of a pod reaches the running one. */
import type { StoreObject } from "../store/mod.ts";
import { identityHash } from "./annotations.ts";

/** In place where kube-apiserver would allow it on a live pod, else by a new incarnation. */
export function editKind(stored: StoreObject, wanted: StoreObject): "none" | "inPlace" | "replace" {
  return identityHash(stored) === identityHash(wanted) ? "inPlace" : "replace";
}
