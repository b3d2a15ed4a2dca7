/**
 * The EndpointSlices of every Service, whoever made them, and who is told when they change. What the service proxy and
 * cluster DNS read: a Service's slices are one array that stays the same while nothing changes.
 */
import type { EndpointSlice } from "../../objects/mod.ts";
import type { ObjectStore, StoreEvent } from "../../store/mod.ts";
import { serviceNameLabel } from "./labels.ts";

type Listener = (keys: ReadonlySet<string>) => void;

const none: readonly EndpointSlice[] = Object.freeze([]);

export class SliceIndex {
  readonly #store: Pick<ObjectStore, "list" | "watch">;
  /** By `namespace/name` of the Service. */
  readonly #slices = new Map<string, readonly EndpointSlice[]>();
  readonly #listeners = new Set<Listener>();
  #changed = new Set<string>();
  #unwatch = () => {};

  constructor(store: Pick<ObjectStore, "list" | "watch">) {
    this.#store = store;
  }

  start(): void {
    const found = new Map<string, EndpointSlice[]>();
    for (const { object } of this.#store.list<EndpointSlice>("EndpointSlice")) {
      const key = serviceKeyOf(object);
      if (key === undefined) continue;
      const own = found.get(key);
      if (own) own.push(object);
      else found.set(key, [object]);
    }
    for (const [key, slices] of found) this.#slices.set(key, slices);
    this.#unwatch = this.#store.watch<EndpointSlice>((event) => this.#take(event), { kind: "EndpointSlice" });
  }

  stop(): void {
    this.#unwatch();
    this.#listeners.clear();
  }

  /** The slices of `namespace/name`; the same array again until one of them changes. */
  of(key: string): readonly EndpointSlice[] {
    return this.#slices.get(key) ?? none;
  }

  /** The Services that have slices. */
  keys(): IterableIterator<string> {
    return this.#slices.keys();
  }

  /** Calls `listener` with the Services whose slices have changed, once for all that one turn brings. */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #take({ type, object, previous }: StoreEvent<EndpointSlice>): void {
    const before = previous && serviceKeyOf(previous);
    const now = type === "DELETED" ? undefined : serviceKeyOf(object);
    if (before !== undefined && before !== now) this.#put(before, previous!, undefined);
    if (now !== undefined) this.#put(now, before === now ? previous : undefined, object);
    else if (type === "DELETED" && before === undefined) {
      const key = serviceKeyOf(object);
      if (key !== undefined) this.#put(key, object, undefined);
    }
  }

  /** Takes one slice out of a Service's, and another in: known by name, in the place that it had. */
  #put(key: string, old: EndpointSlice | undefined, slice: EndpointSlice | undefined): void {
    const name = (slice ?? old)!.metadata.name;
    const slices = this.of(key);
    const at = slices.findIndex(({ metadata }) => metadata.name === name);
    const next = at < 0
      ? slice ? [...slices, slice] : slices
      : slice
      ? slices.with(at, slice)
      : slices.toSpliced(at, 1);
    if (next.length > 0) this.#slices.set(key, next);
    else this.#slices.delete(key);
    if (this.#changed.size === 0) queueMicrotask(() => this.#tell());
    this.#changed.add(key);
  }

  #tell(): void {
    const keys = this.#changed;
    this.#changed = new Set();
    for (const listener of [...this.#listeners]) listener(keys);
  }
}

/** `namespace/name` of the Service that a slice belongs to; undefined where it names none. */
export function serviceKeyOf({ metadata: { namespace = "", labels } }: EndpointSlice): string | undefined {
  const name = labels?.[serviceNameLabel];
  return name ? `${namespace}/${name}` : undefined;
}
