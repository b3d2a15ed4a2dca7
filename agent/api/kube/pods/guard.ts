/** Pods of the manifest directory are changed by editing their file: the API says which one. */
import type { Pod } from "../../../objects/mod.ts";
import { fileOf, isFromFile } from "../../../sources/mod.ts";
import type { StoreObject } from "../../../store/mod.ts";
import type { Verb } from "../../request.ts";
import { forbidden } from "./refusal.ts";

/** Subresources by which others report on a pod, without changing what it is. */
const reports = new Set(["status", "log", "exec", "attach", "portforward"]);

/** @throws ApiError 403 where the request would change what a manifest says. */
export function guardManifestPod(pod: Pod, verb: Verb, subresource: string): void {
  if (verb === "get" || reports.has(subresource) || !isFromFile(pod as StoreObject)) return;
  const file = fileOf(pod as StoreObject);
  const removal = verb === "delete" || verb === "deletecollection" || subresource === "eviction";
  throw forbidden(pod, `it comes from the manifest ${file}: ${removal ? "remove" : "edit"} that file instead`);
}
