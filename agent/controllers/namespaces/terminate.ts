/**
 * The end of a namespace, as kube-controller-manager brings it about: its content is deleted, pods with their grace;
 * what is left is told in conditions; when nothing is left the finalizer goes, and with it the namespace. Pure.
 */
import { deletionGrace } from "../../node/mod.ts";
import type { Namespace, Pod } from "../../objects/mod.ts";
import { isFromFile } from "../../sources/mod.ts";
import type { StoreObject } from "../../store/mod.ts";
import { finalizersOf } from "../deletion.ts";

export type EndAction =
  /** Deletes what has no finalizers; marks the rest. */
  | { type: "delete"; object: StoreObject }
  /** Marks a pod; its worker removes it. */
  | { type: "end"; pod: Pod; graceSeconds: number }
  | { type: "status"; namespace: Namespace; conditions: Told[] }
  /** Takes the node's finalizer away. */
  | { type: "finalize"; namespace: Namespace };

/** A condition without its time. */
export interface Told {
  type: string;
  status: "True" | "False";
  reason: string;
  message: string;
}

/** `content`: all objects in the namespace, of all kinds. `resource` names a kind as the API does: `pods`. */
export function planTermination(
  namespace: Namespace,
  content: readonly StoreObject[],
  nodeName: string,
  resource: (kind: string) => string,
): EndAction[] {
  const actions: EndAction[] = [];
  for (const object of content) {
    if (object.kind === "Pod" && !isFromFile(object)) {
      const pod = object as unknown as Pod;
      if (object.metadata.deletionTimestamp) continue;
      const graceSeconds = deletionGrace(pod, undefined, nodeName);
      actions.push(graceSeconds > 0 ? { type: "end", pod, graceSeconds } : { type: "delete", object });
    } else if (!object.metadata.deletionTimestamp && !isFromFile(object)) actions.push({ type: "delete", object });
  }
  // what a manifest brought meanwhile is not waited for: the namespace goes, and comes back for it
  const left = content.filter((each) =>
    !isFromFile(each) && !actions.some((action) => action.type === "delete" && goes(action.object, each))
  );
  actions.push({ type: "status", namespace, conditions: conditions(namespace, left, resource) });
  if (left.length === 0) actions.push({ type: "finalize", namespace });
  return actions;
}

function goes(deleted: StoreObject, object: StoreObject): boolean {
  return deleted === object && finalizersOf(object).length === 0;
}

function conditions(namespace: Namespace, left: readonly StoreObject[], resource: (kind: string) => string): Told[] {
  const remaining = counted(left.map(({ kind }) => resource(kind)), (name, n) => `${name} has ${n} resource instances`);
  const held = counted(left.flatMap(finalizersOf), (name, n) => `${name} in ${n} resource instances`);
  const started = namespace.status?.conditions ?? [];
  const told = (type: string, problem: string | undefined, [bad, good]: [string, string], fine: string): Told => ({
    type,
    status: problem === undefined ? "False" : "True",
    reason: problem === undefined ? good : bad,
    message: problem ?? fine,
  });
  const all = [
    told(
      "NamespaceDeletionDiscoveryFailure",
      undefined,
      ["DiscoveryFailed", "ResourcesDiscovered"],
      "All resources successfully discovered",
    ),
    told(
      "NamespaceDeletionGroupVersionParsingFailure",
      undefined,
      ["GroupVersionParsingFailed", "ParsedGroupVersions"],
      "All legacy kube types successfully parsed",
    ),
    told(
      "NamespaceDeletionContentFailure",
      undefined,
      ["ContentDeletionFailed", "ContentDeleted"],
      "All content successfully deleted, may be waiting on finalization",
    ),
    told(
      "NamespaceContentRemaining",
      remaining && `Some resources are remaining: ${remaining}`,
      ["SomeResourcesRemain", "ContentRemoved"],
      "All content successfully removed",
    ),
    told(
      "NamespaceFinalizersRemaining",
      held && `Some content in the namespace has finalizers remaining: ${held}`,
      ["SomeFinalizersRemain", "ContentHasNoFinalizers"],
      "All content-preserving finalizers finished",
    ),
  ];
  // nobody needs to be told of what was over before it could be seen
  return left.length === 0 && started.length === 0 ? [] : all;
}

function counted(names: readonly string[], text: (name: string, count: number) => string): string | undefined {
  if (names.length === 0) return undefined;
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a < b ? -1 : 1).map(([name, count]) => text(name, count)).join(", ");
}
