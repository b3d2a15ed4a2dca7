/**
 * The scheduler: pods of the API that name no node are bound to this one, if they may be here; else they are told why
 * not, in kube-scheduler's words, and looked at again whenever anything changes that could let them in.
 *
 *     store events ─► round: planScheduling (plan.ts, fit.ts) ─► bind, or PodScheduled=False and an event
 */
import type { Clock } from "../../clock.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod, PodStatus } from "../../objects/mod.ts";
import { boundPod, withPodCondition } from "../../node/mod.ts";
import type { Store, StoreEvent } from "../../store/mod.ts";
import type { EventRecorder } from "../../telemetry/events.ts";
import type { Logger } from "../../telemetry/log.ts";
import { Controller } from "../controller.ts";
import type { Labels } from "../label_selector.ts";
import { isWaiting, planScheduling, type SchedulerAction } from "./plan.ts";
import type { SchedulableNode, SchedulerState } from "./state.ts";

export { planScheduling, type SchedulerAction } from "./plan.ts";
export type { SchedulableNode, SchedulerState } from "./state.ts";

export interface SchedulerOptions {
  store: Pick<Store, "get" | "list" | "watch" | "change">;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
  /** The node as it is now. */
  node(): SchedulableNode | undefined;
}

const realm = "local";
/** What a placing depends on, besides pods. */
const concerning = new Set(["Node", "PersistentVolume", "PersistentVolumeClaim", "Namespace"]);

export class Scheduler extends Controller {
  readonly #options: SchedulerOptions;

  constructor(options: SchedulerOptions) {
    super({ ...options, name: "scheduler", stores: [options.store] });
    this.#options = options;
  }

  /** Whether a change could place a pod: status alone does so only where a pod ends, or a claim is bound. */
  protected override matters({ type, object, previous }: StoreEvent): boolean {
    if (concerning.has(object.kind)) {
      return object.kind !== "Node" || type !== "MODIFIED" || object.spec !== previous?.spec ||
        object.metadata.labels !== previous?.metadata.labels;
    }
    if (object.kind !== "Pod") return false;
    if (type !== "MODIFIED") return true;
    return object.spec !== previous?.spec || object.metadata.labels !== previous?.metadata.labels ||
      object.metadata.deletionTimestamp !== previous?.metadata.deletionTimestamp || isOver(object) !== isOver(previous);
  }

  protected override async round(): Promise<void> {
    const pods = this.#options.store.list<Pod>("Pod");
    if (!pods.some((each) => each.realm === realm && isWaiting(each.object))) return;
    // pods of a control plane have its scheduler; they count for those that want to be near them or far from them
    const foreign = pods.filter((each) => each.realm !== realm && each.object.spec.nodeName);
    const own = pods.filter((each) => each.realm === realm);
    const actions = planScheduling(this.#state([...own, ...foreign].map(({ object }) => object)));
    await Promise.all(actions.map((action) => this.#act(action)));
  }

  #state(pods: Pod[]): SchedulerState {
    const { store, node } = this.#options;
    return {
      node: node(),
      pods,
      claim: (namespace, name) => store.get<PersistentVolumeClaim>(realm, "PersistentVolumeClaim", namespace, name),
      volume: (name) => store.get<PersistentVolume>(realm, "PersistentVolume", "", name),
      namespaceLabels: (name) => {
        const found = store.get<{ metadata: { labels?: Labels } }>(realm, "Namespace", "", name);
        return found && (found.metadata.labels ?? {});
      },
    };
  }

  async #act(action: SchedulerAction): Promise<void> {
    const { store, events, clock, log } = this.#options;
    const { namespace, name, uid } = action.pod.metadata;
    const about = { kind: "Pod", namespace, name, uid };
    const written = await store.change<Pod>(realm, "Pod", namespace!, name, (current) => {
      if (!current || current.metadata.uid !== uid || !isWaiting(current)) return current;
      const now = clock.now();
      if (action.type === "bind") return boundPod(current, action.nodeName, now);
      const { reason, message } = action;
      return {
        ...current,
        status: withPodCondition(current, { type: "PodScheduled", status: "False", reason, message }, now),
      };
    }, { status: true });
    if (action.type === "bind") {
      if (written?.metadata.uid !== uid || written?.spec.nodeName !== action.nodeName) return;
      events.event(about, "Normal", "Scheduled", `Successfully assigned ${namespace}/${name} to ${action.nodeName}`);
    } else if (action.reason === "Unschedulable") {
      log.info("A pod cannot be placed", { pod: `${namespace}/${name}`, reason: action.message });
      events.event(about, "Warning", "FailedScheduling", action.message);
    }
  }
}

function isOver(object: { status?: unknown } | undefined): boolean {
  const phase = (object?.status as PodStatus | undefined)?.phase;
  return phase === "Succeeded" || phase === "Failed";
}
