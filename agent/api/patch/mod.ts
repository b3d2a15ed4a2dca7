/**
 * Patches of Kubernetes objects, pure: what an object becomes, and who manages which of its fields. Merge keys and list
 * types are read off the kinds' schemas.
 *
 *     create        trackUpdate
 *     update, patch applyPatch ─► decode, default ─► trackUpdate ─► … ─► keepTimestamps
 *     apply         serverSideApply ─► decode, default ─► … ─► keepTimestamps
 *
 * `trackUpdate` belongs before what the API server itself fills in (admission): nobody manages that.
 * What is handed out shares nothing with what was given, so that it may be changed.
 */
import { badRequest } from "../status.ts";
import { copy, isMap, refuseDeep } from "./json.ts";
import { jsonPatch } from "./json_patch.ts";
import { mergePatch } from "./merge_patch.ts";
import { type Schema, viewOf } from "./schema_view.ts";
import { strategicPatch } from "./strategic_merge.ts";

export { type ApplyOptions, keepTimestamps, serverSideApply, trackUpdate, type UpdateOptions } from "./apply/mod.ts";
export { refuseDeep } from "./json.ts";
export { managerOf } from "./manager_name.ts";
export { type Schema, type TypeView, viewOf } from "./schema_view.ts";

export type PatchKind = "json" | "merge" | "strategic";

/** What `current` becomes by a patch; throws an ApiError. The result may be of any shape: decode it. */
export function applyPatch(kind: PatchKind, current: object, patch: unknown, schema: Schema): object {
  refuseDeep(patch);
  switch (kind) {
    case "json":
      return jsonPatch(current, patch);
    case "merge": {
      if (!isMap(patch)) throw badRequest("error decoding patch: a merge patch must be an object");
      return copy(mergePatch(current, patch)) as object;
    }
    case "strategic":
      return strategicPatch(current, patch, viewOf(schema));
    default:
      throw new Error(`Cannot patch: ${kind satisfies never} is no kind of patch`);
  }
}
