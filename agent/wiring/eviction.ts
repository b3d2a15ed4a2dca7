/**
 * Eviction, wired: what is looked at, who is ended and how, and who is told.
 *
 *     usage, cgroups, file systems ─► EvictionManager ─┬─► NodePressures ─► node's conditions and taints, admission
 *                                                      ├─► reclaimers: dead containers, unused images
 *                                                      └─► pod manager; Comebacks for pods of manifests
 */
import { type CgroupFs, detect, kernelFiles, parseMounts, pidsStats } from "../../cgroups/mod.ts";
import { type Clock, until } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import {
  Comebacks,
  EvictionManager,
  lookAtNode,
  type MemoryUse,
  type NodeView,
  openMemoryRoad,
  type Reclaimers,
  thresholdsOf,
} from "../node/eviction/mod.ts";
import type { Pod } from "../objects/mod.ts";
import type { PodManager } from "../pods/manager.ts";
import { type CgroupPathOptions, qosCgroup } from "../resources/mod.ts";
import type { KubeletMetrics, NodeUsage } from "../stats/mod.ts";
import type { Store } from "../store/mod.ts";
import type { EventRecorder } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";
import { Disks } from "./disks.ts";
import { realmOf } from "./pods.ts";
import type { NodePressures } from "./pressures.ts";

export interface EvictionOptions {
  config: Pick<NodeConfig, "nodeName" | "rootDir" | "cgroupRoot" | "eviction" | "enforceNodeAllocatable">;
  store: Store;
  manager: Pick<PodManager, "pods" | "evict" | "hasEnded" | "readmit">;
  usage: NodeUsage;
  kubelet: KubeletMetrics;
  cgroups: CgroupFs;
  cgroupPaths: CgroupPathOptions;
  pressures: NodePressures;
  reclaimers: Reclaimers;
  /** The node's conditions are written. */
  onPressures(): void;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
}

export interface Evictions {
  start(): void;
  stop(): Promise<void>;
}

/** How long a victim's end is waited for, as kubelet does. */
const endMs = 30_000;

export function assembleEviction(options: EvictionOptions): Evictions {
  const { config, store, manager, usage, kubelet, cgroups, cgroupPaths, pressures, events, clock, log } = options;
  const { hard, soft, softGraceMs, minimumReclaim, transitionMs, maxPodGraceSeconds } = config.eviction;
  const podsLimited = config.enforceNodeAllocatable.includes("pods");
  const disks = new Disks({ usage, clock, log });
  const kubepods = qosCgroup("Guaranteed", cgroupPaths);
  const view: NodeView = {
    cgroups,
    machine: () => usage.machine(),
    roots: [...new Set(["/", config.cgroupRoot])],
    ...(podsLimited ? { kubepods } : {}),
    disk: (which) => disks.look(which),
  };
  const comebacks = new Comebacks({ store, clock, log, events });
  const node = { kind: "Node", name: config.nodeName, uid: config.nodeName };
  const memoryRoot = v1MemoryRoot();
  const manage = new EvictionManager({
    thresholds: thresholdsOf({ hard, soft, softGraceMs, minimumReclaim, podsLimited }),
    transitionMs,
    maxPodGraceSeconds,
    look: (at) => lookAtNode(view, at),
    layout: () => disks.layout,
    pods: () =>
      manager.pods().map((pod) => current(store, pod)).filter(({ metadata, status }) =>
        !metadata.deletionTimestamp && status?.phase !== "Failed" && status?.phase !== "Succeeded"
      ),
    memory: () => memoryUses(usage),
    tasks: () => new Map(usage.targets().map(({ uid, cgroup }) => [uid, pidsStats(cgroups, cgroup)?.current ?? 0])),
    storage: (of, maxAgeMs) => usage.storage(of, maxAgeMs),
    reclaimers: options.reclaimers,
    evict(pod, { signal, message, graceSeconds }) {
      const { namespace, name, uid } = pod.metadata;
      if (!manager.evict(uid!, { reason: "Evicted", message, disruption: message, graceSeconds })) return false;
      events.event({ kind: "Pod", namespace, name, uid }, "Warning", "Evicted", message);
      kubelet.evicted(signal);
      comebacks.evicted(pod);
      return true;
    },
    ended: (uid) => until(clock, () => manager.hasEnded(uid), endMs),
    onPressures: (now) => {
      const less = pressures.now.some((each) => !now.includes(each));
      pressures.now = now;
      options.onPressures();
      if (less) manager.readmit();
      comebacks.short = now.length > 0;
    },
    onReclaim: (resource) => events.event(node, "Warning", "EvictionThresholdMet", `Attempting to reclaim ${resource}`),
    onStatsAge: (signal, seconds) => kubelet.evictionStatsAge(signal, seconds),
    openRoad: (onEvent) =>
      openMemoryRoad({
        v1Root: memoryRoot,
        // what waits for memory anywhere waits in the whole machine
        pressureFiles: ["/proc/pressure/memory", `/sys/fs/cgroup${kubepods}/memory.pressure`],
        onEvent,
        onTrouble: (what, err) => log.debug(what, { err }),
      }),
    memoryDirectory: (path) => `${memoryRoot ?? ""}${path === "/" ? "" : path}`,
    before: pressures.now,
    clock,
    log,
  });
  return {
    start() {
      manage.start();
      comebacks.start(pressures.now.length > 0);
    },
    async stop() {
      comebacks.stop();
      await manage.stop();
    },
  };
}

/** The pod with its status as it is stored now. */
function current(store: Store, pod: Pod): Pod {
  const { namespace, name, uid } = pod.metadata;
  const found = store.get<Pod>(realmOf(store, pod), "Pod", namespace!, name);
  return found?.metadata.uid === uid ? found! : pod;
}

function memoryUses(usage: NodeUsage): Map<string, MemoryUse> {
  return new Map(
    usage.pods().map(({ target, pod, containers }) => {
      const parts = containers.map(({ name, reading }) => ({ name, bytes: reading.memory?.workingSetBytes ?? 0 }));
      const bytes = pod?.memory?.workingSetBytes ?? parts.reduce((sum, part) => sum + part.bytes, 0);
      return [target.uid, { bytes, containers: parts }];
    }),
  );
}

/** Where cgroup v1 has its memory controller; undefined on v2. */
function v1MemoryRoot(): string | undefined {
  if (detect().version !== 1) return undefined;
  return parseMounts(kernelFiles.read("/proc/mounts") ?? "", "/sys/fs/cgroup")
    .find(({ controllers }) => controllers.includes("memory"))?.mountPoint;
}
