/** Carries a source's plan out: one store transaction for all of it. No decisions. */
import type { Realm, Store, StoreObject } from "../store/mod.ts";
import type { Write } from "./types.ts";

export interface Failure {
  write: Write;
  err: unknown;
}

/** An object as it will be when everything of a round is written. */
export type Find = (kind: string, namespace: string, name: string) => StoreObject | undefined;

/** What the node adds to what a manifest says before it is stored: addresses of a Service, credentials of a pod. */
export interface Completion {
  /** The whole object, by what is stored at that moment. Throws where it asks for what it cannot have. */
  complete(object: StoreObject, current: StoreObject | undefined, find: Find): StoreObject;
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

/** All of these, one after the other. */
export function allOf(...completions: readonly Completion[]): Completion {
  return {
    complete: (object, current, find) =>
      completions.reduce((whole, { complete }) => complete(whole, current, find), object),
    isComplete: (row) => completions.every(({ isComplete }) => isComplete(row)),
    asksByName: (object) => completions.some(({ asksByName }) => asksByName(object)),
  };
}

/** Returns the writes that were refused. */
export async function executeWrites(
  store: Store,
  realm: Realm,
  writes: Write[],
  completion: Completion = nothingToAdd,
): Promise<Failure[]> {
  const isFirst = (write: Write) => write.type === "put" && completion.asksByName(write.object);
  const ordered = [...writes.filter(isFirst), ...writes.filter((write) => !isFirst(write))];
  const find = afterAll(store, realm, writes);
  const results = await Promise.allSettled(ordered.map((write) => execute(store, realm, write, completion, find)));
  return results.flatMap((result, i) =>
    result.status === "rejected" ? [{ write: ordered[i], err: result.reason }] : []
  );
}

function execute(
  store: Store,
  realm: Realm,
  write: Write,
  { complete }: Completion,
  find: Find,
): Promise<StoreObject | undefined | void> {
  switch (write.type) {
    case "put": {
      const { status: _, ...object } = write.object;
      const { kind, metadata: { namespace = "", name } } = object;
      return store.change<StoreObject>(realm, kind, namespace, name, (current) => complete(object, current, find));
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

/** What is written together sees each other, though none of it is stored yet. */
function afterAll(store: Store, realm: Realm, writes: readonly Write[]): Find {
  const written = new Map<string, StoreObject>();
  for (const write of writes) {
    if (write.type !== "put") continue;
    const { kind, metadata: { namespace = "", name } } = write.object;
    written.set(`${kind}/${namespace}/${name}`, write.object);
  }
  return (kind, namespace, name) =>
    written.get(`${kind}/${namespace}/${name}`) ?? store.get<StoreObject>(realm, kind, namespace, name);
}
