/**
 * One pod's worker: look, plan, act, publish, wait. It owns the pod's operations and its small memory; the decisions
 * are plan.ts's, the deeds execute.ts's.
 *
 * A plan is only ever made from an observation that began after the last operation ended, so that nothing is done
 * twice. Long operations (pulls, hooks, graceful kills) run beside each other; each end of one is a reason to look and
 * plan again.
 */
import type { Clock } from "../clock.ts";
import { type Pod, podContainers, type PodStatus } from "../objects/mod.ts";
import type { ObservedPod } from "../observed/types.ts";
import type { EventType } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";
import type { ActionNotes } from "./action_notes.ts";
import { CrashBook } from "./crash_book.ts";
import { type Failure, inWords } from "./failures.ts";
import { noteCompletedInits } from "./completed_inits.ts";
import { Intents, type Verdict } from "./intents.ts";
import { Operations } from "./operations.ts";
import { planPod } from "./plan.ts";
import { isResized } from "./plan_resize.ts";
import type { PodMemory } from "./pod_memory.ts";
import { type InitialProbe, initialProbes, remembered } from "./remember.ts";
import { actuatedPod, type Allocation, resizeMessage, type ResizeRefusal, Resizing } from "./resizing.ts";
import { shouldRestart } from "./restart_policy.ts";
import { backoffUntil, usableSandbox } from "./standing.ts";
import { podStatus, podTitle, turnedAway } from "./status/pod_status.ts";
import { type ContainerProbes, type GarbageRules, operationKey, type PodAction, type PodState } from "./types.ts";

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
  event(pod: Pod, container: string | undefined, type: EventType, reason: string, message: string): void;
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

export class PodWorker {
  #pod: Pod;
  readonly #deps: WorkerDeps;
  readonly #log: Logger;
  /** false: the store has no row for it (any more). */
  #wanted: boolean;
  #verdict: Verdict | undefined;
  /** It may not begin yet. */
  #held = false;
  readonly #intents: Intents;
  readonly #operations: Operations;
  readonly #crashes: CrashBook;
  readonly #resizing: Resizing;
  #forced: boolean;
  #backoffTold = new Set<string>();
  #deadlineTold = false;
  #restartWanted = new Set<string>();
  #stoppedSandboxes = new Set<string>();
  #inits: Map<string, string>;
  #prepared = false;
  #released: "no" | "logs kept" | "all" = "no";
  #dirty = false;
  #running = false;
  #stopped = false;
  #cancelTimer = () => {};
  #status: PodStatus;
  readonly #initial: Map<string, InitialProbe>;

  constructor(pod: Pod, wanted: boolean, deps: WorkerDeps) {
    this.#pod = pod;
    this.#wanted = wanted;
    this.#deps = deps;
    this.#status = pod.status ?? {};
    this.#operations = new Operations(deps.clock);
    this.#log = deps.log.with({ pod: `${pod.metadata.namespace}/${pod.metadata.name}` });
    const uid = pod.metadata.uid!;
    const { crashes, inits, forced = false, resizes, ended } = deps.loadMemory(uid);
    this.#verdict = ended;
    this.#resizing = new Resizing(pod, resizes, deps.observed(uid));
    this.#crashes = new CrashBook(deps.clock, deps.maxBackoffMs, crashes);
    this.#inits = new Map(Object.entries(inits));
    this.#intents = new Intents(deps.clock, pod);
    this.#forced = forced;
    if (forced) this.#intents.force();
    this.#initial = initialProbes(this.#status);
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** With the amounts that it was granted. */
  get allocatedPod(): Pod {
    return this.#resizing.effective(this.#pod);
  }

  /** It asks for other amounts than it was granted. */
  get wantsResize(): boolean {
    return this.#resizing.wanted(this.#pod);
  }

  /** The node has room for what the pod asks for. */
  allocate(): void {
    if (!this.#resizing.allocate(this.#pod)) return;
    this.#save();
    this.#tellResize("Normal", "ResizeStarted", "Pod resize started");
    this.#deps.resized(this.allocatedPod);
    this.retryNow();
  }

  /** It has not, for now or ever. */
  postpone(refusal: ResizeRefusal): void {
    if (!this.#resizing.postpone(refusal)) return;
    const { reason, message } = refusal;
    const { generation = 0 } = this.#pod.metadata;
    const told = resizeMessage(`Pod resize ${reason}`, this.#pod, generation, message);
    this.#deps.event(this.#pod, undefined, "Warning", `Resize${reason}`, told);
    this.kick();
  }

  /** As published last. */
  get status(): PodStatus {
    return this.#status;
  }

  /** Admission has turned it away, in this life of the agent or in an earlier one. */
  get turnedAway(): boolean {
    return turnedAway(this.#status);
  }

  /** Latest wins: the pod as the store has it now, or undefined when its row was deleted by force. */
  update(pod: Pod | undefined): void {
    if (pod) {
      const inputs = pod.metadata.generation !== this.#pod.metadata.generation ||
        pod.metadata.deletionTimestamp !== this.#pod.metadata.deletionTimestamp;
      this.#pod = pod;
      if (inputs) this.retryNow();
    } else if (this.#wanted && !this.#operations.has("forget")) {
      this.#wanted = false;
      this.#forced = true;
      this.#intents.force();
      this.#save();
    }
    this.kick();
  }

  /** The node ends the pod (rejected at admission, evicted), or takes a rejection back. */
  end(verdict: Verdict | undefined): void {
    const kept = this.#verdict?.disruption ?? verdict?.disruption;
    this.#verdict = verdict;
    this.#intents.renew();
    // what has begun to end does not begin to run again, whatever becomes of the agent
    if (kept !== undefined) this.#save();
    if (!verdict && turnedAway(this.#status)) {
      const { reason: _reason, message: _message, ...status } = this.#status;
      this.#status = { ...status, phase: "Pending" };
    }
    this.kick();
  }

  /** The node ends it for its own sake, although it ran. */
  get displaced(): boolean {
    return this.#verdict?.disruption !== undefined && !this.turnedAway;
  }

  /** It waits, or no longer, for the room that others make for it. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
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

  /** Whether anything of the pod runs or is on its way. */
  get quiet(): boolean {
    const observed = this.#deps.observed(this.#pod.metadata.uid!);
    return this.#operations.size === 0 && !!observed && !observed.containers.some(({ state }) => state === "running") &&
      !observed.sandboxes.some(({ ready }) => ready);
  }

  /** Whether it has ended and holds nothing of the node any more but its logs. */
  get released(): boolean {
    return this.quiet && this.#released !== "no";
  }

  /** What a failed operation waited for may be there now (a ConfigMap, an image): try at once. */
  retryNow(): void {
    this.#operations.retryNow();
    this.kick();
  }

  /** Something may have changed: look and plan. */
  kick(): void {
    this.#dirty = true;
    if (!this.#running && !this.#stopped) void this.#run();
  }

  /** Stops working, leaves the pod as it is. Resolves when operations under way have let go, or soon all the same. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#operations.stop();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#dirty && !this.#stopped) {
        this.#dirty = false;
        try {
          await this.#turn();
        } catch (err) {
          this.#log.debug("Cannot look at the pod", { err });
          this.#wake(this.#deps.clock.mono() + 1000);
        }
      }
    } finally {
      this.#running = false;
    }
  }

  async #turn(): Promise<void> {
    const { clock } = this.#deps;
    const observed = await this.#look();
    if (this.#stopped) return;
    const state = this.#state(observed);
    const plan = this.#held && state.intent.type === "run" ? { actions: [] } : planPod(state);
    for (const action of plan.actions) this.#act(action, state);
    // what has just been begun belongs into the status
    const after = plan.actions.length > 0 ? { ...state, operations: this.#operations.list() } : state;
    if (observed && !plan.actions.some(({ type }) => type === "forget")) this.#publish(after);
    const wakes = [plan.nextAt];
    if (state.intent.type === "run") {
      wakes.push(this.#intents.activeUntil(this.#pod, this.#status), this.#crashes.nextEnd(state.now));
    }
    const next = wakes.filter((at) => at !== undefined);
    if (next.length > 0) this.#wake(Math.max(Math.min(...next), clock.mono() + 1));
  }

  /** The pod as seen by a look that began after the last operation on the runtime ended; undefined while the runtime is silent. */
  async #look(): Promise<ObservedPod | undefined> {
    const uid = this.#pod.metadata.uid!;
    while (!this.#stopped) {
      const observed = this.#deps.observed(uid);
      if (!observed || this.#operations.isShownBy(observed)) return observed;
      await this.#operations.look(() => this.#deps.observe(uid));
    }
    return undefined;
  }

  #wake(at: number): void {
    this.#cancelTimer();
    if (!this.#stopped) this.#cancelTimer = this.#deps.clock.after(at - this.#deps.clock.mono(), () => this.kick());
  }

  #state(observed: ObservedPod | undefined): PodState {
    const now = this.#deps.clock.mono();
    const uid = this.#pod.metadata.uid!;
    const intent = this.#intents.of({
      pod: this.#pod,
      wanted: this.#wanted,
      verdict: this.#verdict,
      status: this.#status,
    });
    if (intent.type === "finish" && intent.reason === "DeadlineExceeded" && !this.#deadlineTold) {
      this.#deadlineTold = true;
      this.#deps.event(this.#pod, undefined, "Normal", intent.reason, intent.message);
    }
    if (observed) this.#digest(observed, now);
    const pod = this.allocatedPod;
    const actuated = observed ? this.#resizing.actuated(this.#pod, observed) : new Map();
    const state: PodState = {
      pod,
      now,
      intent,
      observed,
      operations: this.#operations.list(),
      prepared: this.#prepared,
      released: intent.type === "delete" ? this.#released === "all" : this.#released !== "no",
      retries: this.#operations.retries,
      backoff: this.#crashes.until,
      probes: new Map(),
      restartWanted: this.#restartWanted,
      stoppedSandboxes: this.#stoppedSandboxes,
      completedInits: this.#inits,
      remembered: remembered(this.#status),
      actuated,
      grown: this.#resizing.grown,
      settled: this.#resizing.settled,
      resize: {},
      garbage: { ...this.#deps.garbage(), wall: this.#deps.clock.now() },
    };
    if (observed) {
      if (isResized(state) && this.#resizing.complete()) {
        this.#save();
        this.#tellResize("Normal", "ResizeCompleted", "Pod resize completed");
      }
      state.resize = this.#resizing.progress(this.#pod);
      if (noteCompletedInits(state, this.#inits)) this.#save();
      // before their results are read: what was published of adopted containers is among them
      this.#syncProbes(state, observed);
    }
    return { ...state, probes: this.#deps.probes.results(uid) };
  }

  /** Takes in what an observation shows: crashes to count, and which memories are of something that is gone. */
  #digest(observed: ObservedPod, now: number): void {
    if (this.#crashes.take(this.#pod, observed, now)) this.#save();
    const ids = new Set([...observed.containers, ...observed.sandboxes].map(({ id }) => id));
    for (const set of [this.#restartWanted, this.#stoppedSandboxes, this.#backoffTold]) {
      for (const id of set) if (!ids.has(id)) set.delete(id);
    }
    this.#operations.digest(observed);
  }

  #save(): void {
    const inits = Object.fromEntries(this.#inits);
    this.#deps.saveMemory(this.#pod.metadata.uid!, {
      crashes: this.#crashes.records,
      inits,
      ...(this.#resizing.memory ? { resizes: this.#resizing.memory } : {}),
      ...(this.#forced ? { forced: true } : {}),
      ...(this.#verdict?.disruption === undefined ? {} : { ended: this.#verdict }),
    });
  }

  #act(action: PodAction, state: PodState): void {
    if (action.type === "cancel") return this.#operations.cancel(action.key, action.reason);
    const overtakes = this.#operations.has(operationKey(action));
    this.#log.debug("Acting", { ...action });
    this.#begun(action);
    const sandbox = usableSandbox(state);
    const notes: ActionNotes = {
      event: (container, type, reason, message) => this.#deps.event(this.#pod, container, type, reason, message),
      sandbox,
      wanted: this.#wanted,
      actuated: actuatedPod(
        state.pod,
        state.observed?.containers.filter((seen) => seen.state === "running") ?? [],
        state.actuated,
      ),
      resized: (containerId, resources) => {
        this.#resizing.actuate(containerId, resources);
        this.#save();
      },
      containerIds: new Map(
        state.observed?.containers.filter(({ sandboxId }) => sandboxId === sandbox?.id).reverse()
          .map(({ name, id }) => [name, id]),
      ),
      podIPs: this.#pod.spec.hostNetwork ? this.#deps.hostIPs() : sandbox?.ips ?? [],
    };
    if (action.type === "createSandbox" && state.observed!.sandboxes.length > 0) {
      notes.event(undefined, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    }
    if (action.type === "killContainer" && !overtakes) notes.event(action.name, "Normal", "Killing", action.message);
    const { allocated } = this.#resizing;
    const even = notes.actuated === state.pod;
    this.#operations.begin(action, (signal) => this.#deps.execute(state.pod, action, signal, notes), {
      succeeded: () => this.#succeeded(action, allocated, even),
      failed: (failure, isNew) => this.#failed(action, failure, isNew),
      ended: () => this.kick(),
    });
  }

  /** What holds from the beginning of an action on, whatever becomes of its answer. */
  #begun(action: PodAction): void {
    if (action.type === "prepare") this.#released = "no";
    if (action.type === "release") this.#prepared = false;
    if (action.type === "killContainer" && action.restart) this.#restartWanted.add(action.containerId);
    // goes with the row, in one transaction
    if (action.type === "forget") this.#deps.saveMemory(this.#pod.metadata.uid!, undefined);
  }

  /** `allocated` is what the pod was granted when the action began; `even`: its running containers had just that. */
  #succeeded(action: PodAction, allocated: Allocation | undefined, even: boolean): void {
    switch (action.type) {
      case "prepare":
        this.#prepared = true;
        this.#resizing.cgroupIs(even ? "settled" : "grown", allocated);
        break;
      case "grow":
        this.#resizing.cgroupIs("grown", allocated);
        break;
      case "resize":
        this.#resizing.cgroupIs("settled", allocated);
        this.#resizing.fail(undefined);
        break;
      case "stopSandbox":
        this.#stoppedSandboxes.add(action.sandboxId);
        break;
      case "killContainer":
        // a runtime that still shows it running is not asked again at once
        this.#operations.holdBack(operationKey(action), killAgainMs);
        break;
      case "release":
        this.#released = action.logs ? "all" : "logs kept";
        break;
      case "forget":
        this.#stopped = true;
        this.#cancelTimer();
        this.#deps.probes.forget(this.#pod.metadata.uid!);
        this.#deps.gone(this.#pod.metadata.uid!);
        break;
    }
  }

  #failed(action: PodAction, failure: Failure, isNew: boolean): void {
    if (this.#stopped) return;
    if (failure.event) {
      this.#deps.event(
        this.#pod,
        "name" in action ? action.name : undefined,
        "Warning",
        failure.event,
        failure.eventMessage,
      );
    }
    if ((action.type === "resize" || action.type === "grow") && this.#resizing.fail(failure.message)) {
      this.#tellResize("Warning", "ResizeError", "Pod resize error", failure.message);
    }
    this.#log[isNew ? "warn" : "debug"](`Cannot ${inWords[action.type]}; trying again`, {
      ...("name" in action ? { container: action.name } : {}),
      reason: failure.reason,
      err: failure.message,
    });
  }

  #publish(state: PodState): void {
    const { pod } = state;
    const status = podStatus(state, {
      previous: this.#status,
      hostIPs: this.#deps.hostIPs(),
      runtimeName: this.#deps.runtimeName(),
      now: this.#deps.clock.now(),
      backoffSeconds: (id) => this.#crashes.seconds(id),
    });
    this.#tellBackoff(state);
    this.#status = status;
    if (this.#wanted) this.#deps.publish(pod, status);
  }

  #tellResize(type: EventType, reason: string, words: string, error?: string): void {
    const pod = this.allocatedPod;
    const { generation = pod.metadata.generation ?? 0 } = this.#resizing;
    this.#deps.event(pod, undefined, type, reason, resizeMessage(words, pod, generation, error));
  }

  #tellBackoff(state: PodState): void {
    if (state.intent.type !== "run") return;
    for (const { container } of podContainers(state.pod)) {
      const newest = state.observed!.containers.find(({ name }) => name === container.name);
      if (backoffUntil(state, container, newest) === undefined || this.#backoffTold.has(newest!.id)) continue;
      if (!shouldRestart(state.pod, container, newest!.exitCode)) continue;
      this.#backoffTold.add(newest!.id);
      this.#deps.event(
        state.pod,
        container.name,
        "Warning",
        "BackOff",
        `Back-off restarting failed container ${container.name} in pod ${podTitle(state.pod)}`,
      );
    }
  }

  #syncProbes(state: PodState, observed: ObservedPod): void {
    const ip = state.pod.spec.hostNetwork ? this.#deps.hostIPs()[0] : usableSandbox(state)?.ips[0];
    const starting = new Set(
      this.#operations.list().filter(({ type }) => type === "startContainer").map(({ container }) => container),
    );
    const settled = starting.size === 0
      ? observed
      : { ...observed, containers: observed.containers.filter(({ name }) => !starting.has(name)) };
    this.#deps.probes.sync(state.pod, settled, ip, this.#initial, state.intent.type !== "run");
  }
}
