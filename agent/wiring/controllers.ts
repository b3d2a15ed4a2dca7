/**
 * What a cluster's control plane would do, wired for one node: its Node object, namespaces and what belongs into them,
 * the scheduler, the evictions that taints ask for.
 */
import { versionInfo } from "../api/version.ts";
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import { Namespaces } from "../controllers/namespaces/mod.ts";
import { NodeKeeper, readRuntimeFacts } from "../controllers/node/mod.ts";
import { Owners } from "../controllers/owners/mod.ts";
import { pluralOf } from "../controllers/plural.ts";
import { RoleAggregation } from "../controllers/roles/mod.ts";
import { Scheduler } from "../controllers/scheduler/mod.ts";
import { TaintEviction } from "../controllers/taints/mod.ts";
import { Volumes } from "../controllers/volumes/mod.ts";
import { derivedKinds } from "../network/endpoints/mod.ts";
import { type NodeFacts, nodeLabels, type Pressure } from "../node/mod.ts";
import { findKind, selectsNode } from "../objects/mod.ts";
import type { PodObserver } from "../observed/observer.ts";
import type { Pki } from "../pki/mod.ts";
import type { Amounts } from "../resources/mod.ts";
import type { MemoryStore, Store } from "../store/mod.ts";
import type { EventRing } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Runtime } from "./runtime.ts";

export interface ControllersOptions {
  config: Pick<NodeConfig, "nodeName" | "nodeLabels" | "taints" | "podCIDRs" | "kubelet" | "nodeStatusMaxImages">;
  store: Store;
  /** Leases, and endpoints that follow from selectors. */
  memory: MemoryStore;
  events: Pick<EventRing, "event" | "by">;
  clock: Clock;
  log: Logger;
  facts: NodeFacts;
  allocatable: Amounts;
  runtime: Pick<Runtime, "cri" | "image">;
  addresses(): readonly string[];
  /** Whether the runtime answers. */
  available(): boolean;
  /** Whether the machine goes down. */
  shuttingDown(): boolean;
  /** What the node is short of. */
  pressures(): readonly Pressure[];
}

const trustAgainMs = 30_000;

export class Controllers {
  readonly node: NodeKeeper;
  readonly #options: ControllersOptions;
  readonly #namespaces: Namespaces;
  readonly #scheduler: Scheduler;
  readonly #taints: TaintEviction;
  readonly #owners: Owners;
  readonly #volumes: Volumes;
  readonly #roles: RoleAggregation;
  #ca?: string;
  /** Whether the runtime has been looked at in this life. */
  #following = false;
  #retry = () => {};
  #stopped = false;

  constructor(options: ControllersOptions) {
    this.#options = options;
    const { config, store, events, clock, log, facts, allocatable, runtime, addresses, available, pressures } = options;
    const { nodeName, podCIDRs, kubelet } = config;
    const common = {
      store,
      events,
      clock,
      log,
      nodeName,
      others: [options.memory],
      otherKinds: ["Lease", ...derivedKinds],
    };
    this.node = new NodeKeeper({
      ...common,
      machineLabels: nodeLabels(facts, nodeName),
      wish: { labels: config.nodeLabels, taints: config.taints },
      podCIDRs,
      facts,
      allocatable,
      version: versionInfo().gitVersion,
      maxImages: config.nodeStatusMaxImages,
      ...(kubelet.enabled ? { kubeletPort: kubelet.port } : {}),
      addresses,
      pressures,
      notReady: () => {
        if (options.shuttingDown()) return "node is shutting down";
        return !this.#following ? null : available() ? undefined : "container runtime is down";
      },
      readRuntime: () => readRuntimeFacts({ runtime: runtime.cri.runtime, image: runtime.image }),
    });
    this.#namespaces = new Namespaces({
      ...common,
      ca: () => this.#ca,
      resource: pluralOf,
    });
    this.#owners = new Owners({ ...common, knows: findKind });
    this.#volumes = new Volumes({
      ...common,
      events: events.by("persistentvolume-controller"),
      usable: ({ spec }) => {
        const terms = spec.nodeAffinity?.required?.nodeSelectorTerms;
        return !terms || selectsNode(terms, { name: nodeName, labels: this.node.labels });
      },
    });
    this.#roles = new RoleAggregation(common);
    this.#taints = new TaintEviction({
      ...common,
      events: events.by("taint-eviction-controller"),
      taints: () => this.node.taints,
    });
    this.#scheduler = new Scheduler({
      ...common,
      events: events.by("default-scheduler"),
      node: () => {
        const { node } = this.node;
        if (!node) return undefined;
        const { labels = {} } = node.metadata;
        return {
          name: nodeName,
          labels,
          taints: node.spec.taints ?? [],
          unschedulable: node.spec.unschedulable ?? false,
        };
      },
    });
  }

  /** Resolves when the node and the namespaces are there that are needed at once. */
  async start(): Promise<void> {
    await this.node.start();
    await this.#namespaces.start();
    this.#scheduler.start();
    this.#taints.start();
    this.#owners.start();
    this.#volumes.start();
    this.#roles.start();
  }

  /** Tells pods what the API's certificate is signed with, as soon as that is known. */
  async trust(keys: () => Promise<Pick<Pki, "caCertificate">>): Promise<void> {
    const { clock, log } = this.#options;
    try {
      this.#ca = (await keys()).caCertificate;
      this.#namespaces.wake();
    } catch (err) {
      log.debug("Cannot tell pods of the API's CA; it is tried again", { err });
      if (!this.#stopped) this.#retry = clock.after(trustAgainMs, () => void this.trust(keys));
    }
  }

  /** Addresses may have changed. */
  look(): void {
    this.node.wake();
  }

  /** Looks whenever the runtime falls silent or answers again. */
  follow(observer: Pick<PodObserver, "onAvailable">): void {
    this.#following = true;
    observer.onAvailable.add(() => this.look());
    this.look();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry();
    const { node } = this;
    const others = [this.#scheduler, this.#taints, this.#owners, this.#volumes, this.#roles, this.#namespaces];
    for (const one of [...others, node]) await one.stop();
  }
}
