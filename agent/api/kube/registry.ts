/** The table of resources, and what is kept for each. */
import type { Clock } from "../../clock.ts";
import type { ApiObject, Resource } from "./types.ts";
import { WatchCache } from "./watch_cache.ts";

export interface GroupVersion {
  group: string;
  version: string;
  resources: Resource[];
}

export class Registry {
  #byPath = new Map<string, Resource>();
  #versions = new Map<string, GroupVersion>();
  #caches = new Map<Resource, WatchCache<ApiObject>>();

  constructor(resources: readonly Resource[], private readonly clock: Clock) {
    for (const resource of resources) {
      const { group, version, plural } = resource;
      const path = `${group}/${version}/${plural}`;
      if (this.#byPath.has(path)) throw new Error(`Cannot serve ${path}: it is there twice`);
      this.#byPath.set(path, resource);
      const key = `${group}/${version}`;
      const known = this.#versions.get(key);
      if (known) known.resources.push(resource);
      else this.#versions.set(key, { group, version, resources: [resource] });
    }
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`);
  }

  version(group: string, version: string): GroupVersion | undefined {
    return this.#versions.get(`${group}/${version}`);
  }

  /** Groups in the order of the table, the core group first; versions in order of liking. */
  groups(): { name: string; versions: GroupVersion[] }[] {
    const groups = new Map<string, GroupVersion[]>();
    for (const version of this.#versions.values()) {
      const known = groups.get(version.group);
      if (known) known.push(version);
      else groups.set(version.group, [version]);
    }
    return [...groups].map(([name, versions]) => ({ name, versions }));
  }

  cache<T extends ApiObject>(resource: Resource<T>): WatchCache<T> {
    const key = resource as unknown as Resource;
    let cache = this.#caches.get(key);
    if (!cache) this.#caches.set(key, cache = new WatchCache(key.backend, this.clock));
    return cache as unknown as WatchCache<T>;
  }

  /** Lets go of what is kept. */
  stop(): void {
    for (const cache of this.#caches.values()) cache.stop();
  }
}
