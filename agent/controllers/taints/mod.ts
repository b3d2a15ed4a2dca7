/**
 * What kube-controller-manager's taint eviction does: pods of the API that do not tolerate a NoExecute taint of the node
 * are deleted with their own grace, those that tolerate it for a while when that is over. Pods of the manifest directory
 * stay: no taint drives them away.
 *
 *     Node's taints, pods ─► round: staySeconds (plan.ts) ─► mark deleted now, or a timer
 */
import type { Clock } from "../../clock.ts";
import type { Pod, PodCondition } from "../../objects/mod.ts";
import { withPodCondition } from "../../node/mod.ts";
import { isFromFile } from "../../sources/mod.ts";
import type { Store, StoreEvent, StoreObject } from "../../store/mod.ts";
import type { EventRecorder } from "../../telemetry/events.ts";
import type { Logger } from "../../telemetry/log.ts";
import { Controller } from "../controller.ts";
import { staySeconds, type TimedTaint } from "./plan.ts";

export interface TaintEvictionOptions {
  store: Pick<Store, "list" | "watch" | "change">;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
  nodeName: string;
  taints(): readonly TimedTaint[];
}

const realm = "local";

export class TaintEviction extends Controller {
  readonly #options: TaintEvictionOptions;
  /** Pod UID → what decided, and the monotonic ms until which it may stay: set once, whatever the wall clock does. */
  #leases = new Map<string, { of: string; until: number }>();

  constructor(options: TaintEvictionOptions) {
    super({ ...options, name: "taint eviction", stores: [options.store] });
    this.#options = options;
  }

  protected override matters({ type, object, previous }: StoreEvent): boolean {
    if (object.spec === previous?.spec) return false;
    return object.kind === "Node" || object.kind === "Pod" && type !== "DELETED" && this.#isTainted();
  }

  #isTainted(): boolean {
    return this.#options.taints().some(({ effect }) => effect === "NoExecute");
  }

  protected override async round(): Promise<number | void> {
    const { store, clock, events, taints: read, nodeName } = this.#options;
    const taints = read().filter(({ effect }) => effect === "NoExecute");
    if (taints.length === 0 && this.#leases.size === 0) return;
    const pods = store.list<Pod>("Pod", { realm }).map(({ object }) => object).filter((pod) =>
      pod.spec.nodeName === nodeName && !pod.metadata.deletionTimestamp && !isFromFile(pod as StoreObject)
    );
    const before = this.#leases;
    this.#leases = new Map();
    const evicted: Pod[] = [];
    for (const pod of pods) {
      const uid = pod.metadata.uid!;
      const stay = staySeconds(pod, taints, clock.now());
      if (stay === undefined) continue;
      const of = JSON.stringify([taints, pod.spec.tolerations]);
      const known = before.get(uid);
      const lease = known?.of === of ? known : { of, until: clock.mono() + stay * 1000 };
      if (lease.until <= clock.mono()) evicted.push(pod);
      else this.#leases.set(uid, lease);
    }
    for (const [uid] of before) {
      const pod = pods.find(({ metadata }) => metadata.uid === uid);
      if (!pod || this.#leases.has(uid) || evicted.includes(pod)) continue;
      events.event(about(pod), "Normal", "TaintManagerEviction", `Cancelling deletion of Pod ${title(pod)}`);
    }
    await Promise.all(evicted.map((pod) => this.#evict(pod)));
    const next = Math.min(...[...this.#leases.values()].map(({ until }) => until));
    if (Number.isFinite(next)) return next;
  }

  async #evict(pod: Pod): Promise<void> {
    const { store, clock, events, log } = this.#options;
    const { namespace, name, uid } = pod.metadata;
    const told: PodCondition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByTaintManager",
      message: "Taint manager: deleting due to NoExecute taint",
    };
    const mine = (current: Pod | undefined): current is Pod =>
      current?.metadata.uid === uid && !current?.metadata.deletionTimestamp;
    await store.change<Pod>(realm, "Pod", namespace!, name, (current) => {
      return mine(current) ? { ...current, status: withPodCondition(current, told, clock.now()) } : current;
    }, { status: true });
    events.event(about(pod), "Normal", "TaintManagerEviction", `Marking for deletion Pod ${title(pod)}`);
    log.info("A taint drives a pod away", { pod: title(pod) });
    await store.change<Pod>(
      realm,
      "Pod",
      namespace!,
      name,
      (current, end) => mine(current) ? end(current.spec.terminationGracePeriodSeconds ?? 30) : current,
    );
  }
}

function about({ metadata: { namespace, name, uid } }: Pod) {
  return { kind: "Pod", namespace, name, uid };
}

function title({ metadata: { namespace, name } }: Pod): string {
  return `${namespace}/${name}`;
}
