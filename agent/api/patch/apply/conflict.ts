/** A conflict as it is told to who applied: 409 with a cause for each field, in kube-apiserver's words. */
import { ApiError } from "../../status.ts";
import { identityOf, type Manager } from "./managers.ts";
import type { Conflict } from "./ownership.ts";
import { pathText } from "./path_element.ts";

export function conflictError(conflicts: readonly Conflict[]): ApiError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${managerText(manager)}`,
    field: pathText(path),
  }));
  return new ApiError(409, "Conflict", messageOf(conflicts), { causes });
}

function messageOf(conflicts: readonly Conflict[]): string {
  const [{ manager, path }] = conflicts;
  if (conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${managerText(manager)}: ${pathText(path)}`;
  }
  const lines: string[] = [];
  for (const [, all] of Map.groupBy(conflicts, ({ manager }) => identityOf(manager))) {
    lines.push(`conflicts with ${managerText(all[0].manager)}:`, ...all.map(({ path }) => `- ${pathText(path)}`));
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}

function managerText({ name, operation, apiVersion, subresource }: Manager): string {
  const text = JSON.stringify(name) + (subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === "Update" ? `${text} using ${apiVersion}` : text;
}
