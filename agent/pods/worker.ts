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
import { hashAnnotation } from "../runtime/labels.ts";
import type { EventType } from "../telemetry/events.ts";
import { errorText, type Logger } from "../telemetry/log.ts";
import { countCrash, crashDelay, type CrashRecord, restartAt, retryDelay } from "./backoff.ts";
import { describeFailure } from "./failures.ts";
import { gracePeriodSeconds, outcome, planPod, usableSandbox } from "./plan.ts";
import { shouldRestart } from "./restart_policy.ts";
import { podStatus, podTitle, turnedAway } from "./status/pod_status.ts";
import {
  type ContainerProbes,
  type Intent,
  type Operation,
  operationKey,
  type PodAction,
  type PodState,
  type Remembered,
  type Retry,
} from "./types.ts";

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
  loadCrashes(uid: string): Record<string, CrashRecord>;
  saveCrashes(uid: string, crashes: Record<string, CrashRecord> | undefined): void;
  /** The node's addresses, primary first. */
  hostIPs(): string[];
  /** `containerd`, for container IDs. */
  runtimeName(): string;
  /** Cap of CrashLoopBackOff, ms. */
  maxBackoffMs: number;
}

/** Readiness kept from before a restart of the agent. */
export interface InitialProbe {
  containerId: string;
  ready: boolean;
  started: boolean;
}

/** What an action tells its worker besides its end. */
export interface ActionNotes {
  event(container: string | undefined, type: EventType, reason: string, message: string): void;
  /** The sandbox to start containers in. */
  sandboxId: string | undefined;
  podIPs: string[];
}

/** Why the node itself ends a pod. */
export interface Verdict {
  reason: string;
  message: string;
}

export class PodWorker {
  #pod: Pod;
  readonly #deps: WorkerDeps;
  readonly #log: Logger;
  /** false: the store has no row for it (any more). */
  #wanted: boolean;
  #verdict: Verdict | undefined;
  #shutdownDeadline: number | undefined;
  #finishDeadline: number | undefined;
  #deleteDeadline: number | undefined;
  #operations = new Map<string, Operation & { abort: AbortController }>();
  #retries = new Map<string, Retry>();
  #crashes: Record<string, CrashRecord>;
  #backoff = new Map<string, number>();
  #backoffTold = new Set<string>();
  #restartWanted = new Set<string>();
  #stoppedSandboxes = new Set<string>();
  #initializedSandbox: string | undefined;
  #prepared = false;
  #released = false;
  #lastActionEnd = -1;
  #startedMono: number | undefined;
  #dirty = false;
  #running = false;
  #stopped = false;
  #cancelTimer = () => {};
  #status: PodStatus;
  #initial: Map<string, InitialProbe>;
  #ended: Promise<void> = Promise.resolve();

  constructor(pod: Pod, wanted: boolean, deps: WorkerDeps) {
    this.#pod = pod;
    this.#wanted = wanted;
    this.#deps = deps;
    this.#status = pod.status ?? {};
    this.#log = deps.log.with({ pod: `${pod.metadata.namespace}/${pod.metadata.name}` });
    this.#crashes = deps.loadCrashes(pod.metadata.uid!);
    this.#initial = initialProbes(this.#status);
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** Latest wins: the pod as the store has it now, or undefined when its row is gone. */
  update(pod: Pod | undefined): void {
    if (pod) {
      const inputs = pod.metadata.generation !== this.#pod.metadata.generation ||
        pod.metadata.deletionTimestamp !== this.#pod.metadata.deletionTimestamp;
      this.#pod = pod;
      if (inputs) this.retryNow();
    } else {
      this.#wanted = false;
    }
    this.kick();
  }

  /** The node ends the pod (rejected at admission, evicted), or takes a rejection back. */
  end(verdict: Verdict | undefined): void {
    this.#verdict = verdict;
    this.#finishDeadline = undefined;
    if (!verdict && turnedAway(this.#status)) {
      const { reason: _reason, message: _message, ...status } = this.#status;
      this.#status = { ...status, phase: "Pending" };
      this.#released = false;
    }
    this.kick();
  }

  /** The machine goes down: the pod ends within `graceSeconds`; its row and its place in the phase machine stay. */
  shutdown(graceSeconds: number): void {
    this.#shutdownDeadline = this.#deps.clock.mono() + graceSeconds * 1000;
    this.kick();
  }

  /** Whether anything of the pod runs or is on its way. */
  get quiet(): boolean {
    const observed = this.#deps.observed(this.#pod.metadata.uid!);
    return this.#operations.size === 0 && !!observed && !observed.containers.some(({ state }) => state === "running") &&
      !observed.sandboxes.some(({ ready }) => ready);
  }

  /** What a failed operation waited for may be there now (a ConfigMap, an image): try at once. */
  retryNow(): void {
    for (const retry of this.#retries.values()) retry.at = this.#deps.clock.mono();
    this.kick();
  }

  /** Something may have changed: look and plan. */
  kick(): void {
    this.#dirty = true;
    if (!this.#running && !this.#stopped) this.#ended = this.#run();
  }

  /** Stops working, leaves the pod as it is. Resolves when no operation is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    for (const operation of this.#operations.values()) operation.abort.abort(new Error("the agent stops"));
    await this.#ended;
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
    const uid = this.#pod.metadata.uid!;
    let observed = this.#deps.observed(uid);
    if (observed && observed.observedAt < this.#lastActionEnd) observed = await this.#deps.observe(uid);
    if (this.#stopped) return;
    const state = this.#state(observed);
    const plan = planPod(state);
    for (const action of plan.actions) this.#act(action, state);
    // what has just been begun belongs into the status
    const after = plan.actions.length > 0 ? { ...state, operations: [...this.#operations.values()] } : state;
    if (observed && !plan.actions.some(({ type }) => type === "forget")) {
      this.#publish(after);
      this.#syncProbes(after, observed);
    }
    const wakes = [plan.nextAt, this.#deadlineAt(), this.#nextBackoff(state)].filter((at) => at !== undefined);
    if (wakes.length > 0) this.#wake(Math.max(Math.min(...wakes), clock.mono() + 1));
  }

  #wake(at: number): void {
    this.#cancelTimer();
    if (!this.#stopped) this.#cancelTimer = this.#deps.clock.after(at - this.#deps.clock.mono(), () => this.kick());
  }

  #nextBackoff({ now }: PodState): number | undefined {
    const open = [...this.#backoff.values()].filter((at) => at > now);
    return open.length > 0 ? Math.min(...open) : undefined;
  }

  #state(observed: ObservedPod | undefined): PodState {
    const now = this.#deps.clock.mono();
    if (observed) this.#digest(observed, now);
    const base: PodState = {
      pod: this.#pod,
      now,
      intent: { type: "run" },
      observed,
      operations: [...this.#operations.values()],
      prepared: this.#prepared,
      released: this.#released,
      retries: this.#retries,
      backoff: this.#backoff,
      probes: this.#deps.probes.results(this.#pod.metadata.uid!),
      restartWanted: this.#restartWanted,
      stoppedSandboxes: this.#stoppedSandboxes,
      initializedSandbox: this.#initializedSandbox,
      remembered: remembered(this.#status),
    };
    return { ...base, intent: this.#intent(now) };
  }

  #intent(now: number): Intent {
    const { metadata, spec } = this.#pod;
    const grace = gracePeriodSeconds(this.#pod);
    if (!this.#wanted || metadata.deletionTimestamp) {
      const seconds = metadata.deletionGracePeriodSeconds ?? grace;
      const passed = metadata.deletionTimestamp
        ? clamp(this.#deps.clock.now() - (Date.parse(metadata.deletionTimestamp) - seconds * 1000), 0, seconds * 1000)
        : 0;
      this.#deleteDeadline = Math.min(this.#deleteDeadline ?? Infinity, now + seconds * 1000 - passed);
      return { type: "delete", deadline: this.#deleteDeadline, message: "the pod is deleted" };
    }
    const finish = (reason: string, message: string): Intent => {
      this.#finishDeadline ??= now + grace * 1000;
      return { type: "finish", deadline: this.#finishDeadline, reason, message };
    };
    if (this.#verdict) return finish(this.#verdict.reason, this.#verdict.message);
    if (this.#status.phase === "Succeeded" || this.#status.phase === "Failed") return finish("", "Pod has completed");
    if (this.#shutdownDeadline !== undefined) {
      return {
        type: "finish",
        deadline: this.#shutdownDeadline,
        reason: "",
        message: "the node shuts down",
        forNow: true,
      };
    }
    const deadline = this.#deadlineAt();
    if (spec.activeDeadlineSeconds && deadline !== undefined && deadline <= now) {
      return finish("DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
    }
    return { type: "run" };
  }

  /** Monotonic ms at which activeDeadlineSeconds have passed since startTime. */
  #deadlineAt(): number | undefined {
    const seconds = this.#pod.spec.activeDeadlineSeconds;
    if (!seconds || !this.#status.startTime) return undefined;
    const { clock } = this.#deps;
    this.#startedMono ??= clock.mono() - clamp(clock.now() - Date.parse(this.#status.startTime), 0, seconds * 1000);
    return this.#startedMono + seconds * 1000;
  }

  /** Takes in what an observation shows: crashes to count, an initialized sandbox. */
  #digest(observed: ObservedPod, mono: number): void {
    const { clock, maxBackoffMs } = this.#deps;
    const pod = this.#pod;
    let counted = false;
    for (const { container } of podContainers(pod)) {
      const newest = observed.containers.find(({ name }) => name === container.name);
      if (newest?.state !== "exited" || newest.finishedAt === 0 || this.#backoff.has(newest.id)) continue;
      const before = this.#crashes[container.name];
      const record = countCrash(before, newest, newest.annotations[hashAnnotation] ?? "");
      if (record !== before) {
        this.#crashes[container.name] = record;
        counted ||= shouldRestart(pod, container, newest.exitCode);
      }
      this.#backoff.set(newest.id, restartAt(record, maxBackoffMs, clock.now(), mono));
    }
    if (counted) this.#deps.saveCrashes(pod.metadata.uid!, this.#crashes);
    for (const id of this.#backoff.keys()) {
      if (!observed.containers.some((container) => container.id === id)) this.#backoff.delete(id);
    }
  }

  #act(action: PodAction, state: PodState): void {
    if (action.type === "cancel") {
      const operation = this.#operations.get(action.key);
      if (operation && !operation.canceled) {
        operation.canceled = true;
        operation.abort.abort(new Error(action.reason));
      }
      return;
    }
    const key = operationKey(action);
    const under = this.#operations.get(key);
    under?.abort.abort(new Error("overtaken"));
    const operation = {
      key,
      type: action.type,
      canceled: false,
      abort: new AbortController(),
      ...("name" in action ? { container: action.name } : {}),
      ...("containerId" in action ? { containerId: action.containerId } : {}),
      ...(action.type === "killContainer" ? { deadline: action.deadline } : {}),
    };
    this.#operations.set(key, operation);
    this.#log.debug("Acting", { ...action });
    const sandbox = usableSandbox(state);
    const notes: ActionNotes = {
      event: (container, type, reason, message) => this.#deps.event(this.#pod, container, type, reason, message),
      sandboxId: sandbox?.id,
      podIPs: this.#pod.spec.hostNetwork ? this.#deps.hostIPs() : sandbox?.ips ?? [],
    };
    if (action.type === "createSandbox" && state.observed!.sandboxes.length > 0) {
      notes.event(undefined, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    }
    if (action.type === "killContainer" && !under) notes.event(action.name, "Normal", "Killing", action.message);
    this.#deps.execute(this.#pod, action, operation.abort.signal, notes).then(
      () => this.#succeeded(key, action),
      (err) => this.#failed(key, action, operation.canceled || this.#operations.get(key) !== operation, err),
    ).finally(() => {
      if (this.#operations.get(key) === operation) this.#operations.delete(key);
      this.#lastActionEnd = this.#deps.clock.mono();
      this.kick();
    });
  }

  #succeeded(key: string, action: PodAction): void {
    this.#retries.delete(key);
    switch (action.type) {
      case "prepare":
        this.#prepared = true;
        break;
      case "createSandbox":
        this.#initializedSandbox = undefined;
        break;
      case "stopSandbox":
        this.#stoppedSandboxes.add(action.sandboxId);
        break;
      case "killContainer":
        if (action.restart) this.#restartWanted.add(action.containerId);
        break;
      case "release":
        this.#released = true;
        this.#prepared = false;
        break;
      case "forget":
        this.#stopped = true;
        this.#cancelTimer();
        this.#deps.probes.forget(this.#pod.metadata.uid!);
        this.#deps.saveCrashes(this.#pod.metadata.uid!, undefined);
        this.#deps.gone(this.#pod.metadata.uid!);
        break;
    }
  }

  #failed(key: string, action: PodAction, canceled: boolean, err: unknown): void {
    if (canceled || this.#stopped) return;
    const failure = describeFailure(action, err);
    const count = (this.#retries.get(key)?.count ?? 0) + 1;
    const wait = failure.retryAfterMs ?? retryDelay(count);
    this.#retries.set(key, {
      at: this.#deps.clock.mono() + wait,
      count,
      reason: failure.reason,
      message: failure.message,
    });
    if (failure.event) {
      this.#deps.event(
        this.#pod,
        "name" in action ? action.name : undefined,
        "Warning",
        failure.event,
        failure.eventMessage,
      );
    }
    this.#log.info(`Cannot do ${action.type}`, {
      ...("name" in action ? { container: action.name } : {}),
      reason: failure.reason,
      err: errorText(err),
    });
  }

  #publish(state: PodState): void {
    const { pod } = state;
    const status = podStatus(state, {
      previous: this.#status,
      hostIPs: this.#deps.hostIPs(),
      runtimeName: this.#deps.runtimeName(),
      now: this.#deps.clock.now(),
      backoffSeconds: (id) => this.#backoffSeconds(id),
    });
    this.#tellBackoff(state);
    this.#status = status;
    if (outcome(state) === "open" && usableSandbox(state)) this.#noteInitialized(state);
    if (this.#wanted) this.#deps.publish(pod, status);
  }

  /** Once containers run in a sandbox, its init containers are not run again even if their records vanish. */
  #noteInitialized(state: PodState): void {
    const sandbox = usableSandbox(state)!;
    const regular = new Set(state.pod.spec.containers.map(({ name }) => name));
    if (state.observed!.containers.some(({ name, sandboxId }) => sandboxId === sandbox.id && regular.has(name))) {
      this.#initializedSandbox = sandbox.id;
    }
  }

  #backoffSeconds(containerId: string): number {
    const record = Object.values(this.#crashes).find((crash) => crash.containerId === containerId);
    return record ? crashDelay(record.level, this.#deps.maxBackoffMs) / 1000 : 0;
  }

  #tellBackoff(state: PodState): void {
    for (const [id, at] of this.#backoff) {
      if (at <= state.now || this.#backoffTold.has(id) || state.intent.type !== "run") continue;
      const ended = state.observed?.containers.find((container) => container.id === id);
      const container = ended &&
        podContainers(state.pod).find(({ container }) => container.name === ended.name)?.container;
      if (!container || !shouldRestart(state.pod, container, ended.exitCode)) continue;
      this.#backoffTold.add(id);
      this.#deps.event(
        state.pod,
        container.name,
        "Warning",
        "BackOff",
        `Back-off restarting failed container ${container.name} in pod ${podTitle(state.pod)}`,
      );
    }
    for (const id of this.#backoffTold) if (!this.#backoff.has(id)) this.#backoffTold.delete(id);
  }

  #syncProbes(state: PodState, observed: ObservedPod): void {
    const ip = state.pod.spec.hostNetwork ? this.#deps.hostIPs()[0] : usableSandbox(state)?.ips[0];
    const starting = new Set(
      [...this.#operations.values()].filter(({ type }) => type === "startContainer").map(({ container }) => container),
    );
    const settled = starting.size === 0
      ? observed
      : { ...observed, containers: observed.containers.filter(({ name }) => !starting.has(name)) };
    this.#deps.probes.sync(state.pod, settled, ip, this.#initial, state.intent.type !== "run");
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function idOf(containerID: string | undefined): string {
  return containerID?.replace(/^[^:]*:\/\//, "") ?? "";
}

function remembered(status: PodStatus): Map<string, Remembered> {
  const result = new Map<string, Remembered>();
  for (const container of [...status.initContainerStatuses ?? [], ...status.containerStatuses ?? []]) {
    if (!container.containerID) continue;
    const terminated = container.state?.terminated;
    result.set(container.name, {
      restartCount: container.restartCount,
      containerId: idOf(container.containerID),
      ...(terminated ? { exitCode: terminated.exitCode } : {}),
    });
  }
  return result;
}

function initialProbes(status: PodStatus): Map<string, InitialProbe> {
  const result = new Map<string, InitialProbe>();
  for (const container of [...status.initContainerStatuses ?? [], ...status.containerStatuses ?? []]) {
    if (container.containerID && container.state?.running) {
      result.set(container.name, {
        containerId: idOf(container.containerID),
        ready: container.ready,
        started: container.started ?? false,
      });
    }
  }
  return result;
}
