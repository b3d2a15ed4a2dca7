/**
 * Objects that every cluster has: the Services by which the API and DNS are found, the roles that guard the API, the priority
 * classes.
 */
import { systemPriorityClasses } from "../api/kube/mod.ts";
import { bootstrapChanges } from "../api/auth/mod.ts";
import type { Clock } from "../clock.ts";
import { apiService, asWanted, type Content } from "../controllers/api_service.ts";
import { dnsService } from "../controllers/dns_service.ts";
import { Rounds } from "../rounds.ts";
import type { Store, StoreObject } from "../store/mod.ts";
import type { Logger } from "../telemetry/log.ts";

export interface ApiObjectsOptions {
  store: Pick<Store, "get" | "change" | "watch">;
  /** Service addresses of the API that the node holds, and where it listens there; none: pods cannot reach the API. */
  api: { addresses: readonly string[]; port: number };
  dns: Parameters<typeof dnsService>[0];
  clock: Clock;
  log: Logger;
}

const realm = "local";

const keyOf = ({ kind, metadata: { namespace, name } }: StoreObject) => `${kind}/${namespace}/${name}`;

export class ApiObjects {
  readonly #options: ApiObjectsOptions;
  readonly #rounds: Rounds;
  /** Services and what belongs to them, by `kind/namespace/name`. */
  readonly #wanted: ReadonlyMap<string, Content>;
  #unwatch = () => {};

  constructor(options: ApiObjectsOptions) {
    this.#options = options;
    const { api, dns } = options;
    const wanted = [...api.addresses.length > 0 ? apiService(api) : [], ...dnsService(dns)];
    this.#wanted = new Map(wanted.map((object) => [keyOf(object), object]));
    this.#rounds = new Rounds({ ...options, name: "API's objects", round: () => this.#services() });
  }

  /** Writes what is missing, and looks after the Services from then on. */
  async start(): Promise<void> {
    await Promise.all([this.#roles(), this.#priorityClasses()]);
    if (this.#wanted.size === 0) return;
    this.#unwatch = this.#options.store.watch(({ object }) => {
      if (this.#wanted.has(keyOf(object))) this.#rounds.wake();
    });
    this.#rounds.wake();
  }

  async stop(): Promise<void> {
    this.#unwatch();
    await this.#rounds.stop();
  }

  async #roles(): Promise<void> {
    const { store } = this.#options;
    const changes = bootstrapChanges((kind, name) => store.get(realm, kind, "", name));
    await Promise.all(
      changes.map((object) =>
        store.change<StoreObject>(realm, object.kind, "", object.metadata.name, (current) => {
          const wanted = object as unknown as StoreObject;
          if (!current) return wanted;
          const labels = { ...current.metadata.labels, ...wanted.metadata.labels };
          return { ...current, ...wanted, metadata: { ...current.metadata, labels } };
        })
      ),
    );
  }

  async #priorityClasses(): Promise<void> {
    const { store } = this.#options;
    await Promise.all(
      systemPriorityClasses().map((wanted) =>
        store.change<StoreObject>(
          realm,
          wanted.kind,
          "",
          wanted.metadata.name,
          (current) => current ?? wanted as unknown as StoreObject,
        )
      ),
    );
  }

  async #services(): Promise<void> {
    const { store } = this.#options;
    for (const wanted of this.#wanted.values()) {
      const { namespace, name } = wanted.metadata;
      await store.change<Content>(realm, wanted.kind, namespace!, name, (current) => {
        // a namespace that ends takes it along, and gets it again; one that leads to pods is somebody's own
        if (current?.metadata.deletionTimestamp || hasSelector(current)) return current;
        return asWanted(current, wanted);
      });
    }
  }
}

function hasSelector(object: Content | undefined): boolean {
  const spec = object?.spec as { selector?: Record<string, string> } | undefined;
  return Object.keys(spec?.selector ?? {}).length > 0;
}
