/**
 * Namespaces: made when something names them, furnished, and ended with all that is in them.
 *
 *     store events ─► round: planFurnishing (furnish.ts), planTermination for each that is being deleted (terminate.ts)
 */
import { type Clock, timestamp } from "../../clock.ts";
import type { Namespace } from "../../objects/mod.ts";
import { isMadeByNode } from "../../sources/mod.ts";
import type { Store, StoreEvent, StoreObject } from "../../store/mod.ts";
import type { Logger } from "../../telemetry/log.ts";
import { deleted, finalizersOf } from "../deletion.ts";
import { Controller } from "../controller.ts";
import { allObjects, type Stores, storesOf } from "../stores.ts";
import { accountName, caMapName, type FurnishAction, planFurnishing } from "./furnish.ts";
import { type EndAction, planTermination, type Told } from "./terminate.ts";

export { builtinNamespaces } from "./furnish.ts";

/** Leases and the like, which are kept elsewhere, go with their namespace. */
export interface NamespacesOptions extends Stores {
  store: Stores["store"] & Pick<Store, "get" | "watch" | "putStatus">;
  nodeName: string;
  clock: Clock;
  log: Logger;
  /** PEM of the CA that pods verify the API's certificate with. */
  ca(): string | undefined;
  /** `Pod` → `pods`. */
  resource(kind: string): string;
}

const realm = "local";

export class Namespaces extends Controller {
  readonly #options: NamespacesOptions;

  constructor(options: NamespacesOptions) {
    super({ ...options, name: "namespaces", stores: [options.store] });
    this.#options = options;
  }

  /** Resolves when the namespaces are there that are needed now, or cannot be made. */
  override async start(): Promise<void> {
    super.start();
    await this.idle();
  }

  protected override matters({ type, realm: of, object }: StoreEvent): boolean {
    if (of !== realm) return false;
    if (object.kind === "Namespace") return true;
    const { namespace, name } = object.metadata;
    if (namespace === undefined) return false;
    const own = this.#namespace(namespace);
    if (!own || own.metadata.deletionTimestamp) return true;
    const furniture = object.kind === "ConfigMap" && name === caMapName ||
      object.kind === "ServiceAccount" && name === accountName;
    return furniture && type !== "ADDED";
  }

  #namespace(name: string): Namespace | undefined {
    return this.#options.store.get<Namespace>(realm, "Namespace", "", name);
  }

  protected override async round(): Promise<void> {
    const { store, ca, nodeName, resource } = this.#options;
    const namespaces = store.list<StoreObject>("Namespace", { realm }).map(({ object }) => object);
    const objects = allObjects(this.#options, realm).filter(({ metadata }) => metadata.namespace !== undefined);
    const actions = planFurnishing({ namespaces, objects, ca: ca() });
    await Promise.all(actions.map((action) => this.#furnish(action)));
    for (const namespace of namespaces) {
      if (!namespace.metadata.deletionTimestamp) continue;
      const content = objects.filter(({ metadata }) => metadata.namespace === namespace.metadata.name);
      const ending = planTermination(namespace as Namespace, content, nodeName, resource);
      for (const action of ending) await this.#end(action);
    }
  }

  async #furnish(action: FurnishAction): Promise<void> {
    const { store, log } = this.#options;
    switch (action.type) {
      case "create":
      case "update": {
        const { kind, metadata: { namespace = "", name } } = action.object;
        const isUpdate = action.type === "update";
        await store.change<StoreObject>(realm, kind, namespace, name, (current) => {
          if (!isUpdate) return current ?? action.object;
          return current ? { ...current, ...action.object, metadata: current.metadata } : current;
        });
        if (kind === "Namespace") log.info("Made a namespace", { namespace: name });
        break;
      }
      case "activate": {
        const { name, uid } = action.namespace.metadata;
        store.putStatus(realm, "Namespace", "", name, uid!, { phase: "Active" });
        break;
      }
      case "remove": {
        const { kind, metadata: { namespace = "", name } } = action.object;
        await store.change<StoreObject>(
          realm,
          kind,
          namespace,
          name,
          (current) => current && isMadeByNode(current) ? undefined : current,
        );
        break;
      }
      default:
        action satisfies never;
    }
  }

  async #end(action: EndAction): Promise<void> {
    const { store, log } = this.#options;
    switch (action.type) {
      case "delete": {
        const { kind, metadata: { namespace = "", name, uid } } = action.object;
        for (const one of storesOf(this.#options, kind)) {
          await one.change<StoreObject>(realm, kind, namespace, name, (current, end) => {
            return current && current.metadata.uid === uid ? deleted(current, end, this.#options.nodeName) : current;
          });
        }
        break;
      }
      case "end": {
        const { namespace = "", name, uid } = action.pod.metadata;
        await store.change<StoreObject>(
          realm,
          "Pod",
          namespace,
          name,
          (current, end) => current?.metadata.uid === uid && current ? end(action.graceSeconds) : current,
        );
        break;
      }
      case "status":
        this.#tell(action.namespace, action.conditions);
        break;
      case "finalize": {
        const { name, uid } = action.namespace.metadata;
        const gone = await store.change<StoreObject>(realm, "Namespace", "", name, (current) => {
          if (current?.metadata.uid !== uid || !current) return current;
          const { finalizers = [], ...spec } = (current.spec ?? {}) as { finalizers?: string[] };
          const left = finalizers.filter((each) => each !== "kubernetes");
          if (left.length + finalizersOf(current).length === 0) return undefined;
          return { ...current, spec: { ...spec, ...(left.length > 0 ? { finalizers: left } : {}) } };
        }) === undefined;
        if (gone) log.info("A namespace is gone", { namespace: name });
        break;
      }
      default:
        action satisfies never;
    }
  }

  #tell({ metadata: { name, uid } }: Namespace, conditions: readonly Told[]): void {
    const { store, clock } = this.#options;
    const before = this.#namespace(name)?.status;
    const stamped = conditions.map((condition) => {
      const known = before?.conditions?.find(({ type }) => type === condition.type);
      const kept = known?.status === condition.status ? known.lastTransitionTime : undefined;
      return { ...condition, lastTransitionTime: kept ?? timestamp(clock.now()) };
    });
    const status = { phase: "Terminating", ...(stamped.length > 0 ? { conditions: stamped } : {}) };
    store.putStatus(realm, "Namespace", "", name, uid!, status);
  }
}
