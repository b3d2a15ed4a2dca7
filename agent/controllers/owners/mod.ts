/**
 * The garbage collector: objects go after the last of their owners has gone, before it or never, as its deletion asked.
 *
 *     store events ─► round: planOwners (plan.ts) ─► delete, take references away, let owners go
 */
import type { Clock } from "../../clock.ts";
import type { ObjectStore, Store, StoreEvent, StoreObject } from "../../store/mod.ts";
import type { Logger } from "../../telemetry/log.ts";
import { deleted, released } from "../deletion.ts";
import { Rounds } from "../../rounds.ts";
import { isHeld, type OwnerAction, ownersOf, planOwners } from "./plan.ts";

export { foreground, orphan, planOwners } from "./plan.ts";

export interface OwnersOptions {
  store: Pick<Store, "list" | "kinds" | "watch" | "change">;
  /** Objects that are kept elsewhere, of kinds that may be in the store as well. */
  others?: readonly Pick<ObjectStore, "list" | "change" | "watch">[];
  otherKinds?: readonly string[];
  nodeName: string;
  clock: Clock;
  log: Logger;
  knows(apiVersion: string, kind: string): { namespaced: boolean } | undefined;
}

const realm = "local";

export class Owners {
  readonly #options: OwnersOptions;
  readonly #rounds: Rounds;
  #unwatch: (() => void)[] = [];

  constructor(options: OwnersOptions) {
    this.#options = options;
    this.#rounds = new Rounds({ ...options, name: "garbage collector", round: () => this.#round() });
  }

  start(): void {
    const { store, others = [] } = this.#options;
    const listen = (event: StoreEvent) => {
      if (mayMatter(event)) this.#rounds.wake();
    };
    this.#unwatch = [store, ...others].map((each) => each.watch(listen));
    this.#rounds.wake();
  }

  async stop(): Promise<void> {
    for (const end of this.#unwatch) end();
    await this.#rounds.stop();
  }

  idle(): Promise<void> {
    return this.#rounds.idle();
  }

  async #round(): Promise<void> {
    const { store, others = [], otherKinds = [], knows } = this.#options;
    const own = store.kinds().flatMap((kind) => store.list<StoreObject>(kind, { realm }));
    const foreign = others.flatMap((other) => otherKinds.flatMap((kind) => other.list<StoreObject>(kind, { realm })));
    const actions = planOwners([...own, ...foreign].map(({ object }) => object), knows);
    await Promise.all(actions.map((action) => this.#act(action)));
  }

  async #act(action: OwnerAction): Promise<void> {
    const { store, others = [], otherKinds = [], nodeName, log } = this.#options;
    const { kind, metadata: { namespace = "", name, uid } } = action.object;
    if (action.type === "delete") log.info("Removing what its owner has left", { kind, namespace, name });
    for (const target of otherKinds.includes(kind) ? [store, ...others] : [store]) {
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

/** A status says nothing of owners; an end, a new reference or a new finalizer may. */
function mayMatter({ type, realm: of, object, previous }: StoreEvent): boolean {
  if (of !== realm) return false;
  if (type === "DELETED") return true;
  const { deletionTimestamp } = object.metadata;
  if (deletionTimestamp && (deletionTimestamp !== previous?.metadata.deletionTimestamp || isHeld(object))) return true;
  const references = (of?: StoreObject) => (of?.metadata as { ownerReferences?: unknown } | undefined)?.ownerReferences;
  return references(object) !== references(previous);
}
