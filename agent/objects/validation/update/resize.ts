/** The subresource `resize`: cpu and memory of running containers, and nothing else. */
import type { Container } from "../../container.ts";
import type { FieldErrors } from "../../field_error.ts";
import { FieldPath } from "../../field_path.ts";
import type { Pod } from "../../pod.ts";
import { isSidecar } from "../../pod_containers.ts";
import { sameValue } from "./same.ts";

const spec = FieldPath.of("spec");

type Amounts = Record<string, string>;

/** @param qosClass of a pod by its spec */
export function validateResize(
  pod: Pod,
  current: Pod,
  qosClass: (pod: Pod) => string,
  errors: FieldErrors,
): void {
  const amounts = ({ spec: { resources } }: Pod) => ({ ...resources?.limits, ...resources?.requests });
  if (Object.keys({ ...amounts(pod), ...amounts(current) }).length) {
    return errors.forbidden(FieldPath.root, "pods with pod-level resources cannot be resized");
  }
  const [now, old] = [pod.spec, current.spec];
  for (const list of ["containers", "initContainers"] as const) {
    if ((now[list] ?? []).length === (old[list] ?? []).length) continue;
    return errors.forbidden(spec, "only cpu and memory resources are mutable");
  }
  const was = current.status?.qosClass ?? qosClass(current);
  if (was !== qosClass(pod)) errors.invalid(spec, was, "Pod QOS Class may not change as a result of resizing");
  const before = errors.errors.length;
  for (const list of ["initContainers", "containers"] as const) {
    for (const [index, container] of (old[list] ?? []).entries()) {
      const next = now[list]![index];
      if (list === "containers") {
        validateContainer(next, container, spec.child(list).index(index).child("resources"), errors);
        if (!sameBut(next, container)) errors.forbidden(spec, "only cpu and memory resources are mutable");
      } else if (isSidecar(container)) {
        validateContainer(next, container, spec.child(list).index(index).child("resources"), errors);
        if (!sameBut(next, container)) {
          errors.forbidden(spec, "only cpu and memory resources for sidecar containers are mutable");
        }
      } else if (!sameValue(next, container)) {
        errors.forbidden(spec, "resources for non-sidecar init containers are immutable");
      }
    }
  }
  if (errors.errors.length > before) return;
  const { containers: _, initContainers: __, ...rest } = now;
  const { containers: ___, initContainers: ____, ...others } = old;
  if (!sameValue(rest, others)) errors.forbidden(spec, "only cpu and memory resources are mutable");
}

function validateContainer(now: Container, old: Container, path: FieldPath, errors: FieldErrors): void {
  for (const [list, words] of [["requests", "resource requests"], ["limits", "resource limits"]] as const) {
    const gone = Object.keys(old.resources?.[list] ?? {}).some((name) => now.resources?.[list]?.[name] === undefined);
    if (gone) errors.forbidden(path.child(list), `${words} cannot be removed`);
  }
}

/** Whether two containers differ in their cpu and memory at most. */
function sameBut(now: Container, old: Container): boolean {
  const others = (amounts: Amounts = {}) =>
    Object.fromEntries(Object.entries(amounts).filter(([name]) => name !== "cpu" && name !== "memory"));
  const bare = ({ resources, ...rest }: Container) => ({
    ...rest,
    claims: resources?.claims,
    limits: others(resources?.limits),
    requests: others(resources?.requests),
  });
  return sameValue(bare(now), bare(old));
}
