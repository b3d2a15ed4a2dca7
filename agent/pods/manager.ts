/**
 * The pod manager: one worker for every pod that the store wants or the runtime still shows.
 *
 *     store rows ──► workers (by UID) ◄── observed pods without a row (orphans of earlier lives)
 *
 * A pod whose namespace/name is still held by an earlier incarnation waits until that has left nothing behind.
 *
 * The room, from above: this, then `worker/` (one pod's order of events and its memory), which uses `execute/` (actions on
 * the runtime), `status/` (what is told of the pod) and, below all, `plan/` (what is to be done; pure).
 */
import { type Clock, until } from "../clock.ts";
import type { KubeObject, Pod, PodStatus } from "../objects/mod.ts";
import type { PodObserver } from "../observed/observer.ts";
import type { ObservedPod } from "../observed/types.ts";
import { isFromFile } from "../sources/mod.ts";
import type { Realm, Store, StoreEvent, StoreObject } from "../store/mod.ts";
import type { EventRecorder } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";
import {
  type DeadContainerPolicy,
  type DeadPod,
  defaultDeadContainerPolicy,
  finishedContainers,
} from "./dead_containers.ts";
import { type Candidate, Gate, type GateOptions } from "./gate.ts";
import { GivenUpContainers } from "./given_up.ts";
import type { Verdict } from "./worker/intents.ts";
import { podEvents, type TellEvent } from "./pod_events.ts";
import { PodMemories } from "./worker/pod_memory.ts";
import { references } from "./references.ts";
import { isDisplaced, turnedAway } from "./status/pod_status.ts";
import { Sweeper } from "./sweeper.ts";
import { PodWorker, type WorkerDeps } from "./worker/worker.ts";

export interface PodManagerOptions extends Pick<GateOptions, "admit" | "admitResize"> {
  store: Store;
  /** Whether a pod is bound to this node: others are their scheduler's, and nothing is done about them. */
  isHere(pod: Pod): boolean;
  observer: PodObserver;
  clock: Clock;
  log: Logger;
  events: EventRecorder;
  execute: WorkerDeps["execute"];
  probes: WorkerDeps["probes"];
  hostIPs(): string[];
  runtimeName(): string;
  maxBackoffMs: number;
  /** Identifies this boot of the machine: another one clears back-offs. */
  bootId: string;
  /** Which ended containers are kept; default: the last of each. */
  deadContainers?: DeadContainerPolicy;
  /** Brings live volumes up to date after their sources changed; says whether anything was written. */
  refreshVolumes(pod: Pod): Promise<boolean>;
  /** A pod object for something in the runtime that has no row. */
  orphan(observed: ObservedPod): Pod;
  /**
   * Cleans what earlier lives left of pods that are gone; `known` says of which there still is something. Answers of how
   * many pods something could not be removed.
   */
  sweep(known: (uid: string) => boolean): Promise<number>;
}

/** Kinds that pods' volumes and environments are made from. */
const referred = ["ConfigMap", "Secret", "PersistentVolume", "PersistentVolumeClaim", "ServiceAccount"];

interface Managed extends Candidate {
  realm: Realm | undefined;
}

export class PodManager {
  #managed = new Map<string, Managed>();
  /** Pods that wait for another one of their name to be gone, by UID, the longest wait first. */
  #waiting = new Map<string, { realm: Realm; pod: Pod }>();
  readonly #gate: Gate;
  readonly #memories: PodMemories;
  readonly #deadPolicy: DeadContainerPolicy;
  readonly #givenUp: GivenUpContainers;
  readonly #sweeper: Sweeper;
  readonly #event: TellEvent;
  #unwatch: (() => void)[] = [];
  #stopped = false;
  readonly #options: PodManagerOptions;

  constructor(options: PodManagerOptions) {
    this.#options = options;
    const { store, bootId, admit, admitResize, deadContainers, sweep, events } = options;
    this.#memories = new PodMemories(store, bootId);
    this.#deadPolicy = deadContainers ?? defaultDeadContainerPolicy;
    this.#givenUp = new GivenUpContainers(this.#deadPolicy.total);
    this.#sweeper = new Sweeper({ ...options, sweep: () => sweep((uid) => this.has(uid)) });
    this.#event = podEvents(events);
    this.#gate = new Gate({
      admit,
      admitResize,
      refused: (pod, { reason, message }) => this.#event(pod, undefined, "Warning", reason, message),
      comesBack: (pod) => this.#comeBack(pod),
    });
  }

  /** Takes over every row and everything observed; the observer must have had its first look. */
  start(): void {
    const { store, observer } = this.#options;
    this.#unwatch = [
      store.watch((event) => this.#stored(event as StoreEvent<KubeObject>)),
      observer.onChange.add((uid) => this.#observed(uid)),
      observer.onAvailable.add((available) => {
        if (available) this.retryAll();
      }),
    ];
    const rows = store.list<Pod>("Pod").filter(({ object }) => this.#options.isHere(object));
    const uids = new Set(rows.map(({ object }) => object.metadata.uid!));
    const seen = new Set(observer.uids());
    this.#memories.retain((uid) => uids.has(uid) || seen.has(uid));
    for (const uid of seen) if (!uids.has(uid)) this.#observed(uid);
    const adopted = ({ object }: { object: Pod }) => observer.get(object.metadata.uid!)?.sandboxes.length ? 0 : 1;
    rows.sort((a, b) => adopted(a) - adopted(b) || (b.object.spec.priority ?? 0) - (a.object.spec.priority ?? 0));
    for (const { realm, object } of rows) this.#take(realm, object);
    // nobody begins before it is known who may
    this.#admit();
    this.#limitDead();
    this.#kickAll();
    void this.#sweeper.start();
  }

  /** Stops working; pods stay as they are. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const end of this.#unwatch) end();
    this.#sweeper.stop();
    await Promise.all([...this.#managed.values()].map(({ worker }) => worker.stop()));
  }

  /** Something about the pod has changed: its worker looks. */
  kick(uid: string): void {
    this.#managed.get(uid)?.worker.kick();
  }

  /** What failed operations waited for may be there now. */
  retryAll(): void {
    for (const { worker } of this.#managed.values()) worker.retryNow();
  }

  /** What decides who may run has changed: those that were turned away get another chance. */
  readmit(): void {
    this.#admit();
  }

  /** Ends a pod for good, because of what the node is short of; false when there is nothing of it to end. */
  evict(uid: string, verdict: Verdict): boolean {
    const worker = this.#managed.get(uid)?.worker;
    if (!worker || isOver(worker.status)) return false;
    worker.end(verdict);
    return true;
  }

  /** Whether the pod has ended and given back what it held. */
  hasEnded(uid: string): boolean {
    return this.#managed.get(uid)?.worker.released ?? true;
  }

  /** What a pod's volumes are made from has changed, or will soon be old. */
  refresh(uid: string): void {
    const managed = this.#managed.get(uid);
    if (managed) this.#refresh(managed.worker);
  }

  /** Whether there is, or is to be, anything of a pod. */
  has(uid: string): boolean {
    return this.#managed.has(uid) || this.#waiting.has(uid);
  }

  /** Pods that are to run, for the order of a shutdown. */
  pods(): Pod[] {
    return [...this.#managed.values()].filter(({ realm }) => realm !== undefined).map(({ worker }) => worker.pod);
  }

  /**
   * Removes the ended containers of pods that have finished, with their logs: the node needs the room. Answers how many are
   * gone; a runtime that does not answer in time is not waited for.
   */
  async removeDeadContainers(timeoutMs = 10_000): Promise<number> {
    const { clock, observer, store } = this.#options;
    const finished = this.#deadPods();
    if (finishedContainers(finished).size === 0) return 0;
    // how they ended is on the disk before the runtime forgets it
    await store.flush().catch(() => undefined);
    const ids = this.#givenUp.giveUp(finished);
    this.#kickAll();
    const left = () =>
      observer.uids().flatMap((uid) => observer.get(uid)?.containers ?? []).filter(({ id }) => ids.has(id)).length;
    await until(clock, () => left() === 0 || this.#stopped, timeoutMs);
    return ids.size - left();
  }

  /** Ends the given pods for a shutdown of the machine; resolves when they are quiet or `timeoutMs` is over. */
  async shutdown(
    pods: readonly { uid: string; graceSeconds: number }[],
    timeoutMs: number,
    verdict: Verdict,
  ): Promise<void> {
    const { clock } = this.#options;
    const workers: PodWorker[] = [];
    for (const { uid, graceSeconds } of pods) {
      const worker = this.#managed.get(uid)?.worker;
      worker?.shutdown(graceSeconds, verdict);
      if (worker) workers.push(worker);
    }
    await until(clock, () => workers.every((worker) => worker.quiet), timeoutMs);
  }

  /** The machine does not go down after all: what was ended for that runs again. */
  resume(): void {
    for (const { worker } of this.#managed.values()) worker.resume();
    this.#admit();
  }

  /** Pods that a change of `object` concerns look again: missing objects may be there, live volumes may be old. */
  #stored(event: StoreEvent<KubeObject>): void {
    const { object } = event;
    if (object.kind === "Pod") return this.#podStored(event as StoreEvent<Pod>);
    if (!referred.includes(object.kind)) return;
    for (const { worker, realm } of this.#managed.values()) {
      if (realm !== event.realm || !references(worker.pod, object)) continue;
      this.#refresh(worker);
    }
  }

  #refresh(worker: PodWorker): void {
    this.#options.refreshVolumes(worker.allocatedPod).catch((err) =>
      this.#options.log.debug("Cannot refresh volumes", { pod: worker.pod.metadata.name, err })
    ).finally(() => worker.retryNow());
  }

  #podStored({ type, realm, object, previous }: StoreEvent<Pod>): void {
    const uid = object.metadata.uid!;
    const managed = this.#managed.get(uid);
    switch (type) {
      case "ADDED":
        if (this.#options.isHere(object)) this.#add(realm, object);
        break;
      case "MODIFIED": {
        // the scheduler has just bound it
        if (!managed && previous && !this.#options.isHere(previous) && this.#options.isHere(object)) {
          this.#add(realm, object);
          return;
        }
        if (this.#waiting.has(uid)) this.#waiting.set(uid, { realm, pod: object });
        if (!managed) return;
        if (statusOnly(object, previous)) {
          // what it held is free for pods that were turned away
          if (isOver(object.status) && !isOver(previous?.status) && this.#gate.holdsBack) this.#admit();
          // somebody else's word: a readiness gate, a disruption
          if (object.status !== managed.worker.status) managed.worker.update(object);
          return;
        }
        const described = object.metadata.labels !== previous?.metadata.labels ||
          object.metadata.annotations !== previous?.metadata.annotations;
        managed.worker.update(object);
        if (managed.worker.wantsResize) this.#admit();
        if (described) this.#refresh(managed.worker);
        break;
      }
      case "DELETED":
        this.#waiting.delete(uid);
        managed?.worker.update(undefined);
        break;
    }
  }

  #deadPods(): DeadPod[] {
    const { observer, store } = this.#options;
    return [...this.#managed].flatMap(([uid, { realm, worker: { pod } }]) => {
      const observed = observer.get(uid);
      return observed && realm ? [{ observed, finished: isOver(currentStatus(store, realm, pod)) }] : [];
    });
  }

  /** Where the number of ended containers is limited, finds out which are too many. */
  #limitDead(): void {
    if (this.#givenUp.limit(() => this.#deadPods())) this.#kickAll();
  }

  #kickAll(): void {
    for (const { worker } of this.#managed.values()) worker.kick();
  }

  #observed(uid: string): void {
    this.#limitDead();
    const managed = this.#managed.get(uid);
    if (managed) return managed.worker.kick();
    const observed = this.#options.observer.get(uid);
    if (this.#stopped || !observed || observed.sandboxes.length + observed.containers.length === 0) return;
    const row = this.#options.store.list<Pod>("Pod").find(({ object }) => object.metadata.uid === uid);
    if (row) return this.#add(row.realm, row.object);
    const pod = this.#options.orphan(observed);
    this.#options.log.info("Removing a pod that nothing asks for any more", {
      pod: `${pod.metadata.namespace}/${pod.metadata.name}`,
      uid,
    });
    this.#work(undefined, pod).kick();
  }

  #add(realm: Realm, pod: Pod): void {
    const worker = this.#take(realm, pod);
    if (!worker) return;
    this.#admit();
    worker.kick();
  }

  /** Gives the pod a worker, which has not begun; none while another pod of its name is still there. */
  #take(realm: Realm, pod: Pod): PodWorker | undefined {
    const uid = pod.metadata.uid!;
    if (this.#stopped || this.#managed.has(uid)) return undefined;
    if (this.#holder(pod)) {
      this.#waiting.set(uid, { realm, pod });
      return undefined;
    }
    return this.#work(realm, pod);
  }

  #holder({ metadata: { namespace, name, uid } }: Pod): Managed | undefined {
    return [...this.#managed.values()].find(({ worker: { pod: { metadata } } }) =>
      metadata.namespace === namespace && metadata.name === name && metadata.uid !== uid
    );
  }

  #work(realm: Realm | undefined, pod: Pod): PodWorker {
    const worker = new PodWorker(pod, realm !== undefined, this.#workerDeps(realm));
    this.#managed.set(pod.metadata.uid!, { worker, realm, admitted: false, displaced: false });
    return worker;
  }

  /** Decides anew on all pods that want to run; a pod that was rejected for want of room gets another chance. */
  #admit(): void {
    const { observer, store } = this.#options;
    const open = [...this.#managed].filter(([, managed]) => {
      const { realm, worker: { pod } } = managed;
      if (realm === undefined) return false;
      const status = currentStatus(store, realm, pod);
      if (!isOver(status)) return true;
      // a pod of the API that was turned away or displaced has failed for good, as everywhere; a manifest is tried again
      if (!isFromFile(pod as StoreObject)) return false;
      managed.displaced = isDisplaced(status!);
      return managed.displaced || turnedAway(status!);
    });
    for (const [uid, managed] of open) {
      if (managed.displaced) continue;
      const observed = observer.get(uid);
      const present = (observed?.sandboxes.length ?? 0) + (observed?.containers.length ?? 0) > 0;
      // a pod on its way out holds what it has until it is gone
      managed.admitted ||= present || Boolean(managed.worker.pod.metadata.deletionTimestamp);
    }
    this.#gate.decide(open.map(([, managed]) => managed));
  }

  /** Its manifest makes the next incarnation. */
  #comeBack(pod: Pod): void {
    const { namespace, name, uid } = pod.metadata;
    const { store, log } = this.#options;
    const { realm } = this.#managed.get(uid!)!;
    log.info("There is room again for a pod that was displaced", { pod: `${namespace}/${name}` });
    store.markDeleted(realm!, "Pod", namespace!, name, { uid, gracePeriodSeconds: 0, evenIfUnwritable: true })
      .catch((err) => log.warn("Cannot bring back a pod that was displaced", { pod: `${namespace}/${name}`, err }));
  }

  #workerDeps(realm: Realm | undefined): WorkerDeps {
    const { store, observer, clock, log, execute, probes, hostIPs, runtimeName, maxBackoffMs } = this.#options;
    return {
      clock,
      log,
      execute,
      probes,
      hostIPs,
      runtimeName,
      maxBackoffMs,
      observed: (uid) => observer.get(uid),
      observe: (uid) => observer.observe(uid),
      publish: ({ metadata: { namespace, name, uid } }, status: PodStatus) => {
        if (realm) store.putStatus(realm, "Pod", namespace!, name, uid!, status);
      },
      gone: (uid) => this.#gone(uid),
      event: this.#event,
      resized: (pod) => {
        const worker = this.#managed.get(pod.metadata.uid!)?.worker;
        if (worker) this.#refresh(worker);
      },
      loadMemory: (uid) => this.#memories.load(uid),
      saveMemory: (uid, memory) => this.#memories.save(uid, memory),
      garbage: () => ({ ...this.#deadPolicy, excess: this.#givenUp.ids }),
    };
  }

  #gone(uid: string): void {
    const managed = this.#managed.get(uid);
    this.#managed.delete(uid);
    this.#gate.forget(uid);
    if (!managed || this.#stopped) return;
    const { metadata: { namespace, name } } = managed.worker.pod;
    // written while its remains were removed as nobody's: it begins anew
    const again = this.#options.store.list<Pod>("Pod", { namespace }).find(({ object }) => object.metadata.uid === uid);
    // ended, and held by a finalizer: nothing is left to do about it
    const held = again?.object.metadata.deletionTimestamp && again.object.metadata.finalizers?.length;
    if (again && !held) this.#take(again.realm, again.object);
    const next = [...this.#waiting.values()].find(({ pod: { metadata } }) =>
      metadata.namespace === namespace && metadata.name === name
    );
    if (next) {
      this.#waiting.delete(next.pod.metadata.uid!);
      this.#take(next.realm, next.pod);
    }
    this.#admit();
    for (const one of [again?.object, next?.pod]) {
      if (one) this.#managed.get(one.metadata.uid!)?.worker.kick();
    }
  }
}

function isOver(status: PodStatus | undefined): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** Whether only the status (and resourceVersion) differs. */
function statusOnly(object: Pod, previous: Pod | undefined): boolean {
  const a = object.metadata, b = previous?.metadata;
  return object.spec === previous?.spec && a.generation === b?.generation && a.labels === b?.labels &&
    a.annotations === b?.annotations && a.deletionTimestamp === b?.deletionTimestamp;
}

function currentStatus(store: Store, realm: Realm, { metadata: { namespace, name } }: Pod): PodStatus | undefined {
  return store.get<Pod>(realm, "Pod", namespace!, name)?.status;
}
