/**
 * A whole node in memory, for tests of faults and of time: the real wiring over a fake runtime, fake cgroups, volumes that
 * are no more than names, a store in a file, and a clock that moves only when told to.
 *
 *     await using node = new SimulatedNode();
 *     await node.start();
 *     node.apply(pod());
 *     await node.settle();
 *     node.runtime.containerNamed("web").exit(1);
 *     await node.advance(10_000);
 *
 * The agent can be killed at any call to the runtime and at any write of the store: what it does from then on has no
 * effect, and `start()` begins the next life over what is there.
 */
import { type CgroupFs } from "../../cgroups/mod.ts";
import { FakeCgroups } from "../../cgroups/fake.ts";
import { FakeRuntime, type FakeRuntimeOptions } from "../../cri/fake.ts";
import type { CriClient, MethodName } from "../../cri/mod.ts";
import type { Clock } from "../clock.ts";
import { ImageManager } from "../images/mod.ts";
import { loadLibc } from "../linux/mod.ts";
import type { ConfigMap, Pod, PodStatus } from "../objects/mod.ts";
import type { PodManagerOptions } from "../pods/manager.ts";
import { readIdentity } from "../runtime/mod.ts";
import { Store, type StoreObject, type StoreOptions } from "../store/mod.ts";
import { EventRing } from "../telemetry/events.ts";
import { type Logger, silentLogger } from "../telemetry/log.ts";
import { VolumeError } from "../volumes/mod.ts";
import { assemblePods, lookUp, type Pods, type PodVolumes } from "./pods.ts";

// once, before tests are watched for what they leave open
loadLibc();

type Journal = Parameters<NonNullable<StoreOptions["wrapJournal"]>>[0];

/** Where a life of the agent ends: before or after the nth thing of a kind that it does. */
export interface KillPoint {
  /** A call to the runtime, or a transaction of the store. */
  at: MethodName | "states" | "store";
  when: "before" | "after";
  /** 1 for the next one. */
  nth: number;
}

export interface SimulatedNodeOptions extends Pick<FakeRuntimeOptions, "events"> {
  images?: string[];
  log?: Logger;
}

export class SimulatedNode {
  readonly clock = new SteppedClock();
  readonly runtime: FakeRuntime;
  readonly kernel = new FakeCgroups(2);
  readonly cgroups: CgroupFs;
  readonly dir = Deno.makeTempDirSync({ prefix: "islet-node-" });
  readonly events: EventRing;
  /** UIDs of pods that have a directory. */
  readonly podDirs = new Set<string>();
  bootId = "boot-1";
  hostIPs = ["192.0.2.1"];
  maxBackoffMs = 300_000;
  deadContainers: PodManagerOptions["deadContainers"];
  admit: PodManagerOptions["admit"] = () => new Map();
  admitResize: PodManagerOptions["admitResize"] = () => undefined;
  /** Called when a kill point is reached. */
  onKilled: (point: KillPoint) => void = () => {};
  life: Life | undefined;
  readonly #log: Logger;

  constructor(
    { events = "containerd", images = ["web:1", "web:2", "one:1", "two:1", "mesh:1"], log = silentLogger }:
      SimulatedNodeOptions = {},
  ) {
    this.runtime = new FakeRuntime({ clock: this.clock, images, events });
    this.cgroups = this.kernel.fs();
    this.events = new EventRing({ nodeName: "edge-1", clock: this.clock, burst: 10_000 });
    this.#log = log;
  }

  get store(): Store {
    return this.life!.store;
  }

  get pods(): Pods {
    return this.life!.pods;
  }

  /** A new life of the agent. */
  async start(): Promise<void> {
    this.life = new Life(this, this.#log);
    const begun = this.life.begin();
    await this.settle();
    // without a runtime the agent goes on waiting
    void begun;
  }

  /** The agent is asked to stop, and does. */
  async stop(): Promise<void> {
    await this.life?.stop();
    this.life = undefined;
    await this.settle();
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.life?.die();
    await this.settle();
    this.life?.bury();
    this.life = undefined;
  }

  /** What a source would write. */
  async apply(...objects: (Pod | ConfigMap)[]): Promise<void> {
    for (const object of objects) {
      const bound = object.kind === "Pod" ? { ...object, spec: { nodeName: "edge-1", ...object.spec } } : object;
      await this.#alive(this.store.put("local", bound as unknown as StoreObject));
    }
    await this.settle();
  }

  async remove(name: string, gracePeriodSeconds = 30): Promise<void> {
    await this.#alive(this.store.markDeleted("local", "Pod", "default", name, { gracePeriodSeconds }));
    await this.settle();
  }

  /** Lets everything happen that can happen without time passing. */
  async settle(): Promise<void> {
    for (let quiet = 0, before = ""; quiet < 3;) {
      for (let i = 0; i < 25; i++) await new Promise((resolve) => setImmediate(resolve));
      const { running = 0, waiting = 0 } = this.life?.cri.load ?? {};
      const now = [this.runtime.calls.length, this.life?.activity, running, waiting].join();
      quiet = now === before ? quiet + 1 : 0;
      before = now;
    }
  }

  /** Lets time pass, with all that follows from it at its time. */
  async advance(ms: number): Promise<void> {
    await this.settle();
    const end = this.clock.mono() + ms;
    while (this.clock.step(end)) await this.settle();
  }

  pod(name: string): Pod | undefined {
    return this.store.get<Pod>("local", "Pod", "default", name);
  }

  status(name: string): PodStatus {
    return this.pod(name)?.status ?? {};
  }

  /** `Running`, or `CrashLoopBackOff`, or `Error`: as people see a container. */
  seen(name: string, container = "web"): string {
    const { containerStatuses = [], initContainerStatuses = [] } = this.status(name);
    const state = [...initContainerStatuses, ...containerStatuses].find((one) => one.name === container)?.state;
    return state?.running ? "Running" : state?.waiting?.reason ?? state?.terminated?.reason ?? "none";
  }

  condition(name: string, type: string) {
    return this.status(name).conditions?.find((condition) => condition.type === type);
  }

  /** Reasons of a pod's events, oldest first. */
  reasons(name: string): string[] {
    return this.events.list({ name }).map(({ reason }) => reason);
  }

  /** Containers that run, as `pod/container#attempt`. */
  running(): string[] {
    return [...this.runtime.containers.values()].filter(({ running }) => running).map((container) => {
      const { labels, annotations } = container.config;
      return `${readIdentity({ labels, annotations })?.name}/${container.name}#${container.attempt}`;
    }).sort();
  }

  /** Everything that pods have on this node, one line each; empty when nothing is left. */
  traces(): string[] {
    return [
      ...[...this.runtime.sandboxes.keys()].map((id) => `sandbox ${short(id)}`),
      ...[...this.runtime.containers.values()].map(({ id, name }) => `container ${name} ${short(id)}`),
      ...[...this.podDirs].map((uid) => `directory ${uid}`),
      ...this.podCgroups().map((name) => `cgroup ${name}`),
      ...[...Deno.readDirSync(`${this.dir}/logs`)].map(({ name }) => `logs ${name}`),
      ...this.store.records("pods").map(([uid]) => `record ${uid}`),
      ...this.store.list<Pod>("Pod").map(({ object }) => `row ${object.metadata.name}`),
    ].sort();
  }

  podCgroups(): string[] {
    return ["/kubepods", "/kubepods/burstable", "/kubepods/besteffort"].flatMap((path) =>
      this.cgroups.list(path).filter((name) => name.startsWith("pod"))
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.runtime.dispose();
    await this.settle();
    Deno.removeSync(this.dir, { recursive: true });
  }

  /** What is asked of an agent that dies over it is not waited for. */
  async #alive(work: Promise<unknown>): Promise<void> {
    let settled = false;
    work.catch(() => {}).finally(() => settled = true);
    for (let i = 0; i < 400 && !settled; i++) await new Promise((resolve) => setImmediate(resolve));
    if (!settled && !this.life?.dead) throw new Error("Cannot write to the store: it does not answer");
    if (!this.life?.dead) await work;
  }
}

/** A clock that goes from timer to timer. */
export class SteppedClock implements Clock {
  #wall = Date.UTC(2026, 0, 1);
  #mono = 0;
  #timers = new Set<{ at: number; fn: () => void }>();

  now(): number {
    return this.#wall;
  }

  mono(): number {
    return this.#mono;
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.#mono + Math.max(0, ms), fn };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Steps the wall clock without letting time pass. */
  setWall(ms: number): void {
    this.#wall = ms;
  }

  /** Goes to the next timer up to `end` and runs all of that moment; false, and `end` reached, when there is none. */
  step(end: number): boolean {
    const at = Math.min(...[...this.#timers].map((timer) => timer.at));
    const next = Math.max(this.#mono, Math.min(at, end));
    this.#wall += next - this.#mono;
    this.#mono = next;
    const due = [...this.#timers].filter((timer) => timer.at <= next);
    if (at > end) return false;
    for (const timer of due) if (this.#timers.delete(timer)) timer.fn();
    return true;
  }

  /** Lets time pass for nobody but the runtime. */
  pass(ms: number): void {
    for (const end = this.#mono + ms; this.step(end););
  }
}

/** One life of the agent, from its start to its end or its death. */
export class Life {
  readonly store: Store;
  readonly pods: Pods;
  readonly cri: CriClient;
  readonly clock: Clock;
  dead = false;
  /** Counts what goes on besides calls to the runtime. */
  activity = 0;
  /** Where it is to die. */
  killPoint: KillPoint | undefined;
  readonly #node: SimulatedNode;
  #timers = new Set<() => void>();
  #journals: Journal[] = [];

  constructor(node: SimulatedNode, log: Logger) {
    this.#node = node;
    const { cgroups, dir, events } = node;
    this.clock = {
      now: () => node.clock.now(),
      mono: () => node.clock.mono(),
      after: (ms, fn) => this.#after(ms, fn),
    };
    const client = node.runtime.client({ clock: this.clock });
    this.cri = Object.create(client, {
      runtime: { value: this.#guarded(client.runtime) },
      image: { value: this.#guarded(client.image) },
      states: { value: this.#guarded({ states: client.states }).states },
      close: { value: () => client.close() },
      watchEvents: { value: (options: Parameters<CriClient["watchEvents"]>[0]) => client.watchEvents(options) },
    });
    this.store = Store.open(`${dir}/state.db`, {
      log,
      clock: this.clock,
      wrapJournal: (journal) => this.#journal(journal),
    });
    this.store.watch(() => this.activity++);
    Deno.mkdirSync(`${dir}/logs`, { recursive: true });
    const allocatable = { cpu: 4000, memory: 2 ** 32, pods: 110 };
    this.pods = assemblePods({
      store: this.store,
      cri: this.cri,
      cgroups,
      volumes: () => this.#volumes(),
      images: new ImageManager({
        image: this.cri.image,
        secret: (pod, name) => lookUp(this.store, pod, "Secret", name),
        knock: () => false,
        clock: this.clock,
      }),
      settings: {
        owner: "owner-1",
        nodeName: "edge-1",
        podLogsDir: `${dir}/logs`,
        cgroupPaths: { driver: "cgroupfs" },
        resolvConf: "",
        clusterDNS: ["10.96.0.10"],
        clusterDomain: "cluster.local",
        limits: { memoryCapacity: allocatable.memory },
        security: { seccompRoot: `${dir}/seccomp`, appArmor: false },
        hostIPs: () => node.hostIPs,
        allocatable: () => allocatable,
        serviceEnv: () => ({}),
      },
      podLimits: {},
      clock: this.clock,
      log,
      events: { event: (...args) => this.dead ? undefined : events.event(...args) },
      runtimeName: () => "fake",
      maxBackoffMs: node.maxBackoffMs,
      deadContainers: node.deadContainers,
      bootId: node.bootId,
      admit: (pods) => node.admit(pods),
      admitResize: (pod, others) => node.admitResize(pod, others),
      random: () => 0,
    });
  }

  /** Resolves when the manager has taken over. */
  async begin(): Promise<void> {
    await this.pods.observer.start();
    if (!this.dead && this.pods.observer.available) this.pods.manager.start();
  }

  async stop(): Promise<void> {
    const { manager, observer, probes } = this.pods;
    await manager.stop();
    observer.stop();
    probes.stopAll();
    this.cri.close();
    await this.store.close();
    this.dead = true;
  }

  /** From here on nothing that it does has any effect; the runtime sees its connection break. */
  die(): void {
    if (this.dead) return;
    this.dead = true;
    for (const cancel of this.#timers) cancel();
    this.cri.close();
    this.pods.observer.stop();
    this.pods.probes.stopAll();
  }

  /** The kernel closes what the dead had open. */
  bury(): void {
    for (const journal of this.#journals) journal.close();
  }

  #after(ms: number, fn: () => void): () => void {
    if (this.dead) return () => {};
    const end = this.#node.clock.after(ms, () => {
      this.#timers.delete(cancel);
      if (!this.dead) fn();
    });
    const cancel = () => {
      this.#timers.delete(cancel);
      end();
    };
    this.#timers.add(cancel);
    return cancel;
  }

  /** Whether this is where it dies. */
  #reached(at: KillPoint["at"], when: KillPoint["when"]): boolean {
    const point = this.killPoint;
    if (!point || point.at !== at || point.when !== when || --point.nth > 0) return false;
    this.killPoint = undefined;
    this.die();
    this.#node.onKilled({ at, when, nth: 0 });
    return true;
  }

  #guarded<T extends object>(api: T): T {
    return new Proxy(api, {
      get: (target, name) => async (...args: unknown[]) => {
        const method = name as MethodName | "states";
        if (this.dead || this.#reached(method, "before")) return await never;
        const call = (target as Record<string, (...args: unknown[]) => Promise<unknown>>)[method];
        const answer = await call(...args);
        if (this.dead || this.#reached(method, "after")) return await never;
        return answer;
      },
    });
  }

  #journal(journal: Journal): Journal {
    this.#journals.push(journal);
    const refuse = () => {
      throw new Error("the agent is dead");
    };
    return {
      write: (changes, how) => {
        this.activity++;
        if (this.dead || this.#reached("store", "before")) refuse();
        journal.write(changes, how);
        if (this.#reached("store", "after")) refuse();
      },
      close: () => journal.close(),
    };
  }

  /** Directories by name alone; a ConfigMap that is missing fails the mount. */
  #volumes(): PodVolumes {
    const { podDirs } = this.#node;
    const ifAlive = async (effect: () => void) => {
      if (this.dead) return await never;
      effect();
      await Promise.resolve();
      return this.dead ? await never : undefined;
    };
    return {
      prepare: (pod) =>
        ifAlive(() => {
          podDirs.add(pod.metadata.uid!);
          for (const { name, configMap } of pod.spec.volumes ?? []) {
            if (!configMap?.name || lookUp(this.store, pod, "ConfigMap", configMap.name)) continue;
            throw new VolumeError(
              "FailedMount",
              `MountVolume.SetUp failed for volume "${name}" : configmap "${configMap.name}" not found`,
              [],
            );
          }
        }),
      mounts: async (pod, container, { attempt }) => {
        await ifAlive(() => {});
        const containerPath = container.terminationMessagePath;
        if (!containerPath) return [];
        const hostPath = `${this.#node.dir}/${pod.metadata.uid}-${container.name}-${attempt}`;
        Deno.writeTextFileSync(hostPath, "");
        return [{ containerPath, hostPath }];
      },
      writeHosts: () => ifAlive(() => {}),
      refresh: async () => {
        await ifAlive(() => {});
        return false;
      },
      cleanupSubpaths: () => ifAlive(() => {}),
      teardown: (uid) => ifAlive(() => void podDirs.delete(uid)),
      listPodDirs: async () => {
        await ifAlive(() => {});
        return [...podDirs];
      },
    };
  }
}

/** What the dead wait for. */
const never = new Promise<never>(() => {});

function short(id: string): string {
  return id.replace(/^0+/, "");
}
