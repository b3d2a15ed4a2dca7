/**
 * The node's own Node object: registered at start, its status kept true, its labels, annotations and taints left to
 * whoever sets them. Written when something has changed and at no other time: there is no heartbeat that wears out a
 * disk.
 *
 *     facts, addresses, runtime, readiness ─► round: registeredNode, nodeStatus ─► store
 *                                     images ─┘ read again some seconds after one has come or gone
 */
import type { Clock } from "../../clock.ts";
import type { NodeFacts, Pressure, Taint } from "../../node/mod.ts";
import type { Pod } from "../../objects/mod.ts";
import type { Amounts } from "../../resources/mod.ts";
import { isFromFile } from "../../sources/mod.ts";
import type { Store, StoreEvent, StoreObject } from "../../store/mod.ts";
import type { EventRecorder } from "../../telemetry/events.ts";
import type { Logger } from "../../telemetry/log.ts";
import { Controller } from "../controller.ts";
import { type NodeWish, registeredNode } from "./register.ts";
import { nodeStatus, type RuntimeFacts } from "./status.ts";
import type { Node } from "./types.ts";

export { type NodeWish, registeredNode } from "./register.ts";
export { nodeStatus, type NodeStatusFacts, type RuntimeFacts } from "./status.ts";
export { readRuntimeFacts } from "./runtime_facts.ts";
export type { ContainerImage, Node, NodeCondition, NodeSpec, NodeStatus, NodeTaint } from "./types.ts";

export interface NodeKeeperOptions {
  store: Pick<Store, "get" | "list" | "watch" | "change" | "putStatus" | "record" | "setRecord">;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
  nodeName: string;
  machineLabels: Readonly<Record<string, string>>;
  wish: NodeWish;
  podCIDRs: readonly string[];
  facts: NodeFacts;
  allocatable: Amounts;
  /** The agent's, as kubelet's. */
  version: string;
  kubeletPort?: number;
  /** Images that the node's status names; -1: all. */
  maxImages?: number;
  addresses(): readonly string[];
  /** Why the node does not work; undefined: it does; null: that is not known yet. */
  notReady(): string | undefined | null;
  /** What the node is short of. */
  pressures?(): readonly Pressure[];
  readRuntime(): Promise<RuntimeFacts>;
}

const realm = "local";
/** How long after a new image the list of images is read again. */
const imagesMs = 5000;
/** How often the runtime is asked for a network that is not ready. */
const networkMs = 5000;

/** Events of the node's pressures: while one lasts, and when it is over. */
const pressureEvents: readonly [pressure: Pressure, short: string, enough: string][] = [
  ["MemoryPressure", "NodeHasInsufficientMemory", "NodeHasSufficientMemory"],
  ["DiskPressure", "NodeHasDiskPressure", "NodeHasNoDiskPressure"],
  ["PIDPressure", "NodeHasInsufficientPID", "NodeHasSufficientPID"],
];
const goodNews = ["NodeSchedulable", ...pressureEvents.map(([, , enough]) => enough)];

export class NodeKeeper extends Controller {
  readonly #options: NodeKeeperOptions;
  #runtime?: RuntimeFacts;
  #images = new Set<string>();
  #lookAgain?: () => void;
  #stopped = false;
  #told = new Map<string, string>();

  constructor(options: NodeKeeperOptions) {
    super({ ...options, name: "node's registration", stores: [options.store] });
    this.#options = options;
  }

  /** Resolves when the node is registered, or cannot be now: a disk that takes no writes must not keep pods from running. */
  override async start(): Promise<void> {
    super.start();
    await this.idle();
    this.#readRuntime();
  }

  override async stop(): Promise<void> {
    this.#stopped = true;
    this.#lookAgain?.();
    await super.stop();
  }

  /** Addresses, readiness or the configuration may have changed. */
  override wake(): void {
    if (!this.#runtime && this.#options.notReady() === undefined) this.#readRuntime();
    super.wake();
  }

  /** Images have come or gone. */
  imagesChanged(): void {
    this.#lookAgainIn(imagesMs);
  }

  #lookAgainIn(ms: number): void {
    this.#lookAgain ??= this.#options.clock.after(ms, () => {
      this.#lookAgain = undefined;
      this.#readRuntime();
    });
  }

  /** The Node as it is stored. */
  get node(): Node | undefined {
    return this.#options.store.get<Node>(realm, "Node", "", this.#options.nodeName);
  }

  /** Labels of the node; those of machine and configuration while it is not registered. */
  get labels(): Readonly<Record<string, string>> {
    const { wish, machineLabels } = this.#options;
    return this.node?.metadata.labels ?? { ...wish.labels, ...machineLabels };
  }

  get taints(): readonly Taint[] {
    return this.node?.spec.taints ?? (this.node ? [] : this.#options.wish.taints);
  }

  protected override matters({ type, object }: StoreEvent): boolean {
    if (object.kind === "Pod" && type !== "DELETED") this.#noteImages(object as unknown as Pod);
    return object.kind === "Node" && type !== "ADDED";
  }

  protected override async round(): Promise<void> {
    const { store, nodeName, machineLabels, podCIDRs, wish, clock } = this.#options;
    await this.#moveIn();
    const applied = store.record("node", "wish") as NodeWish | undefined;
    const pressures = this.#options.pressures?.() ?? [];
    await store.change<StoreObject>(realm, "Node", "", nodeName, (current) => {
      const registration = { name: nodeName, machineLabels, podCIDRs, wish, applied, pressures, now: clock.now() };
      return registeredNode(current as Node | undefined, registration) as StoreObject;
    });
    store.setRecord("node", "wish", { labels: { ...wish.labels }, taints: wish.taints.map((each) => ({ ...each })) });
    const node = this.node;
    if (!node) return;
    const { facts, allocatable, version, kubeletPort, maxImages, addresses, notReady } = this.#options;
    const status = nodeStatus(node.status, {
      nodeName,
      facts,
      allocatable,
      addresses: addresses(),
      version,
      kubeletPort,
      maxImages,
      runtime: this.#runtime,
      notReady: notReady(),
      pressures,
      now: clock.now(),
    });
    store.putStatus(realm, "Node", "", nodeName, node.metadata.uid!, status);
    this.#tell(node, pressures);
  }

  /** What people look for in a node's events: kubelet's. */
  #tell({ spec, metadata: { name } }: Node, pressures: readonly Pressure[]): void {
    const problem = this.#options.notReady();
    const network = this.#runtime?.network;
    const ready = problem === undefined && network === undefined
      ? "NodeReady"
      : problem === null
      ? undefined
      : "NodeNotReady";
    const open = spec.unschedulable ? "NodeNotSchedulable" : "NodeSchedulable";
    const words: [what: string, word: string | undefined][] = [["ready", ready], ["open", open]];
    for (const [pressure, short, enough] of pressureEvents) {
      words.push([pressure, pressures.includes(pressure) ? short : enough]);
    }
    for (const [what, word] of words) {
      if (!word) continue;
      const before = this.#told.get(what);
      this.#told.set(what, word);
      // that all is as it should be is no news at the beginning, and readiness is what everybody waits for
      if (before === word || (before === undefined && goodNews.includes(word))) continue;
      // kubelet refers to nodes by their name in the place of the UID
      const about = { kind: "Node", name, uid: name };
      this.#options.events.event(about, "Normal", word, `Node ${name} status is now: ${word}`);
    }
  }

  /** After the machine got another name: what users said of the node holds for it, and its pods stay where they are. */
  async #moveIn(): Promise<void> {
    const { store, nodeName, log } = this.#options;
    for (const { object } of store.list<Node>("Node", { realm })) {
      const before = object.metadata.name;
      if (before === nodeName) continue;
      log.info("The node has another name now", { before, now: nodeName });
      const { uid: _uid, resourceVersion: _version, ...metadata } = object.metadata;
      const moved = { ...object, metadata: { ...metadata, name: nodeName } } as StoreObject;
      await store.change<StoreObject>(realm, "Node", "", nodeName, (current) => current ?? moved);
      for (const { object: pod } of store.list<Pod>("Pod", { realm })) {
        if (pod.spec.nodeName !== before || isFromFile(pod as StoreObject)) continue;
        await store.change<Pod>(
          realm,
          "Pod",
          pod.metadata.namespace!,
          pod.metadata.name,
          (current) =>
            current?.spec.nodeName === before ? { ...current, spec: { ...current.spec, nodeName } } : current,
        );
      }
      await store.change(realm, "Node", "", before, () => undefined);
    }
  }

  /** A pod that runs another image than any before: it has come to the node. */
  #noteImages({ status }: Pod): void {
    const statuses = [...status?.containerStatuses ?? [], ...status?.initContainerStatuses ?? []];
    const news = statuses.map(({ imageID }) => imageID).filter((id) => id && !this.#images.has(id));
    if (news.length === 0) return;
    for (const id of news) this.#images.add(id!);
    this.imagesChanged();
  }

  #readRuntime(): void {
    this.#options.readRuntime().then((runtime) => {
      this.#runtime = runtime;
      if (this.#stopped) return;
      super.wake();
      // nobody tells when the network is there
      if (runtime.network !== undefined) this.#lookAgainIn(networkMs);
    }, (err) => this.#options.log.debug("Cannot ask the runtime about itself", { err }));
  }
}
