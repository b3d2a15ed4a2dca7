/** What is accepted but probably not meant: the API server's warnings; and what has no effect here. */
import { systemPriorities } from "../defaults/pod.ts";
import type { FieldErrors } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import type { AnyObject } from "../kinds.ts";
import { containerPath, podContainers } from "../pod_containers.ts";
import { isQuantity, parseQuantity } from "../quantity.ts";
import { warnWithoutEffect } from "./without_effect.ts";

/** Adds warnings about an object as written. */
export function warnAbout(object: AnyObject, problems: FieldErrors, { manifest }: { manifest: boolean }): void {
  warnWithoutEffect(object, problems, manifest);
  if (object.kind === "Service" && object.spec.trafficDistribution === "PreferClose") {
    const what = '"PreferClose" is deprecated; use "PreferSameZone"';
    problems.warn(FieldPath.of("spec", "trafficDistribution"), what);
  }
  if (object.kind !== "Pod") return;
  const spec = FieldPath.of("spec");
  const { priorityClassName, priority } = object.spec;
  if (manifest && priorityClassName && priority === undefined && !Object.hasOwn(systemPriorities, priorityClassName)) {
    problems.warn(
      spec.child("priorityClassName"),
      `no PriorityClass with name ${priorityClassName} was found: priority is 0`,
    );
  }
  for (const each of podContainers(object)) {
    const { container } = each;
    const path = containerPath(each);
    const names = new Set<string>();
    for (const [at, { name }] of (container.env ?? []).entries()) {
      if (names.has(name)) {
        const detail = `hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`;
        problems.warn(path.child("env").index(at), detail);
      }
      names.add(name);
    }
    for (const field of ["limits", "requests"] as const) {
      const memory = container.resources?.[field]?.memory;
      if (memory === undefined || !isQuantity(memory) || parseQuantity(memory) % 1_000_000_000n === 0n) continue;
      const at = path.child("resources", field).key("memory");
      problems.warn(at, `fractional byte value ${JSON.stringify(String(memory))} is invalid, must be an integer`);
    }
  }
}
