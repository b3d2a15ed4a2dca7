/**
 * The garbage collector: objects go after the last of their owners has gone, before it or never, as its deletion asked.
 *
 *     store events ─► round: planOwners (plan.ts) ─► delete, take references away, let owners go
 */
import type { Clock } from "../../clock.ts";
import type { ObjectStore, Store, StoreEvent, StoreObject } from "../../store/mod.ts";
import type { Logger } from "../../telemetry/log.ts";
import { Controller } from "../controller.ts";
import { deleted, released } from "../deletion.ts";
import { allObjects, type Stores, storesOf } from "../stores.ts";
import { isHeld, type OwnerAction, ownersOf, planOwners } from "./plan.ts";

export { foreground, orphan, planOwners } from "./plan.ts";

export interface OwnersOptions extends Stores {
  store: Stores["store"] & Pick<Store, "watch">;
  others?: readonly Pick<ObjectStore, "list" | "change" | "watch">[];
  nodeName: string;
  clock: Clock;
  log: Logger;
  knows(apiVersion: string, kind: string): { namespaced: boolean } | undefined;
}

const realm = "local";

export class Owners extends Controller {
  readonly #options: OwnersOptions;

  constructor(options: OwnersOptions) {
    super({ ...options, name: "garbage collector", stores: [options.store, ...options.others ?? []] });
    this.#options = options;
  }

  /** A status says nothing of owners; an end, a new reference or a new finalizer may. */
  protected override matters({ type, realm: of, object, previous }: StoreEvent): boolean {
    if (of !== realm) return false;
    if (type === "DELETED") return true;
    const { deletionTimestamp } = object.metadata;
    if (deletionTimestamp && (deletionTimestamp !== previous?.metadata.deletionTimestamp || isHeld(object))) {
      return true;
    }
    const references = (of?: StoreObject) =>
      (of?.metadata as { ownerReferences?: unknown } | undefined)?.ownerReferences;
    return references(object) !== references(previous);
  }

  protected override async round(): Promise<void> {
    const actions = planOwners(allObjects(this.#options, realm), this.#options.knows);
    await Promise.all(actions.map((action) => this.#act(action)));
  }

  async #act(action: OwnerAction): Promise<void> {
    const { nodeName, log } = this.#options;
    const { kind, metadata: { namespace = "", name, uid } } = action.object;
    if (action.type === "delete") log.info("Removing what its owner has left", { kind, namespace, name });
    for (const target of storesOf(this.#options, kind)) {
      await target.change<StoreObject>(realm, kind, namespace, name, (current, end) => {
        if (!current || current.metadata.uid !== uid) return current;
        switch (action.type) {
          case "delete":
            return deleted(current, end, nodeName);
          case "disown":
            return withoutOwners(current, action.uids);
          case "release":
            return released(current, action.finalizer);
          default:
            return action satisfies never;
        }
      });
    }
  }
}

function withoutOwners(object: StoreObject, uids: readonly string[]): StoreObject {
  const left = ownersOf(object).filter(({ uid }) => !uids.includes(uid));
  const { ownerReferences: _, ...metadata } = object.metadata as StoreObject["metadata"] & {
    ownerReferences?: unknown;
  };
  return { ...object, metadata: { ...metadata, ...(left.length > 0 ? { ownerReferences: left } : {}) } };
}
