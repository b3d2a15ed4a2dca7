/**
 * Objects of a kind in a store, both realms as one: one of the machine's own hides one of the same name that came from
 * a control plane. Only the machine's own can be written here.
 */
import type { EndObject, ObjectStore, StoreEvent, StoreObject } from "../../../store/mod.ts";
import { ApiError } from "../../status.ts";
import { fromStore } from "../errors.ts";
import type { ApiEvent, ApiObject, WritableBackend, WriteOptions } from "../types.ts";

export function storeBackend<T extends ApiObject>(store: ObjectStore, kind: string): WritableBackend<T> {
  const find = (realm: "local" | "control-plane", namespace: string, name: string) =>
    store.get<StoreObject>(realm, kind, namespace, name) as T | undefined;

  /** What an event means where the other realm may hold the same name. */
  function seen({ type, realm, object, previous }: StoreEvent): ApiEvent<T> | undefined {
    const { namespace = "", name } = object.metadata;
    const event = { type, object, previous } as ApiEvent<T>;
    if (realm === "control-plane") return find("local", namespace, name) ? undefined : event;
    if (type === "MODIFIED") return event;
    const hidden = find("control-plane", namespace, name);
    if (!hidden) return event;
    if (type === "ADDED") return { type: "MODIFIED", object: event.object, previous: hidden };
    // What was hidden shows again, later than what hid it.
    const { resourceVersion } = object.metadata;
    return {
      type: "MODIFIED",
      object: { ...hidden, metadata: { ...hidden.metadata, resourceVersion } },
      previous: event.previous,
    };
  }

  return {
    resourceVersion: () => store.resourceVersion,
    get: (namespace, name) => find("local", namespace, name) ?? find("control-plane", namespace, name),
    list(namespace) {
      const byKey = new Map<string, T>();
      for (const { realm, object } of store.list<StoreObject>(kind, { namespace })) {
        const key = listKey(object);
        if (realm === "local" || !byKey.has(key)) byKey.set(key, object as T);
      }
      return [...byKey].sort(byText).map(([, object]) => object);
    },
    watch: (listener) =>
      store.watch((event) => {
        const told = seen(event);
        if (told) listener(told);
      }, { kind }),
    async write(namespace, name, change, options?: WriteOptions) {
      try {
        return await store.change<StoreObject>("local", kind, namespace, name, (current, end) => {
          if (!current && find("control-plane", namespace, name)) {
            throw new ApiError(403, "Forbidden", `${kind} ${name} belongs to the control plane: change it there`);
          }
          return change(current as T | undefined, end as EndObject<T>) as StoreObject | undefined;
        }, options) as T | undefined;
      } catch (err) {
        throw fromStore(err);
      }
    },
  };
}

/** The order of lists: by namespace, then name, as bytes. */
export function listKey({ metadata: { namespace, name } }: { metadata: { namespace?: string; name: string } }): string {
  return namespace ? `${namespace}/${name}` : name;
}

export function byText([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
