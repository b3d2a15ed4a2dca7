/**
 * Everything between the store and the runtime, wired: what looks, what decides, what acts, what probes.
 *
 *     store rows ─► PodManager ─► workers ─► PodExecutor ─► runtime, volumes, cgroups, images
 *                       ▲  ▲
 *     PodObserver ──────┘  └────── ProbeManager
 *
 * The node's own facts come in as options, so that tests run the same wiring over a runtime in memory.
 */
import type { CgroupFs } from "../../cgroups/mod.ts";
import type { CriClient } from "../../cri/mod.ts";
import type { Clock } from "../clock.ts";
import { containerLogPath, loggedAttempts, removeContainerLogs, removePodLogs } from "../logs/mod.ts";
import type { Pod } from "../objects/mod.ts";
import { criSource } from "../observed/cri_source.ts";
import { PodObserver } from "../observed/observer.ts";
import type { ObservedContainer } from "../observed/types.ts";
import { type ExecutorDeps, PodExecutor } from "../pods/execute/execute.ts";
import { PodManager, type PodManagerOptions } from "../pods/manager.ts";
import { type MessageDeps, type NodeSettings, PodMessages } from "../pods/execute/messages.ts";
import { orphanPod } from "../pods/orphan.ts";
import { type LeftBehind, type SweepDeps, sweepLeftovers } from "../pods/sweep.ts";
import { type ExecSync, ProbeManager } from "../probes/mod.ts";
import { readIdentity } from "../runtime/mod.ts";
import type { Realm, Store } from "../store/mod.ts";
import type { EventRecorder } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";

/** What pods need of the volumes; `VolumeManager` has it. */
export type PodVolumes = ExecutorDeps["volumes"] & MessageDeps["volumes"] & SweepDeps["volumes"] & {
  refresh(pod: Pod): Promise<boolean>;
};

export interface PodsOptions {
  store: Store;
  cri: CriClient;
  cgroups: CgroupFs;
  /** Made here, because the downward API asks for addresses that are observed. */
  volumes(podIPs: (pod: Pod) => string[]): PodVolumes;
  images: ExecutorDeps["images"];
  settings: NodeSettings;
  podLimits: ExecutorDeps["podLimits"];
  clock: Clock;
  log: Logger;
  events: EventRecorder;
  /** `containerd`, as container IDs are prefixed. */
  runtimeName(): string;
  maxBackoffMs: number;
  deadContainers?: PodManagerOptions["deadContainers"];
  /** Whether nobody else puts logs where this node's pods have theirs. */
  ownLogs?: boolean;
  bootId: string;
  admit: PodManagerOptions["admit"];
  admitResize: PodManagerOptions["admitResize"];
  /** Frees what the network holds for sandboxes that are not among the living. */
  freeAddresses?(live: ReadonlySet<string>): Promise<void>;
  /** Told of every step of a worker that has ended: for metrics. */
  onAction?(action: string, ms: number, failed: boolean): void;
  /** In [0, 1): where in its period a probe lies. */
  random?: () => number;
}

/** The parts, none of them started. */
export interface Pods {
  observer: PodObserver;
  manager: PodManager;
  probes: ProbeManager;
  volumes: PodVolumes;
}

export function assemblePods(options: PodsOptions): Pods {
  const { store, cri, cgroups, images, settings, clock, log, events, podLimits, random } = options;
  const { owner, podLogsDir, cgroupPaths } = settings;
  const exec: ExecSync = async (containerId, cmd, timeoutMs, signal) => {
    const timeout = BigInt(Math.max(1, Math.ceil(timeoutMs / 1000)));
    return await cri.runtime.execSync({ containerId, cmd, timeout }, { signal, timeoutMs: timeoutMs + 1000 });
  };
  const observer = new PodObserver({
    source: criSource({ cri, owner, clock, log, logFile: (container) => logFile(container, podLogsDir) }),
    clock,
    log,
  });
  const volumes = options.volumes((pod) => observer.get(pod.metadata.uid!)?.sandboxes[0]?.ips ?? []);
  const messages = new PodMessages({
    settings,
    lookUp: (pod, kind, name) => lookUp(store, pod, kind, name),
    runtimeClass: (pod, name) => store.get(realmOf(store, pod), "RuntimeClass", "", name),
    volumes,
    runtime: cri.runtime,
  });
  const executor = new PodExecutor({
    cri,
    images,
    volumes,
    cgroups,
    cgroupPaths,
    podLimits,
    messages,
    exec,
    clock,
    log,
    removeLogs: async ({ metadata: { namespace, name, uid } }, one) => {
      const pod = { namespace: namespace!, name, uid: uid! };
      if (!one) return await removePodLogs(podLogsDir, pod);
      const { container, attempt, older } = one;
      const earlier = older ? loggedAttempts(podLogsDir, pod, container).filter((each) => each < attempt) : [];
      for (const each of [...earlier, attempt]) {
        removeContainerLogs(containerLogPath(podLogsDir, pod, container, each));
      }
    },
    removeRow: async (pod) => {
      const { namespace, name, uid } = pod.metadata;
      const realm = realmOf(store, pod);
      // what others wait to do about it is theirs: the row stays until they have let go of it
      if (store.get<Pod>(realm, "Pod", namespace!, name)?.metadata.finalizers?.length) {
        const options = { uid, gracePeriodSeconds: 0, evenIfUnwritable: true };
        await store.markDeleted(realm, "Pod", namespace!, name, options);
      } else await store.remove(realm, "Pod", namespace!, name, uid);
    },
  });
  const probes = new ProbeManager({ exec, events, log, clock, random, onChange: (uid) => manager.kick(uid) });
  const left: LeftBehind = new Map();
  const manager = new PodManager({
    store,
    isHere: ({ spec }) => spec.nodeName === settings.nodeName,
    observer,
    clock,
    log,
    events,
    execute: async (pod, action, signal, notes) => {
      const began = clock.mono();
      let failed = true;
      try {
        await executor.execute(pod, action, signal, notes);
        failed = false;
      } finally {
        options.onAction?.(action.type, clock.mono() - began, failed);
      }
    },
    probes: {
      sync: (pod, observed, podIP, initial, ending) => probes.sync(pod, observed, podIP ?? "", initial, ending),
      results: (uid) => probes.results(uid),
      forget: (uid) => probes.forget(uid),
    },
    hostIPs: settings.hostIPs,
    runtimeName: options.runtimeName,
    maxBackoffMs: options.maxBackoffMs,
    deadContainers: options.deadContainers,
    bootId: options.bootId,
    admit: options.admit,
    admitResize: options.admitResize,
    refreshVolumes: (pod) => volumes.refresh(pod),
    orphan: orphanPod,
    sweep: async (known) => {
      const { ownLogs = false } = options;
      await sweepLeftovers({ volumes, cgroups, cgroupPaths, podLogsDir, ownLogs, log, known }, left);
      const live = observer.uids().flatMap((uid) => observer.get(uid)?.sandboxes.map(({ id }) => id) ?? []);
      await options.freeAddresses?.(new Set(live));
      return left.size;
    },
  });
  return { observer, manager, probes, volumes };
}

/** The realm that a pod's references are resolved in: its own. */
export function realmOf(store: Store, { metadata: { namespace, name, uid } }: Pod): Realm {
  return store.get<Pod>("control-plane", "Pod", namespace!, name)?.metadata.uid === uid ? "control-plane" : "local";
}

/** An object of the pod's own realm and namespace. */
export function lookUp<T>(store: Store, pod: Pod, kind: string, name: string): T | undefined {
  return store.get<T>(realmOf(store, pod), kind, pod.metadata.namespace!, name);
}

/** A container's log, wherever it was put. */
export function logFile(container: ObservedContainer, podLogsDir: string): string {
  if (container.logPath) return container.logPath;
  const identity = readIdentity(container);
  const pod = { namespace: identity?.namespace ?? "", name: identity?.name ?? "", uid: container.podUid };
  return containerLogPath(podLogsDir, pod, container.name, container.attempt);
}
