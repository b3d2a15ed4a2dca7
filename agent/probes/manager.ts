/**
 * Probes of all pods: one worker per container and probe type, one timer for all of them.
 *
 *   sync(pod, observed) ──► workers attached to the newest container of each name
 *   timer ──► attempts that are due ──► thresholds ──► events, onChange(uid)
 *   results(uid) ──► the pod's plan: who is to be killed, who is ready
 *
 * Only `sync()` learns about containers and only the timer makes attempts; `onChange` is never called from inside
 * `sync()`, whose caller reads `results()` next anyway.
 *
 * Rules, as kubelet has them: liveness and readiness wait for the startup probe; a failed startup or liveness probe
 * rests until there is a new container; a container that is not running is not ready; while a pod terminates,
 * readiness goes on and the others stop; attempts lie on a fixed grid of periods that does not drift.
 */
import { type Clock, systemClock } from "../clock.ts";
import type { ObservedContainer, ObservedPod } from "../observed/types.ts";
import type { EventRecorder } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";
import { adoptedMemory, eligibleAt, eventFor, initialMemory, trustedAge } from "./thresholds.ts";
import type { TalliedProbe } from "./tally.ts";
import type { ExecSync, ProbedContainer, ProbedPod, ProbeOutcome, ProbeType, ProbeValue } from "./types.ts";
import { ProbeWorker, type WorkerDeps } from "./worker.ts";

/** What probing knows of one container. Without a probe of a type, its value is that of a container that is well. */
export interface ProbeResults {
  containerId: string;
  startup: ProbeValue;
  liveness: ProbeValue;
  readiness: ProbeValue;
  /** The failed startup or liveness probe's own terminationGracePeriodSeconds, when it has one. */
  livenessGraceSeconds?: number;
  /** What the failed startup or liveness probe, or else the failing readiness probe, found last. */
  message?: string;
}

/** What was published about a container before the agent restarted. */
export interface KnownState {
  containerId: string;
  ready: boolean;
  started: boolean;
}

export interface ProbeManagerOptions {
  exec: ExecSync;
  events: EventRecorder;
  log: Logger;
  /** A value of one of the pod's containers has changed. */
  onChange(uid: string): void;
  clock?: Clock;
  /** In [0, 1): where in its period a worker probes. */
  random?: () => number;
}

interface PodEntry {
  pod: ProbedPod;
  podIP: string;
  workers: Map<string, ProbeWorker>;
  /** Newest known container of each name. */
  containers: Map<string, ContainerEntry>;
  /** Monotonic time of the last observation. */
  observedAt: number;
}

interface ContainerEntry {
  id: string;
  running: boolean;
  /** When it started, in monotonic milliseconds; while it runs. */
  startedAt: number;
  /** What was published about it before the agent restarted. */
  published?: KnownState;
}

const types: readonly ProbeType[] = ["startup", "liveness", "readiness"];

export class ProbeManager {
  #pods = new Map<string, PodEntry>();
  #due?: { at: number; cancel: () => void };
  readonly #options: ProbeManagerOptions;
  readonly #clock: Clock;
  readonly #deps: WorkerDeps;

  constructor(options: ProbeManagerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#deps = {
      clock: this.#clock,
      exec: options.exec,
      random: options.random ?? Math.random,
      onOutcome: (worker, outcome, counted, changed) => this.#onOutcome(worker, outcome, counted, changed),
    };
  }

  /**
   * Takes over what the runtime shows of a pod. `initial` is what was published before the agent restarted and counts
   * for containers of the same ID that are seen for the first time. `terminating` stops startup and liveness probes.
   */
  sync(
    pod: ProbedPod,
    observed: ObservedPod,
    podIP: string,
    initial?: ReadonlyMap<string, KnownState>,
    terminating = Boolean(pod.metadata.deletionTimestamp),
  ): void {
    const uid = observed.uid;
    const known = this.#pods.get(uid);
    const entry = known ?? { pod, podIP, workers: new Map(), containers: new Map(), observedAt: -Infinity };
    Object.assign(entry, { pod, podIP });
    const probed = probedContainers(pod);
    for (const container of probed) {
      const seen = observed.containers.find(({ name }) => name === container.name);
      const current = seen && this.#note(entry, seen, initial?.get(container.name));
      for (const type of types) {
        const worker = this.#worker(uid, entry, container, type);
        if (!worker || !current) continue;
        if (worker.containerId !== current.id) {
          const { published } = current;
          worker.attach(current.id, published ? adoptedMemory(type, published) : initialMemory(type));
        }
        if (!current.running) this.#rest(worker, seen.state);
        else if (terminating && type !== "readiness") this.#quiet(worker);
        else this.#start(entry, worker);
      }
    }
    for (const [key, worker] of entry.workers) {
      if (probed.some(({ name }) => name === worker.containerName)) continue;
      worker.stop();
      entry.workers.delete(key);
    }
    entry.observedAt = observed.observedAt;
    this.#pods.set(uid, entry);
    this.#wakeFor(entry);
  }

  /** By container name: every container that the runtime has shown and that probes could speak of. */
  results(uid: string): Map<string, ProbeResults> {
    const results = new Map<string, ProbeResults>();
    const entry = this.#pods.get(uid);
    for (const [name, { id, running }] of entry?.containers ?? []) {
      const of = (type: ProbeType) => entry!.workers.get(`${name}\0${type}`);
      const startup = of("startup")?.memory.value ?? "success";
      const liveness = of("liveness")?.memory.value ?? "success";
      const readiness = !running || startup !== "success" ? "failure" : of("readiness")?.memory.value ?? "success";
      const result: ProbeResults = { containerId: id, startup, liveness, readiness };
      const failed = [of("startup"), of("liveness")].find((worker) => worker?.memory.value === "failure");
      const grace = failed?.probe.terminationGracePeriodSeconds;
      if (typeof grace === "number") result.livenessGraceSeconds = grace;
      const message = failed?.message || (readiness === "failure" ? of("readiness")?.message : "");
      if (message) result.message = message;
      results.set(name, result);
    }
    return results;
  }

  /** Every probe there is, with its attempts so far. */
  *tallies(): Iterable<TalliedProbe> {
    for (const [podUid, { pod: { metadata: { name: pod, namespace = "default" } }, workers }] of this.#pods) {
      for (const { containerName: container, type, tally } of workers.values()) {
        yield { namespace, pod, podUid, container, type, tally };
      }
    }
  }

  /** Stops everything about a pod. */
  forget(uid: string): void {
    for (const worker of this.#pods.get(uid)?.workers.values() ?? []) worker.stop();
    this.#pods.delete(uid);
    // what it was to wake up for another pod's sake is found out when the time comes
    if (this.#pods.size === 0) this.#wakeAt(Infinity);
  }

  /** Stops everything. */
  stopAll(): void {
    for (const uid of [...this.#pods.keys()]) this.forget(uid);
  }

  /** Remembers the newest container of a name, and when it began to run. */
  #note(entry: PodEntry, seen: ObservedContainer, known?: KnownState): ContainerEntry {
    const before = entry.containers.get(seen.name);
    const running = seen.state === "running";
    const same = before?.id === seen.id;
    const published = same ? before.published : known?.containerId === seen.id ? known : undefined;
    let startedAt = before?.startedAt ?? 0;
    if (running && !(same && before.running)) {
      const now = this.#clock.mono();
      const age = seen.startedAt > 0 ? this.#clock.now() - seen.startedAt : 0;
      startedAt = now - trustedAge(age, now - entry.observedAt);
    }
    const current = { id: seen.id, running, startedAt, published };
    entry.containers.set(seen.name, current);
    return current;
  }

  /** The worker for a container's probe of a type, made when needed; undefined when it has no such probe. */
  #worker(uid: string, entry: PodEntry, container: ProbedContainer, type: ProbeType): ProbeWorker | undefined {
    const probe = container[`${type}Probe`];
    const key = `${container.name}\0${type}`;
    let worker = entry.workers.get(key);
    if (!probe) {
      worker?.stop();
      entry.workers.delete(key);
      return undefined;
    }
    if (!worker) entry.workers.set(key, worker = new ProbeWorker(uid, container.name, type, probe, this.#deps));
    worker.probe = probe;
    return worker;
  }

  /** A container that does not run is not ready; what startup and liveness found stays with its ID. */
  #rest(worker: ProbeWorker, state: ObservedContainer["state"]): void {
    worker.stop();
    if (state === "exited" && worker.type === "readiness") {
      worker.memory = { ...initialMemory("readiness"), onHold: true };
    }
  }

  /** kubelet's quiet shutdown: whatever was found before, it ends as a success. */
  #quiet(worker: ProbeWorker): void {
    worker.stop();
    worker.memory = { value: "success", run: 0, onHold: true };
  }

  /** Begins to probe a running container, unless that has begun, is over, or the startup probe has not passed. */
  #start(entry: PodEntry, worker: ProbeWorker): void {
    if (worker.scheduled || worker.memory.onHold) return;
    const startup = entry.workers.get(`${worker.containerName}\0startup`);
    if (worker.type !== "startup" && startup && startup.memory.value !== "success") return;
    const { startedAt, published } = entry.containers.get(worker.containerName)!;
    worker.start(Math.max(this.#clock.mono(), eligibleAt(worker.probe, startedAt)), published !== undefined);
  }

  #onOutcome(worker: ProbeWorker, outcome: ProbeOutcome, counted: boolean, changed: boolean): void {
    const entry = this.#pods.get(worker.podUid);
    if (!entry) return;
    const { name, namespace = "default" } = entry.pod.metadata;
    const event = counted ? eventFor(worker.type, outcome) : undefined;
    if (event) {
      const list = entry.pod.spec.initContainers?.some((each) => each.name === worker.containerName)
        ? "initContainers"
        : "containers";
      const about = { kind: "Pod", namespace, name, uid: worker.podUid };
      const fieldPath = `spec.${list}{${worker.containerName}}`;
      this.#options.events.event({ ...about, fieldPath }, "Warning", event.reason, event.message);
    }
    if (changed) {
      this.#options.log.debug("Probe result changed", {
        pod: `${namespace}/${name}`,
        container: worker.containerName,
        probe: worker.type,
        result: worker.memory.value,
      });
      if (worker.type === "startup" && worker.memory.value === "success") {
        for (const other of entry.workers.values()) {
          if (other.containerName === worker.containerName) this.#start(entry, other);
        }
      }
      this.#options.onChange(worker.podUid);
    }
    this.#wakeFor(entry);
  }

  /** Sees to it that a pod's attempts are made in time; those of the others are seen to already. */
  #wakeFor({ workers }: PodEntry): void {
    let at = this.#due?.at ?? Infinity;
    for (const { dueAt } of workers.values()) if (dueAt !== undefined && dueAt < at) at = dueAt;
    this.#wakeAt(at);
  }

  #wakeAt(at: number): void {
    if (this.#due?.at === at) return;
    this.#due?.cancel();
    this.#due = undefined;
    if (at === Infinity) return;
    this.#due = { at, cancel: this.#clock.after(at - this.#clock.mono(), () => this.#fire()) };
  }

  #fire(): void {
    this.#due = undefined;
    const now = this.#clock.mono();
    let next = Infinity;
    for (const entry of this.#pods.values()) {
      for (const worker of entry.workers.values()) {
        const { dueAt } = worker;
        if (dueAt === undefined) continue;
        if (dueAt > now) {
          next = Math.min(next, dueAt);
          continue;
        }
        const container = probedContainers(entry.pod).find(({ name }) => name === worker.containerName)!;
        const { podIP, pod: { spec: { hostNetwork } } } = entry;
        const target = { containerId: worker.containerId, podIP, hostNetwork, container };
        worker.attempt(target).catch((err) => this.#options.log.error("Cannot record a probe's outcome", { err }));
      }
    }
    this.#wakeAt(next);
  }
}

/** Containers that may have probes: sidecars and regular containers. */
function probedContainers(pod: ProbedPod): ProbedContainer[] {
  const sidecars = pod.spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === "Always") ?? [];
  return [...sidecars, ...pod.spec.containers];
}
