/** A pod that waits behind scheduling gates may be narrowed in where it can go, never widened. */
import type { FieldErrors } from "../../field_error.ts";
import { FieldPath } from "../../field_path.ts";
import type { PodSpec } from "../../pod.ts";
import { sameValue } from "./same.ts";

export function validateNodeSelectorUpdate(now: PodSpec, old: PodSpec, errors: FieldErrors): void {
  for (const [key, value] of Object.entries(old.nodeSelector ?? {})) {
    if (now.nodeSelector?.[key] === value) continue;
    const detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
    return errors.invalid(FieldPath.of("spec", "nodeSelector"), now.nodeSelector ?? {}, detail);
  }
}

const required = "requiredDuringSchedulingIgnoredDuringExecution";

export function validateNodeAffinityUpdate(
  { affinity: now }: PodSpec,
  { affinity: old }: PodSpec,
  errors: FieldErrors,
) {
  const before = old?.nodeAffinity?.[required]?.nodeSelectorTerms ?? [];
  if (!before.length) return;
  const path = FieldPath.of("spec", "affinity", "nodeAffinity", required, "nodeSelectorTerms");
  const after = now?.nodeAffinity?.[required]?.nodeSelectorTerms ?? [];
  if (after.length !== before.length) {
    return errors.invalid(path, after, "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
  }
  for (const [index, term] of before.entries()) {
    const kept = (["matchExpressions", "matchFields"] as const).every((field) => {
      const [was, is] = [term[field] ?? [], after[index][field] ?? []];
      return sameValue(was, is.slice(0, was.length));
    });
    if (!kept) {
      errors.invalid(path.index(index), after[index], "only additions are allowed (no mutations or deletions)");
    }
  }
}
