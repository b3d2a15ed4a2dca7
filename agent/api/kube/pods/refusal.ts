/** How admission refuses a pod: 403 in the words of kube-apiserver's plugins. */
import type { Pod } from "../../../objects/mod.ts";
import { ApiError } from "../../status.ts";

/** `pods "web" is forbidden: …`. */
export function forbidden({ metadata }: Pick<Pod, "metadata">, why: string): ApiError {
  const name = metadata.name || metadata.generateName || "";
  return new ApiError(403, "Forbidden", `pods ${JSON.stringify(name)} is forbidden: ${why}`, { name, kind: "pods" });
}
