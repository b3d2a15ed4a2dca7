/** The EndpointSlices of this machine's Services, whoever made them. */
import type { EndpointSlice } from "../../objects/mod.ts";
import type { ObjectStore, StoreEvent } from "../../store/mod.ts";
import { serviceNameLabel } from "./labels.ts";

const realm = "local";
const none: readonly EndpointSlice[] = Object.freeze([]);

export class SliceIndex {
  readonly #store: Pick<ObjectStore, "list" | "watch">;
  /** By `namespace/name` of the Service. */
  readonly #slices = new Map<string, readonly EndpointSlice[]>();
  #unwatch = () => {};

  constructor(store: Pick<ObjectStore, "list" | "watch">) {
    this.#store = store;
  }

  start(): void {
    const slices = this.#store.list<EndpointSlice>("EndpointSlice", { realm }).map(({ object }) => object);
    for (const [key, own] of Map.groupBy(slices, serviceKeyOf)) if (key !== undefined) this.#slices.set(key, own);
    this.#unwatch = this.#store.watch<EndpointSlice>((event) => this.#take(event), { kind: "EndpointSlice" });
  }

  stop(): void {
    this.#unwatch();
  }

  /** The slices of `namespace/name`, in the order in which they came. */
  of(key: string): readonly EndpointSlice[] {
    return this.#slices.get(key) ?? none;
  }

  /** The Services that have slices. */
  keys(): Iterable<string> {
    return this.#slices.keys();
  }

  #take({ type, realm: from, object, previous }: StoreEvent<EndpointSlice>): void {
    if (from !== realm) return;
    const { name } = object.metadata;
    const before = type === "ADDED" ? undefined : serviceKeyOf(previous ?? object);
    const now = type === "DELETED" ? undefined : serviceKeyOf(object);
    // a label may lead a slice to another Service
    if (before !== undefined && before !== now) this.#put(before, name, undefined);
    if (now !== undefined) this.#put(now, name, object);
  }

  #put(key: string, name: string, slice: EndpointSlice | undefined): void {
    const present = this.of(key);
    const at = present.findIndex(({ metadata }) => metadata.name === name);
    const slices = at < 0 ? [...present] : present.toSpliced(at, 1);
    if (slice) slices.splice(at < 0 ? slices.length : at, 0, slice);
    if (slices.length > 0) this.#slices.set(key, slices);
    else this.#slices.delete(key);
  }
}

/** `namespace/name` of the Service that a slice belongs to; undefined where it names none. */
export function serviceKeyOf({ metadata: { namespace = "", labels } }: EndpointSlice): string | undefined {
  const name = labels?.[serviceNameLabel];
  return name ? `${namespace}/${name}` : undefined;
}
