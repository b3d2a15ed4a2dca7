/**
 * What follows from ownerReferences, as Kubernetes' garbage collector does it. Pure.
 *
 *     all owners gone                       the dependent is deleted
 *     some owners gone                      its references to them are taken away
 *     an owner waits (foregroundDeletion)   its dependents are deleted; when none is left that blocks it, it is let go
 *     an owner lets them live (orphan)      their references to it are taken away, then it is let go
 */
import { isFromFile } from "../../sources/mod.ts";
import type { StoreObject } from "../../store/mod.ts";
import { finalizersOf } from "../deletion.ts";

export const foreground = "foregroundDeletion";
export const orphan = "orphan";

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  blockOwnerDeletion?: boolean;
}

export type OwnerAction =
  | { type: "delete"; object: StoreObject }
  /** Takes the references to these UIDs away. */
  | { type: "disown"; object: StoreObject; uids: string[] }
  | { type: "release"; object: StoreObject; finalizer: string };

/**
 * `objects`: everything there is. `knows` says whether objects of a kind would be among them, and whether they are in
 * namespaces: of others nobody can say that they are gone.
 */
export function planOwners(
  objects: readonly StoreObject[],
  knows: (apiVersion: string, kind: string) => { namespaced: boolean } | undefined,
): OwnerAction[] {
  const dependents = objects.filter((object) => ownersOf(object).length > 0);
  const ending = objects.filter(({ metadata }) => metadata.deletionTimestamp);
  if (dependents.length === 0 && !ending.some(isHeld)) return [];
  const byUid = new Map(objects.map((object) => [object.metadata.uid, object]));
  const actions: OwnerAction[] = [];

  for (const object of dependents) {
    if (isFromFile(object)) continue;
    const owners = ownersOf(object);
    const states = owners.map((owner) => stateOf(owner, object));
    const lost = owners.filter((_, at) => states[at] === "gone" || states[at] === "waiting");
    if (states.includes("there")) {
      if (lost.length > 0) actions.push({ type: "disown", object, uids: lost.map(({ uid }) => uid) });
    } else if (!object.metadata.deletionTimestamp && !states.includes("orphaning")) {
      actions.push({ type: "delete", object });
    }
  }
  for (const object of ending) {
    const { uid } = object.metadata;
    const own = (each: StoreObject) => ownersOf(each).find((owner) => owner.uid === uid);
    if (finalizersOf(object).includes(orphan)) {
      const left = dependents.filter((each) => own(each) && !isFromFile(each));
      for (const each of left) actions.push({ type: "disown", object: each, uids: [uid!] });
      if (left.length === 0) actions.push({ type: "release", object, finalizer: orphan });
    } else if (finalizersOf(object).includes(foreground)) {
      const blocking = dependents.some((each) => own(each)?.blockOwnerDeletion && !isFromFile(each));
      if (!blocking) actions.push({ type: "release", object, finalizer: foreground });
    }
  }
  return actions;

  function stateOf(owner: OwnerReference, dependent: StoreObject): "there" | "gone" | "waiting" | "orphaning" {
    const kind = knows(owner.apiVersion, owner.kind);
    const { namespace } = dependent.metadata;
    // an owner in a namespace cannot own what is in none
    if (!kind || (kind.namespaced && namespace === undefined)) return "there";
    const found = byUid.get(owner.uid);
    const same = found && found.kind === owner.kind && found.metadata.name === owner.name &&
      (!kind.namespaced || found.metadata.namespace === namespace);
    if (!same) return "gone";
    if (!found.metadata.deletionTimestamp) return "there";
    if (finalizersOf(found).includes(orphan)) return "orphaning";
    return finalizersOf(found).includes(foreground) ? "waiting" : "there";
  }
}

export function ownersOf({ metadata }: StoreObject): readonly OwnerReference[] {
  return (metadata as { ownerReferences?: OwnerReference[] }).ownerReferences ?? [];
}

export function isHeld(object: StoreObject): boolean {
  return finalizersOf(object).some((finalizer) => finalizer === foreground || finalizer === orphan);
}
