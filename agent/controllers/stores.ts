/** All objects of a node as one: those of its store, and those that are kept elsewhere. */
import type { ObjectStore, Realm, Store, StoreObject } from "../store/mod.ts";

export interface Stores {
  store: Pick<Store, "list" | "kinds" | "change">;
  /** Objects that are kept elsewhere, of kinds that may be in the store as well. */
  others?: readonly Pick<ObjectStore, "list" | "change">[];
  otherKinds?: readonly string[];
}

/** Every object there is. */
export function allObjects({ store, others = [], otherKinds = [] }: Stores, realm: Realm): StoreObject[] {
  const own = store.kinds().flatMap((kind) => store.list<StoreObject>(kind, { realm }));
  const foreign = others.flatMap((other) => otherKinds.flatMap((kind) => other.list<StoreObject>(kind, { realm })));
  return [...own, ...foreign].map(({ object }) => object);
}

/** Where an object of that kind may be. */
export function storesOf({ store, others = [], otherKinds = [] }: Stores, kind: string): Pick<ObjectStore, "change">[] {
  return otherKinds.includes(kind) ? [store, ...others] : [store];
}
