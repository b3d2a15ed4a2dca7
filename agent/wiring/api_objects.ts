/**
 * Objects by which the API is found and guarded: Service default/kubernetes, the roles and the priority classes of every
 * cluster.
 */
import { systemPriorityClasses } from "../api/kube/mod.ts";
import { bootstrapChanges } from "../api/auth/mod.ts";
import type { Clock } from "../clock.ts";
import { apiService, apiServiceName, asWanted } from "../controllers/api_service.ts";
import { Rounds } from "../controllers/rounds.ts";
import type { Store, StoreObject } from "../store/mod.ts";
import type { Logger } from "../telemetry/log.ts";

export interface ApiObjectsOptions {
  store: Pick<Store, "get" | "change" | "watch">;
  /** Service addresses that the node holds, and where it listens there; none: pods cannot reach the API. */
  addresses: readonly string[];
  port: number;
  clock: Clock;
  log: Logger;
}

const realm = "local";
const kinds = ["Service", "Endpoints", "EndpointSlice"];

export class ApiObjects {
  readonly #options: ApiObjectsOptions;
  readonly #rounds: Rounds;
  #unwatch = () => {};

  constructor(options: ApiObjectsOptions) {
    this.#options = options;
    this.#rounds = new Rounds({ ...options, name: "API's objects", round: () => this.#service() });
  }

  /** Writes what is missing, and looks after the Service from then on. */
  async start(): Promise<void> {
    const { store, addresses } = this.#options;
    await Promise.all([this.#roles(), this.#priorityClasses()]);
    if (addresses.length === 0) return;
    this.#unwatch = store.watch(({ object: { kind, metadata } }) => {
      if (kinds.includes(kind) && metadata.name === apiServiceName && metadata.namespace === "default") {
        this.#rounds.wake();
      }
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
          return current ? { ...current, ...wanted, metadata: current.metadata } : wanted;
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

  async #service(): Promise<void> {
    const { store, addresses, port } = this.#options;
    for (const wanted of apiService({ addresses, port })) {
      const { namespace, name } = wanted.metadata;
      await store.change<typeof wanted>(
        realm,
        wanted.kind,
        namespace!,
        name,
        // a namespace that ends takes it along, and gets it again
        (current) => current?.metadata.deletionTimestamp ? current : asWanted(current, wanted),
      );
    }
  }
}
