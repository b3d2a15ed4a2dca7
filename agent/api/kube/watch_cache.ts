/**
 * The latest changes of one resource, so that a client can go on from a version that it knows (list, then watch) and a
 * list can be shown as it was a moment ago (continue). Bounded by count and size; what is older is 410 Expired.
 *
 * It begins with the first request for the resource and ends when nobody has asked for a while: a kind that no client
 * looks at costs nothing.
 */
import type { Clock } from "../../clock.ts";
import { byText, listKey } from "./backend/store.ts";
import type { ApiEvent, ApiObject, Backend } from "./types.ts";

/** A change under its number. Forms of it are encoded once for all who are told at the same time. */
export class CachedEvent<T extends ApiObject> {
  #encoded?: Map<string, Uint8Array>;

  constructor(readonly version: number, readonly event: ApiEvent<T>) {}

  encoded(form: string, encode: () => Uint8Array): Uint8Array {
    let bytes = this.#encoded?.get(form);
    if (!bytes) (this.#encoded ??= new Map()).set(form, bytes = encode());
    return bytes;
  }

  /** Lets go of what was encoded. */
  told(): void {
    this.#encoded = undefined;
  }
}

export interface CacheLimits {
  events: number;
  /** Estimated, of the objects. */
  bytes: number;
  /** Without requests and watchers, after which nothing is kept any more. */
  idleMs: number;
}

const defaults: CacheLimits = { events: 1000, bytes: 2 * 1024 * 1024, idleMs: 15 * 60_000 };

export class WatchCache<T extends ApiObject> {
  #events: { cached: CachedEvent<T>; bytes: number }[] = [];
  #bytes = 0;
  /** Changes after this one are known. */
  #start = 0;
  #stop?: () => void;
  #touched = 0;
  #listeners = new Set<(event: CachedEvent<T>) => void>();
  readonly #limits: CacheLimits;

  constructor(
    private readonly backend: Backend<T>,
    private readonly clock: Clock,
    limits: Partial<CacheLimits> = {},
  ) {
    this.#limits = { ...defaults, ...limits };
  }

  /** The version of the latest state. */
  get current(): number {
    return Number(this.backend.resourceVersion());
  }

  /** The oldest version that can be gone on from. */
  get start(): number {
    return this.#start;
  }

  /** Somebody asks for this resource: from now on changes are kept. */
  touch(): void {
    this.#touched = this.clock.mono();
    if (this.#stop) return;
    this.#start = this.current;
    this.#stop = this.backend.watch((event) => this.#add(event));
  }

  /** The changes after `version`; undefined when they are not all known any more. */
  since(version: number): CachedEvent<T>[] | undefined {
    this.touch();
    if (version < this.#start || version > this.current) return undefined;
    return this.#events.slice(this.#after(version)).map(({ cached }) => cached);
  }

  /** Every change from now on, until the returned function is called. */
  subscribe(listener: (event: CachedEvent<T>) => void): () => void {
    this.touch();
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get watchers(): number {
    return this.#listeners.size;
  }

  /** What a list showed at `version`, in order; undefined when that is not known any more. */
  stateAt(version: number, namespace?: string): T[] | undefined {
    this.touch();
    if (version < this.#start || version > this.current) return undefined;
    const now = this.backend.list(namespace);
    const undone = this.#events.slice(this.#after(version));
    if (undone.length === 0) return now;
    const objects = new Map(now.map((object) => [listKey(object), object]));
    for (const { cached: { event } } of undone.reverse()) {
      if (namespace !== undefined && event.object.metadata.namespace !== namespace) continue;
      const key = listKey(event.object);
      if (event.type === "ADDED") objects.delete(key);
      else objects.set(key, event.previous ?? event.object);
    }
    return [...objects].sort(byText).map(([, object]) => object);
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#events = [];
    this.#bytes = 0;
  }

  /** Index of the first event after `version`. */
  #after(version: number): number {
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#events[middle].cached.version > version) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #add(event: ApiEvent<T>): void {
    if (this.#listeners.size === 0 && this.clock.mono() - this.#touched > this.#limits.idleMs) return this.stop();
    const cached = new CachedEvent(Number(event.object.metadata.resourceVersion), event);
    const bytes = roughSize(event.object);
    this.#events.push({ cached, bytes });
    this.#bytes += bytes;
    while (this.#events.length > this.#limits.events || (this.#bytes > this.#limits.bytes && this.#events.length > 1)) {
      const oldest = this.#events.shift()!;
      this.#bytes -= oldest.bytes;
      this.#start = oldest.cached.version;
    }
    for (const listener of [...this.#listeners]) listener(cached);
    cached.told();
  }
}

/** Bytes that a value holds, near enough. */
function roughSize(value: unknown): number {
  if (typeof value === "string") return 16 + value.length;
  if (typeof value !== "object" || value === null) return 8;
  let size = 32;
  for (const key in value) size += 8 + roughSize((value as Record<string, unknown>)[key]);
  return size;
}
