/**
 * What an edit of a pod means for the one that runs: kube-apiserver lets few fields of a live pod change; any other edit
 * makes another pod of it.
 */
import type { Container } from "./container.ts";
import { defaultPullPolicy } from "./defaults/container.ts";
import { deepEqual } from "./equality.ts";
import type { Pod, PodSpec } from "./pod.ts";

export interface PodEdit {
  /** none: nothing differs; inPlace: the running pod takes it; replace: a new incarnation. */
  kind: "none" | "inPlace" | "replace";
  /** The fields that differ: of a `replace` those that force it. */
  fields: string[];
}

/** Compares two versions of a pod as a source wants it (after defaulting). Status and the system's metadata do not count. */
export function podEdit(old: Pod, wanted: Pod): PodEdit {
  const allowed: string[] = [];
  const forced: string[] = [];
  for (const field of ["name", "namespace"] as const) {
    if (old.metadata[field] !== wanted.metadata[field]) forced.push(`metadata.${field}`);
  }
  for (const field of ["labels", "annotations", "finalizers", "ownerReferences"] as const) {
    if (!deepEqual(old.metadata[field] ?? {}, wanted.metadata[field] ?? {})) allowed.push(`metadata.${field}`);
  }
  const fields = new Set([...Object.keys(old.spec), ...Object.keys(wanted.spec)] as (keyof PodSpec)[]);
  // Written by whoever places the pod, not by who edits it.
  fields.delete("nodeName");
  for (const field of fields) {
    if (deepEqual(old.spec[field], wanted.spec[field])) continue;
    switch (field) {
      case "containers":
      case "initContainers":
        compareContainers(old.spec[field] ?? [], wanted.spec[field] ?? [], `spec.${field}`, allowed, forced);
        break;
      case "activeDeadlineSeconds":
        (mayShorten(old.spec[field], wanted.spec[field]) ? allowed : forced).push("spec.activeDeadlineSeconds");
        break;
      case "tolerations":
        (onlyAdded(old.spec.tolerations, wanted.spec.tolerations) ? allowed : forced).push("spec.tolerations");
        break;
      case "terminationGracePeriodSeconds":
        (wanted.spec[field] === 1 && (old.spec[field] ?? 0) < 0 ? allowed : forced).push(`spec.${field}`);
        break;
      default:
        forced.push(`spec.${field}`);
    }
  }
  if (forced.length) return { kind: "replace", fields: forced };
  return { kind: allowed.length ? "inPlace" : "none", fields: allowed };
}

/** Images may change; which containers there are, and what else they say, may not. */
function compareContainers(
  old: PodSpec["containers"],
  wanted: PodSpec["containers"],
  path: string,
  allowed: string[],
  forced: string[],
): void {
  if (old.length !== wanted.length) {
    forced.push(path);
    return;
  }
  for (const [index, container] of old.entries()) {
    const other = wanted[index];
    const fields = new Set([...Object.keys(container), ...Object.keys(other)] as (keyof typeof container)[]);
    for (const field of fields) {
      if (deepEqual(container[field], other[field])) continue;
      const inPlace = field === "image" || (field === "imagePullPolicy" && followsImage(container, other));
      (inPlace ? allowed : forced).push(`${path}[${index}].${field}`);
    }
  }
}

/** Whether each pull policy is what its image's tag gives: then nobody edited it. */
function followsImage(old: Container, wanted: Container): boolean {
  return [old, wanted].every(({ image, imagePullPolicy }) => imagePullPolicy === defaultPullPolicy(image));
}

/** A deadline may be set or shortened, not taken away or put off. */
function mayShorten(old: number | undefined, wanted: number | undefined): boolean {
  return wanted !== undefined && (old === undefined || wanted < old);
}

/** Every old toleration is still there, but for its seconds. */
function onlyAdded(old: PodSpec["tolerations"] = [], wanted: PodSpec["tolerations"] = []): boolean {
  return old.every((toleration) =>
    wanted.some((other) => deepEqual({ ...toleration, tolerationSeconds: other.tolerationSeconds }, other))
  );
}
