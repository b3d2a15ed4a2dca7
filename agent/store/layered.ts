/**
 * Two stores as one: what is kept on disk, and what is kept in memory because it can be made anew at any time. Of two
 * objects of one name the one on disk is seen.
 */
import type { ObjectStore } from "./memory.ts";
import {
  type ChangeOptions,
  keyText,
  type Listed,
  type MakeChange,
  type Realm,
  type StoreEvent,
  type StoreListener,
  type StoreObject,
} from "./types.ts";

export interface LayeredStoreOptions {
  disk: ObjectStore;
  memory: ObjectStore;
  /** Whether an object belongs into memory. */
  isVolatile(object: StoreObject): boolean;
}

export class LayeredStore implements ObjectStore {
  constructor(private readonly options: LayeredStoreOptions) {}

  get resourceVersion(): string {
    return this.options.disk.resourceVersion;
  }

  get<T = StoreObject>(realm: Realm, kind: string, namespace: string, name: string): T | undefined {
    const { disk, memory } = this.options;
    return disk.get<T>(realm, kind, namespace, name) ?? memory.get<T>(realm, kind, namespace, name);
  }

  list<T = StoreObject>(kind: string, options: { realm?: Realm; namespace?: string } = {}): Listed<T>[] {
    const { disk, memory } = this.options;
    const stored = disk.list<T>(kind, options);
    const volatile = memory.list<T>(kind, options);
    if (stored.length === 0 || volatile.length === 0) return [...stored, ...volatile];
    const seen = new Set(stored.map(keyOf));
    return [...stored, ...volatile.filter((listed) => !seen.has(keyOf(listed)))];
  }

  watch<T = StoreObject>(listener: StoreListener<T>, options: { kind?: string } = {}): () => void {
    const { disk, memory } = this.options;
    const tell = listener as StoreListener;
    const ends = [
      disk.watch((event) => tell(this.#overHidden(event)), options),
      memory.watch((event) => {
        if (!find(disk, event)) tell(event);
      }, options),
    ];
    return () => ends.forEach((end) => end());
  }

  /** As `Store.change`: what becomes volatile or ceases to be so moves to the other store. */
  async change<T extends StoreObject>(
    realm: Realm,
    kind: string,
    namespace: string,
    name: string,
    make: MakeChange<T>,
    options: ChangeOptions = {},
  ): Promise<T | undefined> {
    const { disk, memory, isVolatile } = this.options;
    const key = [realm, kind, namespace, name] as const;
    if (disk.get(...key)) return await disk.change<T>(...key, make, options);
    if (!memory.get(...key)) {
      // what it is to be says where it belongs
      const first = make(undefined, () => {
        throw new Error("Cannot end an object that is not there");
      });
      if (!first) return undefined;
      return await (isVolatile(first) ? memory : disk).change<T>(...key, make, options);
    }
    let moved: T | undefined;
    const after = await memory.change<T>(...key, (current, end) => {
      moved = undefined;
      const next = make(current, end);
      if (!next || next === current || options.dryRun || isVolatile(next)) return next;
      moved = next;
      return undefined;
    }, options);
    return moved ? await disk.change<T>(...key, (current) => current ?? moved, options) : after;
  }

  /** What a change on disk means where memory has the same name. */
  #overHidden(event: StoreEvent): StoreEvent {
    const { type, realm, object } = event;
    const hidden = type === "MODIFIED" ? undefined : find(this.options.memory, event);
    if (!hidden) return event;
    if (type === "ADDED") return { type: "MODIFIED", realm, object, previous: hidden };
    // what was hidden shows again, later than what hid it
    const { resourceVersion } = object.metadata;
    const shown = { ...hidden, metadata: { ...hidden.metadata, resourceVersion } };
    return { type: "MODIFIED", realm, object: shown, previous: event.previous };
  }
}

function find(store: ObjectStore, { realm, object: { kind, metadata } }: StoreEvent): StoreObject | undefined {
  return store.get(realm, kind, metadata.namespace ?? "", metadata.name);
}

function keyOf({ realm, object }: Listed<unknown>): string {
  const { kind, metadata } = object as StoreObject;
  return keyText({ realm, kind, namespace: metadata.namespace ?? "", name: metadata.name });
}
