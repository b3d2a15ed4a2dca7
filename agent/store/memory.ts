/**
 * Objects that are kept in memory alone, under the store's own rules and out of its sequence of resourceVersions: kinds
 * that are renewed every few seconds and mean nothing after a restart (Lease) must not wear out flash.
 */
import { type Clock, systemClock } from "../clock.ts";
import type { Logger } from "../telemetry/log.ts";
import { checkedBody } from "./encode.ts";
import { Feed } from "./feed.ts";
import { makeChange } from "./object.ts";
import type { Store } from "./store.ts";
import {
  type ChangeOptions,
  keyText,
  type Listed,
  type MakeChange,
  type Realm,
  type StoreListener,
  type StoreObject,
} from "./types.ts";
import { deepFreeze } from "./values.ts";

/** What the API needs of a store. */
export type ObjectStore = Pick<Store, "get" | "list" | "watch" | "change" | "resourceVersion">;

export interface MemoryStoreOptions {
  log: Logger;
  clock?: Clock;
  /** Where resourceVersions come from. */
  versions: { readonly resourceVersion: string; nextVersion(): string };
  newUid?: () => string;
}

export class MemoryStore implements ObjectStore {
  #rows = new Map<string, Listed>();
  #feed: Feed;

  constructor(private readonly options: MemoryStoreOptions) {
    this.#feed = new Feed(options.log);
  }

  get resourceVersion(): string {
    return this.options.versions.resourceVersion;
  }

  nextVersion(): string {
    return this.options.versions.nextVersion();
  }

  get<T = StoreObject>(realm: Realm, kind: string, namespace: string, name: string): T | undefined {
    return this.#rows.get(keyText({ realm, kind, namespace, name }))?.object as T | undefined;
  }

  list<T = StoreObject>(kind: string, { realm, namespace }: { realm?: Realm; namespace?: string } = {}): Listed<T>[] {
    return [...this.#rows.values()].filter(({ realm: own, object }) =>
      object.kind === kind && (realm === undefined || own === realm) &&
      (namespace === undefined || (object.metadata.namespace ?? "") === namespace)
    ) as Listed<T>[];
  }

  watch<T = StoreObject>(
    listener: StoreListener<T>,
    options: { kind?: string } = {},
  ): () => void {
    return this.#feed.watch(listener as StoreListener, options.kind);
  }

  async change<T extends StoreObject>(
    realm: Realm,
    kind: string,
    namespace: string,
    name: string,
    make: MakeChange<T>,
    options: ChangeOptions = {},
  ): Promise<T | undefined> {
    return this.changeNow(realm, kind, namespace, name, make, options);
  }

  /** As `change`, before it returns; throws what `make` throws. */
  changeNow<T extends StoreObject>(
    realm: Realm,
    kind: string,
    namespace: string,
    name: string,
    make: MakeChange<T>,
    options: ChangeOptions = {},
  ): T | undefined {
    const { clock = systemClock, versions, newUid = () => crypto.randomUUID() } = this.options;
    const key = { realm, kind, namespace, name };
    const text = keyText(key);
    const previous = this.#rows.get(text)?.object;
    const after = makeChange(key, previous, make as unknown as MakeChange, {
      now: clock.now(),
      resourceVersion: () => options.dryRun ? previous?.metadata.resourceVersion ?? "" : versions.nextVersion(),
      newUid,
    }, options);
    if (after === previous) return after as T | undefined;
    if (after) checkedBody(after);
    if (options.dryRun) return after as T | undefined;
    if (after) {
      this.#rows.set(text, { realm, object: after });
      this.#feed.tell([{ type: previous ? "MODIFIED" : "ADDED", realm, object: after, ...(previous && { previous }) }]);
    } else if (previous) {
      this.#rows.delete(text);
      const metadata = { ...previous.metadata, resourceVersion: versions.nextVersion() };
      this.#feed.tell([{ type: "DELETED", realm, object: deepFreeze({ ...previous, metadata }), previous }]);
    }
    return after as T | undefined;
  }
}
