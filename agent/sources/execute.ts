/** Carries a source's plan out: one store transaction for all of it. No decisions. */
import type { Realm, Store, StoreObject } from "../store/mod.ts";
import type { Write } from "./types.ts";

export interface Failure {
  write: Write;
  err: unknown;
}

/** What the node adds to what a manifest says before it is stored: addresses of a Service. */
export interface Completion {
  /** The whole object, by what is stored at that moment. Throws where it asks for what it cannot have. */
  complete(object: StoreObject, current: StoreObject | undefined): StoreObject;
  /** Whether a row has all of it. */
  isComplete(row: StoreObject): boolean;
  /** Whether an object asks for something by name: such ones come before those that take what is left. */
  asksByName(object: StoreObject): boolean;
}

export const nothingToAdd: Completion = {
  complete: (object) => object,
  isComplete: () => true,
  asksByName: () => false,
};

/** Returns the writes that were refused. */
export async function executeWrites(
  store: Store,
  realm: Realm,
  writes: Write[],
  completion: Completion = nothingToAdd,
): Promise<Failure[]> {
  const isFirst = (write: Write) => write.type === "put" && completion.asksByName(write.object);
  const ordered = [...writes.filter(isFirst), ...writes.filter((write) => !isFirst(write))];
  const results = await Promise.allSettled(ordered.map((write) => execute(store, realm, write, completion)));
  return results.flatMap((result, i) =>
    result.status === "rejected" ? [{ write: ordered[i], err: result.reason }] : []
  );
}

function execute(
  store: Store,
  realm: Realm,
  write: Write,
  { complete }: Completion,
): Promise<StoreObject | undefined | void> {
  switch (write.type) {
    case "put": {
      const { status: _, ...object } = write.object;
      const { kind, metadata: { namespace = "", name } } = object;
      return store.change<StoreObject>(realm, kind, namespace, name, (current) => complete(object, current));
    }
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
