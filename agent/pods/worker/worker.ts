/**
 * One pod's worker: look, plan, act, publish, wait. Each is somebody else's: what is here is their order, and the pod.
 *
 *     store, admission, shutdown ─► Intents ───┐
 *     observations, probes ────────────────────┤                        ┌─► Operations ─► execute.ts
 *     CrashBook, Resizing, PodProgress ────────┼─► PodState ─► planPod ─┼─► podStatus
 *     what is under way and failed: Operations ┘                        └─► Announcements: events, log
 *
 * A plan is only ever made from an observation that began after the last operation ended, so that nothing is done
 * twice. Long operations (pulls, hooks, graceful kills) run beside each other; each end of one is a reason to look and
 * plan again.
 */
import type { Clock } from "../../clock.ts";
import type { Pod, PodStatus } from "../../objects/mod.ts";
import type { ObservedPod } from "../../observed/types.ts";
import { Rounds } from "../../rounds.ts";
import type { Logger } from "../../telemetry/log.ts";
import { type ActionNotes, actionNotes } from "../execute/action_notes.ts";
import { Announcements } from "./announcements.ts";
import { CrashBook } from "./crash_book.ts";
import type { Failure } from "../execute/failures.ts";
import { Intents, type Verdict } from "./intents.ts";
import { Operations } from "./operations.ts";
import { planPod } from "../plan/plan.ts";
import { isResized } from "../plan/plan_resize.ts";
import type { TellEvent } from "../pod_events.ts";
import type { PodMemory } from "./pod_memory.ts";
import { PodProgress } from "./progress.ts";
import { type InitialProbe, initialProbes, remembered } from "./remember.ts";
import { Resizing } from "./resizing.ts";
import { usableSandbox } from "../plan/standing.ts";
import { podStatus, turnedAway } from "../status/pod_status.ts";
import {
  type ContainerProbes,
  type GarbageRules,
  operationKey,
  type PodAction,
  type PodState,
  type ResizeRefusal,
} from "../types.ts";

/** What a worker needs of the rest of the agent. */
export interface WorkerDeps {
  clock: Clock;
  log: Logger;
  /** Performs one action; resolves when it has been done, rejects when not. */
  execute(pod: Pod, action: PodAction, signal: AbortSignal, notes: ActionNotes): Promise<void>;
  /** The pod as last observed, or undefined while the runtime is silent. */
  observed(uid: string): ObservedPod | undefined;
  /** A fresh look. */
  observe(uid: string): Promise<ObservedPod>;
  probes: {
    sync(
      pod: Pod,
      observed: ObservedPod,
      podIP: string | undefined,
      initial: ReadonlyMap<string, InitialProbe>,
      ending: boolean,
    ): void;
    results(uid: string): ReadonlyMap<string, ContainerProbes>;
    forget(uid: string): void;
  };
  /** Publishes the status of a pod that has a row. */
  publish(pod: Pod, status: PodStatus): void;
  /** The row's deletion at the very end of a pod; also for pods that never had one. */
  gone(uid: string): void;
  event: TellEvent;
  /** Live volumes may tell of the pod's amounts. */
  resized(pod: Pod): void;
  loadMemory(uid: string): PodMemory;
  saveMemory(uid: string, memory: PodMemory | undefined): void;
  /** The node's addresses, primary first. */
  hostIPs(): string[];
  /** `containerd`, for container IDs. */
  runtimeName(): string;
  /** Cap of CrashLoopBackOff, ms. */
  maxBackoffMs: number;
  /** Which ended containers are kept. */
  garbage(): Omit<GarbageRules, "wall">;
}

/** Between kills of a container that survives them. */
const killAgainMs = 1000;
/** Between looks that fail. */
const lookAgainMs = 1000;

export class PodWorker {
  #pod: Pod;
  readonly #deps: WorkerDeps;
  readonly #rounds: Rounds;
  readonly #intents: Intents;
  readonly #operations: Operations;
  readonly #crashes: CrashBook;
  readonly #resizing: Resizing;
  readonly #progress: PodProgress;
  readonly #announce: Announcements;
  readonly #initial: Map<string, InitialProbe>;
  #status: PodStatus;
  /** It may not begin yet. */
  #held = false;
  #stopped = false;

  constructor(pod: Pod, wanted: boolean, deps: WorkerDeps) {
    const { clock, event, maxBackoffMs } = deps;
    const { namespace, name, uid } = pod.metadata;
    const log = deps.log.with({ pod: `${namespace}/${name}` });
    const { crashes, inits, resizes, ...intents } = deps.loadMemory(uid!);
    this.#pod = pod;
    this.#deps = deps;
    this.#status = pod.status ?? {};
    this.#rounds = new Rounds({ name: "pod worker", round: () => this.#round(), clock, log });
    this.#intents = new Intents(clock, pod, wanted, intents);
    this.#operations = new Operations(clock);
    this.#crashes = new CrashBook(clock, maxBackoffMs, crashes);
    this.#resizing = new Resizing(pod, resizes, deps.observed(uid!));
    this.#progress = new PodProgress(inits);
    this.#announce = new Announcements(event, log);
    this.#initial = initialProbes(this.#status);
  }

  // What others ask of it

  get pod(): Pod {
    return this.#pod;
  }

  get #uid(): string {
    return this.#pod.metadata.uid!;
  }

  /** With the amounts that it was granted. */
  get allocatedPod(): Pod {
    return this.#resizing.effective(this.#pod);
  }

  /** It asks for other amounts than it was granted. */
  get wantsResize(): boolean {
    return this.#resizing.wanted(this.#pod);
  }

  /** As published last. */
  get status(): PodStatus {
    return this.#status;
  }

  /** Admission has turned it away, in this life of the agent or in an earlier one. */
  get turnedAway(): boolean {
    return turnedAway(this.#status);
  }

  /** The node ends it for its own sake, although it ran. */
  get displaced(): boolean {
    return this.#intents.displaced && !this.turnedAway;
  }

  /** Nothing of the pod runs or is on its way. */
  get quiet(): boolean {
    const observed = this.#deps.observed(this.#uid);
    return this.#operations.size === 0 && !!observed && !observed.containers.some(({ state }) => state === "running") &&
      !observed.sandboxes.some(({ ready }) => ready);
  }

  /** It has ended and holds nothing of the node any more but its logs. */
  get released(): boolean {
    return this.quiet && this.#progress.released;
  }

  // What wakes it

  /** Something may have changed: look and plan. */
  kick(): void {
    this.#rounds.wake();
  }

  /** What a failed operation waited for may be there now (a ConfigMap, an image): try at once. */
  retryNow(): void {
    this.#operations.retryNow();
    this.kick();
  }

  /** Latest wins: the pod as the store has it now, or undefined when its row was deleted by force. */
  update(pod: Pod | undefined): void {
    if (pod) {
      const { generation, deletionTimestamp } = this.#pod.metadata;
      this.#pod = pod;
      if (generation !== pod.metadata.generation || deletionTimestamp !== pod.metadata.deletionTimestamp) {
        this.retryNow();
      }
    } else if (this.#intents.wanted && !this.#operations.has("forget")) {
      this.#intents.force();
      this.#save();
    }
    this.kick();
  }

  /** The node ends the pod (rejected at admission, evicted), or takes a rejection back. */
  end(verdict: Verdict | undefined): void {
    // what has begun to end does not begin to run again, whatever becomes of the agent
    if (this.#intents.end(verdict)) this.#save();
    if (!verdict && this.turnedAway) {
      const { reason: _reason, message: _message, ...status } = this.#status;
      this.#status = { ...status, phase: "Pending" };
    }
    this.kick();
  }

  /** It waits, or no longer, for the room that others make for it. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    this.kick();
  }

  /** The node has room for what the pod asks for. */
  allocate(): void {
    if (!this.#resizing.allocate(this.#pod)) return;
    this.#save();
    this.#tellResize("Started");
    this.#deps.resized(this.allocatedPod);
    this.retryNow();
  }

  /** It has not, for now or ever. */
  postpone(refusal: ResizeRefusal): void {
    if (!this.#resizing.postpone(refusal)) return;
    const { reason, message } = refusal;
    this.#announce.resize(this.#pod, reason, this.#pod.metadata.generation ?? 0, message);
    this.kick();
  }

  /** The machine goes down: the pod ends within `graceSeconds`; its row stays, and, unless it is to run only once,
   * its place in the phase machine. */
  shutdown(graceSeconds: number, verdict: Verdict): void {
    this.#intents.shutdown(graceSeconds, verdict);
    this.kick();
  }

  /** The machine does not go down after all. */
  resume(): void {
    this.#intents.resume();
    this.kick();
  }

  /** Stops working, leaves the pod as it is. Resolves when operations under way have let go, or soon all the same. */
  async stop(): Promise<void> {
    this.#halt();
    await this.#operations.stop();
  }

  /** A look that the runtime does not answer is not waited for. */
  #halt(): void {
    this.#stopped = true;
    void this.#rounds.stop();
  }

  // A round

  /** Resolves to the monotonic ms at which the next is due even if nothing happens. */
  async #round(): Promise<number | undefined> {
    try {
      const observed = await this.#look();
      return this.#stopped ? undefined : this.#proceed(observed);
    } catch (err) {
      this.#announce.unseen(err);
      return this.#deps.clock.mono() + lookAgainMs;
    }
  }

  /** The pod as seen by a look that began after the last operation on the runtime ended; undefined while the runtime is silent. */
  async #look(): Promise<ObservedPod | undefined> {
    const uid = this.#uid;
    while (!this.#stopped) {
      const observed = this.#deps.observed(uid);
      if (!observed || this.#operations.isShownBy(observed)) return observed;
      await this.#operations.look(() => this.#deps.observe(uid));
    }
    return undefined;
  }

  /** Plans, acts and publishes. */
  #proceed(observed: ObservedPod | undefined): number | undefined {
    const state = this.#assess(observed);
    const runs = state.intent.type === "run";
    const plan = this.#held && runs ? { actions: [] } : planPod(state);
    for (const action of plan.actions) this.#act(action, state);
    // what has just been begun belongs into the status
    const after = plan.actions.length > 0 ? { ...state, operations: this.#operations.list() } : state;
    if (observed && !plan.actions.some(({ type }) => type === "forget")) this.#publish(after);
    const ends = runs ? [this.#intents.activeUntil(this.#pod, this.#status), this.#crashes.nextEnd(state.now)] : [];
    const next = [plan.nextAt, ...ends].filter((at) => at !== undefined);
    return next.length > 0 ? Math.min(...next) : undefined;
  }

  /** How the pod stands; what an observation shows for the first time is taken in. */
  #assess(observed: ObservedPod | undefined): PodState {
    const { clock, probes, garbage } = this.#deps;
    const now = clock.mono();
    const intent = this.#intents.of(this.#pod, this.#status);
    this.#announce.deadline(this.#pod, intent);
    if (observed) this.#digest(observed, now);
    const state: PodState = {
      now,
      intent,
      observed,
      operations: this.#operations.list(),
      retries: this.#operations.retries,
      backoff: this.#crashes.until,
      probes: new Map(),
      remembered: remembered(this.#status),
      ...this.#progress.of(intent),
      ...this.#resizing.of(this.#pod, observed),
      resize: {},
      garbage: { ...garbage(), wall: clock.now() },
    };
    if (observed) {
      if (isResized(state) && this.#resizing.complete()) {
        this.#save();
        this.#tellResize("Completed");
      }
      state.resize = this.#resizing.progress(this.#pod);
      if (this.#progress.noteInits(state)) this.#save();
      // before their results are read: what was published of adopted containers is among them
      this.#syncProbes(state, observed);
    }
    return { ...state, probes: probes.results(this.#uid) };
  }

  /** Crashes are counted, and what was known of something that is gone is forgotten. */
  #digest(observed: ObservedPod, now: number): void {
    if (this.#crashes.take(this.#pod, observed, now)) this.#save();
    for (const each of [this.#progress, this.#resizing, this.#announce, this.#operations]) each.digest(observed);
  }

  #syncProbes(state: PodState, observed: ObservedPod): void {
    const ip = state.pod.spec.hostNetwork ? this.#deps.hostIPs()[0] : usableSandbox(state)?.ips[0];
    const starting = new Set(
      state.operations.filter(({ type }) => type === "startContainer").map(({ container }) => container),
    );
    const settled = starting.size === 0
      ? observed
      : { ...observed, containers: observed.containers.filter(({ name }) => !starting.has(name)) };
    this.#deps.probes.sync(state.pod, settled, ip, this.#initial, state.intent.type !== "run");
  }

  #publish(state: PodState): void {
    const status = podStatus(state, {
      previous: this.#status,
      hostIPs: this.#deps.hostIPs(),
      runtimeName: this.#deps.runtimeName(),
      now: this.#deps.clock.now(),
      backoffSeconds: (id) => this.#crashes.seconds(id),
    });
    this.#announce.backOffs(state);
    this.#status = status;
    if (this.#intents.wanted) this.#deps.publish(state.pod, status);
  }

  // An action

  #act(action: PodAction, state: PodState): void {
    if (action.type === "cancel") return this.#operations.cancel(action.key, action.reason);
    this.#announce.begins(action, state, this.#operations.has(operationKey(action)));
    this.#progress.begun(action);
    // goes with the row, in one transaction
    if (action.type === "forget") this.#deps.saveMemory(this.#uid, undefined);
    const notes = actionNotes(state, () => this.#deps.hostIPs(), {
      wanted: this.#intents.wanted,
      event: (...told) => this.#deps.event(this.#pod, ...told),
      resized: (containerId, resources) => {
        this.#resizing.actuate(containerId, resources);
        this.#save();
      },
    });
    const { allocated } = this.#resizing;
    const even = notes.actuated === state.pod;
    this.#operations.begin(action, (signal) => this.#deps.execute(state.pod, action, signal, notes), {
      succeeded: () => {
        this.#resizing.done(action.type, allocated, even);
        this.#succeeded(action);
      },
      failed: (failure, isNew) => this.#failed(action, failure, isNew),
      ended: () => this.kick(),
    });
  }

  #succeeded(action: PodAction): void {
    this.#progress.done(action);
    // a runtime that still shows it running is not asked again at once
    if (action.type === "killContainer") this.#operations.holdBack(operationKey(action), killAgainMs);
    if (action.type === "forget") {
      this.#halt();
      this.#deps.probes.forget(this.#uid);
      this.#deps.gone(this.#uid);
    }
  }

  #failed(action: PodAction, failure: Failure, isNew: boolean): void {
    if (this.#stopped) return;
    if ((action.type === "resize" || action.type === "grow") && this.#resizing.fail(failure.message)) {
      this.#tellResize("Error", failure.message);
    }
    this.#announce.failed(this.#pod, action, failure, isNew);
  }

  #tellResize(step: "Started" | "Completed" | "Error", error?: string): void {
    const pod = this.allocatedPod;
    this.#announce.resize(pod, step, this.#resizing.generation ?? pod.metadata.generation ?? 0, error);
  }

  #save(): void {
    const { memory: resizes } = this.#resizing;
    this.#deps.saveMemory(this.#uid, {
      crashes: this.#crashes.records,
      inits: this.#progress.inits,
      ...(resizes ? { resizes } : {}),
      ...this.#intents.memory,
    });
  }
}
