/** Node: what users may write of it. */
import type { FieldErrors } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import type { Node, Taint } from "../node.ts";
import { validateMeta } from "./meta.ts";
import { isCIDR, isIPv4, labelValue, qualifiedName } from "./names.ts";
import { validateQuantity } from "./resources.ts";

function validateTaints(taints: Taint[], path: FieldPath, errors: FieldErrors): void {
  const seen = new Set<string>();
  for (const [index, { key, value = "", effect }] of taints.entries()) {
    const at = path.index(index);
    errors.invalidAll(at.child("key"), key, qualifiedName(key));
    const wrong = labelValue(value);
    if (wrong.length) errors.invalid(at.child("value"), value, wrong.join(";"));
    const pair = `${key} ${effect}`;
    if (seen.has(pair)) {
      errors.duplicate(at, { key, ...(value && { value }), effect }, "taints must be unique by key and effect pair");
    }
    seen.add(pair);
  }
}

export function validateNode(node: Node, errors: FieldErrors): void {
  validateMeta(node.metadata, FieldPath.of("metadata"), errors, { namespaced: false });
  const path = FieldPath.of("spec");
  validateTaints(node.spec.taints ?? [], path.child("taints"), errors);
  const ranges = node.spec.podCIDRs ?? [];
  for (const [index, range] of ranges.entries()) {
    if (isCIDR(range)) continue;
    const words = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
    errors.invalid(path.child("podCIDRs").index(index), range, words);
  }
  if (ranges.length > 2 || (ranges.length === 2 && isV4(ranges[0]) === isV4(ranges[1]))) {
    errors.invalid(path.child("podCIDRs"), ranges, "may specify no more than one CIDR for each IP family");
  }
  for (const list of ["capacity", "allocatable"] as const) {
    for (const [name, amount] of Object.entries(node.status?.[list] ?? {})) {
      validateQuantity(amount, FieldPath.of("status", list).key(name), errors);
    }
  }
}

const isV4 = (range: string) => isIPv4(range.split("/")[0]);
