/** Carries a source's plan out: one store transaction for all of it. No decisions. */
import type { Realm, Store, StoreObject } from "../store/mod.ts";
import type { Write } from "./types.ts";

export interface Failure {
  write: Write;
  err: unknown;
}

/** Returns the writes that the store refused. */
export async function executeWrites(store: Store, realm: Realm, writes: Write[]): Promise<Failure[]> {
  const results = await Promise.allSettled(writes.map((write) => execute(store, realm, write)));
  return results.flatMap((result, i) => result.status === "rejected" ? [{ write: writes[i], err: result.reason }] : []);
}

function execute(store: Store, realm: Realm, write: Write): Promise<StoreObject | undefined | void> {
  switch (write.type) {
    case "put":
      return store.put(realm, write.object);
    case "markDeleted":
      // A full disk must not keep a removed pod running: its end may be what makes room.
      return store.markDeleted(realm, write.kind, write.namespace, write.name, {
        uid: write.uid,
        gracePeriodSeconds: write.gracePeriodSeconds,
        evenIfUnwritable: true,
      });
    case "remove":
      return store.remove(realm, write.kind, write.namespace, write.name, write.uid);
    default:
      return write satisfies never;
  }
}
