/** What to say of a kind that there is not: of those that a control plane serves, what to write instead. Pure. */
import { kinds } from "./kinds.ts";

/** Kinds whose pods a control plane's controllers make, and where such an object has the pod. */
const controllers: ReadonlyMap<string, string> = new Map([
  ["Deployment", "spec.template"],
  ["ReplicaSet", "spec.template"],
  ["ReplicationController", "spec.template"],
  ["StatefulSet", "spec.template"],
  ["DaemonSet", "spec.template"],
  ["Job", "spec.template"],
  ["CronJob", "spec.jobTemplate.spec.template"],
]);

/** What follows `no kind "…" is registered for version "…": `; undefined where there is nothing to say. */
export function kindHint(kind: string): string | undefined {
  const same = kinds.find((known) => known.kind === kind);
  if (same) return `${same.kind} is of apiVersion ${same.apiVersion}`;
  const template = controllers.get(kind);
  if (template) {
    return `a control plane's controllers make its pods, and this node is on its own; write a Pod with what ${template} has`;
  }
  const near = kinds.find((known) => known.kind.toLowerCase() === kind.toLowerCase().replace(/s$/, ""));
  return near && `did you mean ${near.kind}?`;
}
