/**
 * What kube-controller-manager's endpoint controllers do, for one node: Services and pods in, EndpointSlices and Endpoints
 * out; hand-written Endpoints are said again as slices.
 *
 *     store: Service, Pod, Node, Endpoints ─► the Services concerned ─► plans (pure) ─► memory: only what changed
 *
 * What it makes is kept in memory alone: it follows from what is on disk (Services, pods and their last statuses), comes
 * and goes with every readiness, and is made again, as it was, before anybody reads it after a restart. Hand-written
 * objects are on disk and are left alone. What somebody changes of the controller's own is put right again.
 */
import type { Clock } from "../../clock.ts";
import { selectsLabels } from "../../controllers/label_selector.ts";
import { Rounds } from "../../rounds.ts";
import type { Endpoints, EndpointSlice, Namespace, Node, Pod, Service } from "../../objects/mod.ts";
import { isFromFile } from "../../sources/mod.ts";
import { LayeredStore, type MemoryStore, type Store, type StoreEvent, type StoreObject } from "../../store/mod.ts";
import type { EventRecorder } from "../../telemetry/events.ts";
import type { Logger } from "../../telemetry/log.ts";
import { isDerived, managedByLabel, mirrorController, sliceController, zoneLabel } from "./labels.ts";
import { isMirrored, mirrorGroups, mirrorTemplate } from "./mirror.ts";
import { planSlices, type SliceGroup, type SliceTemplate } from "./plan_slices.ts";
import { sameEndpoint } from "./pod_endpoint.ts";
import { PodIndex } from "./pod_index.ts";
import { serviceEndpoints } from "./service_endpoints.ts";
import { serviceGroups, serviceTemplate } from "./service_slices.ts";
import { serviceKeyOf, SliceIndex } from "./slice_index.ts";

export interface EndpointsControllerOptions {
  store: Pick<Store, "get" | "list" | "watch" | "change" | "resourceVersion">;
  memory: MemoryStore;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
}

const realm = "local";
/** How long is worked at one go: thousands of Services must not hold up a probe. */
const stretchMs = 15;

export class EndpointsController {
  /** The slices of every Service, hand-written ones too. */
  readonly slices: SliceIndex;
  readonly #options: EndpointsControllerOptions;
  readonly #view: LayeredStore;
  readonly #rounds: Rounds;
  /** By namespace, then name. */
  readonly #services = new Map<string, Map<string, Service>>();
  #due = new Set<string>();
  /** Services that are gone, whose Endpoints go too. */
  readonly #gone = new Set<string>();
  #unwatch: (() => void)[] = [];
  /** What is being told is this controller's own doing. */
  #writing = false;

  constructor(options: EndpointsControllerOptions) {
    this.#options = options;
    const { store: disk, memory } = options;
    this.#view = new LayeredStore({ disk, memory, isVolatile: isDerived });
    this.slices = new SliceIndex(this.#view);
    this.#rounds = new Rounds({ ...options, name: "endpoints controller", round: () => this.#round() });
  }

  /** Resolves when the endpoints of all Services are there. */
  async start(): Promise<void> {
    const { store } = this.#options;
    this.slices.start();
    for (const { object } of store.list<Service>("Service", { realm })) this.#takeService(object);
    for (const { object } of this.#view.list<Endpoints>("Endpoints", { realm })) this.#due.add(keyOf(object));
    for (const key of this.slices.keys()) this.#due.add(key);
    this.#unwatch = [
      store.watch((event) => this.#onChange(event)),
      this.#view.watch<Endpoints>((event) => this.#onEndpoints(event), { kind: "Endpoints" }),
      this.#view.watch<EndpointSlice>((event) => this.#onSlice(event), { kind: "EndpointSlice" }),
    ];
    this.#rounds.wake();
    await this.#rounds.idle();
  }

  async stop(): Promise<void> {
    for (const end of this.#unwatch) end();
    await this.#rounds.stop();
    this.slices.stop();
  }

  /** Resolves when nothing is left to do that is known of now. */
  idle(): Promise<void> {
    return this.#rounds.idle();
  }

  // ---- what wakes it

  #onChange({ type, realm: of, object, previous }: StoreEvent): void {
    switch (object.kind) {
      case "Service": {
        if (of !== realm) return;
        const service = object as Service;
        if (type !== "DELETED") return this.#takeService(service, true);
        this.#services.get(service.metadata.namespace!)?.delete(service.metadata.name);
        this.#gone.add(keyOf(service));
        return this.#wake(keyOf(service));
      }
      case "Pod":
        return this.#onPod(object as Pod, type === "MODIFIED" ? previous as Pod | undefined : undefined);
      case "Node": {
        const zone = (node?: StoreObject) => node?.metadata.labels?.[zoneLabel];
        if (zone(object) === zone(previous)) return;
        for (const services of this.#services.values()) {
          for (const service of services.values()) if (selectorOf(service)) this.#wake(keyOf(service));
        }
      }
    }
  }

  #onPod(pod: Pod, previous: Pod | undefined): void {
    if (previous && sameEndpoint(pod, previous)) return;
    for (const service of this.#services.get(pod.metadata.namespace!)?.values() ?? []) {
      const matchLabels = selectorOf(service);
      if (!matchLabels) continue;
      const selected = [pod, previous].some((each) => each && selectsLabels({ matchLabels }, each.metadata.labels));
      if (selected) this.#wake(keyOf(service));
    }
  }

  #onEndpoints({ realm: of, object }: StoreEvent<Endpoints>): void {
    if (of === realm && !this.#writing) this.#wake(keyOf(object));
  }

  #onSlice({ realm: of, object, previous }: StoreEvent<EndpointSlice>): void {
    if (of !== realm || this.#writing) return;
    for (const slice of [object, previous]) {
      const key = slice && serviceKeyOf(slice);
      if (key !== undefined) this.#wake(key);
    }
  }

  #takeService(service: Service, wake = false): void {
    const { namespace = "", name } = service.metadata;
    const services = this.#services.get(namespace) ?? new Map<string, Service>();
    const before = services.get(name);
    this.#services.set(namespace, services.set(name, service));
    // a status says nothing of endpoints
    const { labels, annotations } = service.metadata, was = before?.metadata;
    if (before?.spec === service.spec && was?.labels === labels && was?.annotations === annotations) return;
    if (wake) this.#wake(keyOf(service));
    else this.#due.add(keyOf(service));
  }

  #wake(key: string): void {
    this.#due.add(key);
    this.#rounds.wake();
  }

  // ---- rounds

  async #round(): Promise<void> {
    const { clock, log } = this.#options;
    let failure: unknown;
    const failed = new Set<string>();
    const due = this.#due;
    this.#due = new Set();
    const index = () =>
      new PodIndex((namespace) => this.#options.store.list<Pod>("Pod", { namespace }).map(({ object }) => object));
    let pods = index();
    let began = clock.mono();
    for (const key of due) {
      try {
        const moving = this.#sync(key, pods);
        if (moving) await moving;
      } catch (err) {
        log.debug("Cannot write the endpoints of a Service", { service: key, err });
        failure = err;
        failed.add(key);
      }
      if (clock.mono() - began > stretchMs) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        pods = index();
        began = clock.mono();
      }
    }
    for (const key of failed) this.#due.add(key);
    if (failure) throw failure;
  }

  /** A promise where the disk is needed as well. */
  #sync(key: string, pods: PodIndex): Promise<void> | undefined {
    let moving: Promise<void> | undefined;
    const [namespace, name] = key.split("/");
    const service = this.#services.get(namespace)?.get(name);
    const selector = service && selectorOf(service);
    if (service?.spec.type === "ExternalName" || !service) {
      this.#removeSlices(this.#own(key, sliceController));
      this.#removeEndpoints(namespace, name);
      if (!service && this.#gone.delete(key)) moving = this.#removeWritten(namespace, name);
    } else if (!selector) moving = this.#letGo(key, namespace, name);
    else if (!this.#isEnding(namespace)) {
      const selected = pods.selected(namespace, selector);
      const zoneOf = (node = "") =>
        this.#options.store.get<Node>(realm, "Node", "", node)?.metadata.labels?.[zoneLabel];
      this.#plan(key, sliceController, serviceTemplate(service), serviceGroups(service, selected, zoneOf));
      this.#putEndpoints(service, selected);
      moving = this.#takeOver(key, namespace, name);
    }
    this.#mirror(key, service && !selector ? this.#view.get(realm, "Endpoints", namespace, name) : undefined);
    return moving;
  }

  #isEnding(namespace: string): boolean {
    const found = this.#options.store.get<Namespace>(realm, "Namespace", "", namespace);
    return Boolean(found?.metadata.deletionTimestamp);
  }

  // ---- slices

  /** The Service's slices in memory that one of the controllers keeps. */
  #own(key: string, controller: string): EndpointSlice[] {
    return this.slices.of(key).filter((slice) =>
      slice.metadata.labels?.[managedByLabel] === controller && !this.#isOnDisk(slice)
    );
  }

  #isOnDisk({ kind, metadata: { namespace = "", name } }: StoreObject): boolean {
    return this.#options.store.get(realm, kind, namespace, name) !== undefined;
  }

  #plan(key: string, controller: string, template: SliceTemplate, groups: readonly SliceGroup[]): void {
    const taken = (name: string) => this.#view.get(realm, "EndpointSlice", template.namespace, name) !== undefined;
    const { put, remove } = planSlices(template, groups, this.#own(key, controller), taken);
    for (const slice of put) this.#write(slice);
    this.#removeSlices(remove);
  }

  #removeSlices(slices: readonly EndpointSlice[]): void {
    for (const slice of slices) this.#forget("EndpointSlice", slice.metadata.namespace!, slice.metadata.name);
  }

  #mirror(key: string, endpoints: Endpoints | undefined): void {
    if (!endpoints || !isMirrored(endpoints) || endpoints.metadata.deletionTimestamp) {
      return this.#removeSlices(this.#own(key, mirrorController));
    }
    const { groups, surplus, invalid } = mirrorGroups(endpoints);
    this.#plan(key, mirrorController, mirrorTemplate(endpoints), groups);
    const warn = (reason: string, message: string) => {
      const { namespace, name, uid } = endpoints.metadata;
      this.#options.events.event({ kind: "Endpoints", namespace, name, uid }, "Warning", reason, message);
    };
    if (invalid > 0) {
      warn("InvalidIPAddress", `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`);
    }
    if (surplus > 0) {
      warn(
        "TooManyAddressesToMirror",
        "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. " +
          `${surplus} addresses were skipped`,
      );
    }
  }

  // ---- Endpoints

  #putEndpoints(service: Service, pods: readonly Pod[]): void {
    const { namespace = "", name } = service.metadata;
    // those of a manifest are that file's
    const written = this.#options.store.get<StoreObject>(realm, "Endpoints", namespace, name);
    if (written && isFromFile(written)) return this.#removeEndpoints(namespace, name);
    const current = this.#options.memory.get<Endpoints>(realm, "Endpoints", namespace, name);
    this.#write(serviceEndpoints(service, pods, current));
  }

  #removeEndpoints(namespace: string, name: string): void {
    if (this.#options.memory.get(realm, "Endpoints", namespace, name)) this.#forget("Endpoints", namespace, name);
  }

  // ---- between memory and disk

  /** Without a selector nobody keeps a Service's endpoints: what there is stays, and is the user's from now on. */
  #letGo(key: string, namespace: string, name: string): Promise<void> | undefined {
    const endpoints = this.#options.memory.get<Endpoints>(realm, "Endpoints", namespace, name);
    const objects = [...this.#own(key, sliceController), ...(endpoints ? [endpoints] : [])];
    if (objects.length === 0) return undefined;
    return this.#all(objects, async (object) => {
      const { kind, metadata: { name } } = object;
      await this.#options.store.change<StoreObject>(realm, kind, namespace, name, (current) => current ?? object);
      this.#forget(kind, namespace, name);
    });
  }

  /** With a selector again they are the controller's: what is left of them on disk goes. */
  #takeOver(key: string, namespace: string, name: string): Promise<void> | undefined {
    const slices = this.slices.of(key).filter(({ metadata }) => metadata.labels?.[managedByLabel] === sliceController);
    const written = [
      ...slices.map(({ metadata }) => this.#written("EndpointSlice", namespace, metadata.name)),
      this.#written("Endpoints", namespace, name),
    ].filter((object) => object !== undefined);
    return written.length > 0 ? this.#all(written, (object) => this.#erase(object)) : undefined;
  }

  /** Endpoints go with their Service, whoever wrote them. */
  #removeWritten(namespace: string, name: string): Promise<void> | undefined {
    const found = this.#written("Endpoints", namespace, name);
    return found && this.#erase(found);
  }

  /** An object on disk that is no file's. */
  #written(kind: string, namespace: string, name: string): StoreObject | undefined {
    const found = this.#options.store.get<StoreObject>(realm, kind, namespace, name);
    return found && !isFromFile(found) ? found : undefined;
  }

  async #all(objects: readonly StoreObject[], move: (object: StoreObject) => Promise<void>): Promise<void> {
    await Promise.all(objects.map(move));
  }

  async #erase({ kind, metadata: { namespace = "", name } }: StoreObject): Promise<void> {
    await this.#options.store.change(realm, kind, namespace, name, () => undefined);
  }

  /** Nothing is written, and nobody told, where the object is there already. */
  #write(object: EndpointSlice | Endpoints): void {
    const { kind, metadata: { namespace = "", name } } = object;
    this.#quietly(() => this.#options.memory.changeNow<StoreObject>(realm, kind, namespace, name, () => object));
  }

  #forget(kind: string, namespace: string, name: string): void {
    this.#quietly(() => this.#options.memory.changeNow(realm, kind, namespace, name, () => undefined));
  }

  #quietly(write: () => void): void {
    this.#writing = true;
    try {
      write();
    } finally {
      this.#writing = false;
    }
  }
}

function keyOf({ metadata: { namespace = "", name } }: { metadata: { namespace?: string; name: string } }): string {
  return `${namespace}/${name}`;
}

/** Labels of the pods behind a Service; undefined where it selects none. */
function selectorOf({ spec: { selector, type } }: Service): Record<string, string> | undefined {
  return type !== "ExternalName" && selector && Object.keys(selector).length > 0 ? selector : undefined;
}
