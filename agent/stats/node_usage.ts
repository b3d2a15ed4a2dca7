/**
 * What the node, its pods and their containers use: the room's front. Everything is looked up when it is asked for.
 *
 *     cgroups ─► readings ─┐                            ┌─► /stats/summary
 *     /proc, statfs ───────┼─► NodeUsage ─► rates ──────┼─► metrics.k8s.io
 *     du, runtime ─────────┘   (sampler, disk usage)    └─► /metrics/resource, /metrics/cadvisor
 */
import {
  anyProcess,
  cgroupPressure,
  type CgroupReader,
  cpuUsageNs,
  machinePressure,
  workingSetBytes,
} from "../../cgroups/mod.ts";
import type { CriClient } from "../../cri/mod.ts";
import { type Clock, timestamp } from "../clock.ts";
import { podLogDirectory } from "../logs/mod.ts";
import type { PersistentVolumeClaim, Pod } from "../objects/mod.ts";
import type { ObservedPod } from "../observed/types.ts";
import { type CgroupPathOptions, qosCgroup } from "../resources/mod.ts";
import { ownSelector } from "../runtime/mod.ts";
import { type DirectoryUsage, DiskUsage } from "./disk_usage.ts";
import { anyFilesystem, type FilesystemUsage, localFilesystem } from "./filesystems.ts";
import { UsageHistory } from "./history.ts";
import { machineCpuNs, type MachineUsage, machineUsage } from "./machine.ts";
import { type InterfaceUsage, nodeInterfaces, podInterfaces, type ReadText } from "./network.ts";
import { type Pressures, readCgroup, type Reading } from "./reading.ts";
import { type RuntimePlace, type RuntimePlaces, RuntimeStorage, writableLayer } from "./runtime_storage.ts";
import { nodeKey, type Point, type Rate, UsageSampler } from "./sampler.ts";
import { ephemeralStorage, fsStats, networkStats, usageStats } from "./summary.ts";
import type { ContainerStats, FsStats, NodeStats, PodStats, Summary, VolumeStats } from "./summary_types.ts";
import { type PodTarget, type TargetDeps, targets } from "./targets.ts";
import { measurableVolumes, type VolumePlace } from "./volumes.ts";

export interface NodeUsageOptions {
  nodeName: string;
  rootDir: string;
  podLogsDir: string;
  cgroups: CgroupReader;
  cgroupPaths: CgroupPathOptions;
  /** Pods of this node. */
  pods(): Iterable<Pod>;
  observed(uid: string): ObservedPod | undefined;
  /** A PersistentVolumeClaim of the pod's realm and namespace. */
  claim(pod: Pod, name: string): PersistentVolumeClaim | undefined;
  cri: { runtime: Pick<CriClient["runtime"], "listContainerStats">; image: Pick<CriClient["image"], "imageFsInfo"> };
  /** The installation's id: of others' containers nothing is asked. */
  owner: string;
  runtimeName(): string;
  clock: Clock;
  read?: ReadText;
  disk?: Pick<DiskUsage, "measure">;
}

/** A pod's usage by what it is made of. */
export interface PodUsage {
  target: PodTarget;
  pod?: Reading;
  containers: { name: string; id: string; startedAt: number; reading: Reading }[];
}

export class NodeUsage {
  readonly sampler: UsageSampler;
  /** Begun and ended by whoever starts the node. */
  readonly history: UsageHistory;
  readonly #options: NodeUsageOptions;
  readonly #targets: TargetDeps;
  readonly #read: ReadText;
  readonly #disk: Pick<DiskUsage, "measure">;
  readonly #runtime: RuntimeStorage;

  constructor(options: NodeUsageOptions) {
    const { clock, cgroupPaths, cri } = options;
    this.#options = options;
    this.#read = options.read ?? readText;
    this.#targets = {
      pods: options.pods,
      observed: options.observed,
      cgroupPaths,
      runtimeName: options.runtimeName,
    };
    this.#disk = options.disk ?? new DiskUsage({ clock });
    this.#runtime = new RuntimeStorage({ cri, labelSelector: ownSelector(options.owner), clock });
    this.sampler = new UsageSampler({ clock, look: () => this.#look() });
    this.history = new UsageHistory({ clock, look: () => this.#look({ containers: false }) });
  }

  /** Lets go of the sampler and the history. */
  stop(): void {
    this.sampler.stop();
    this.history.stop();
  }

  /** Pods that run now. */
  targets(): PodTarget[] {
    return targets(this.#targets);
  }

  /** The whole machine. */
  machine(): MachineUsage {
    return machineUsage(this.#options.cgroups, this.#read);
  }

  /** CPU and memory of every pod and container, with limits and pressure unless they are not wanted. */
  pods(read = readCgroup): PodUsage[] {
    const { cgroups, clock } = this.#options;
    return this.targets().map((target) => ({
      target,
      pod: read(cgroups, target.cgroup, clock.now()),
      containers: target.containers.flatMap(({ name, id, startedAt, cgroup }) => {
        const reading = read(cgroups, cgroup, clock.now());
        return reading ? [{ name, id, startedAt, reading }] : [];
      }),
    }));
  }

  /** A pod's interfaces; undefined on the node's own network, whose traffic is not the pod's. */
  interfaces({ hostNetwork, sandbox, containers }: PodTarget): InterfaceUsage[] | undefined {
    if (hostNetwork) return undefined;
    for (const { cgroup } of [sandbox, ...containers]) {
      const pid = anyProcess(this.#options.cgroups, cgroup);
      const found = pid === undefined ? undefined : podInterfaces(pid, this.#read);
      if (found) return found;
    }
    return undefined;
  }

  /** The machine's own interfaces. */
  nodeInterfaces(): InterfaceUsage[] | undefined {
    return nodeInterfaces(this.#read);
  }

  /** Where the node's own files are. */
  get rootDir(): string {
    return this.#options.rootDir;
  }

  /** How full a file system of this node's own is. */
  filesystem(path: string): FilesystemUsage | undefined {
    return localFilesystem(path);
  }

  /** The file system that pods' files are on. */
  nodeFs(): FilesystemUsage | undefined {
    return localFilesystem(this.#options.rootDir);
  }

  /** Rate of CPU use by container ID, pod UID or `node`, after `sampler.ask()`. */
  rate(key: string): Rate | undefined {
    return this.sampler.rate(key);
  }

  /** `/stats/summary`. */
  async summary({ onlyCpuAndMemory = false } = {}): Promise<Summary> {
    await this.sampler.ask();
    const usage = this.pods();
    const node = this.#node();
    if (onlyCpuAndMemory) return { node, pods: usage.map((pod) => this.#podStats(pod)) };
    const storage = await this.#storage(usage);
    const { places } = storage;
    const now = this.#options.clock.now();
    const network = networkStats(this.nodeInterfaces(), now);
    const runtimeFs = ({ mountpoint, at, bytes, inodes }: RuntimePlace) =>
      fsStats(localFilesystem(mountpoint), at, { bytes, inodes });
    return {
      node: {
        ...node,
        ...(network ? { network } : {}),
        fs: fsStats(storage.nodeFs, now),
        ...(places ? { runtime: { imageFs: runtimeFs(places.images), containerFs: runtimeFs(places.layers) } } : {}),
        ...this.#limits(now),
      },
      pods: await Promise.all(usage.map((pod) => this.#wholePodStats(pod, storage))),
    };
  }

  /**
   * What pods hold of the disk, measured no longer than `maxAgeMs` ago, writable layers too: who has to choose between
   * pods cannot choose by what was a minute ago.
   */
  async storage(of: (pod: Pod) => boolean, maxAgeMs: number): Promise<PodStats[]> {
    const usage = this.pods().filter(({ target }) => of(target.pod));
    const storage = await this.#storage(usage, maxAgeMs);
    return await Promise.all(usage.map((pod) => this.#wholePodStats(pod, storage)));
  }

  /** Where the runtime keeps images and layers; undefined while it does not tell. */
  async runtimePlaces(): Promise<{ images: string; layers: string } | undefined> {
    const places = await this.#runtime.places();
    return places && { images: places.images.mountpoint, layers: places.layers.mountpoint };
  }

  /** Use of the volumes behind claims, for `kubelet_volume_stats_…`. */
  async claimedVolumes(): Promise<{ claim: { namespace: string; name: string }; usage: FilesystemUsage }[]> {
    const found = this.targets().flatMap(({ pod }) =>
      measurableVolumes(pod, this.#podsDir, this.#options.claim).filter(({ claim }) => claim)
    );
    // a claim that several pods use is one volume
    const byClaim = new Map(found.map((place) => [`${place.claim!.namespace}/${place.claim!.name}`, place]));
    const measured = await Promise.all([...byClaim.values()].map(async ({ claim, path }) => {
      const usage = await anyFilesystem(path);
      return usage ? [{ claim: claim!, usage }] : [];
    }));
    return measured.flat();
  }

  async #storage(usage: readonly PodUsage[], maxAgeMs?: number): Promise<Storage> {
    const volumes = this.#volumes(usage.map(({ target }) => target));
    const writable = maxAgeMs === undefined ? new Map<string, string>() : this.#writable(usage);
    const [disk, told, places] = await Promise.all([
      this.#disk.measure([...this.#measured(usage, volumes), ...writable.values()], maxAgeMs),
      this.#runtime.layers(),
      this.#runtime.places(),
    ]);
    const layers = new Map(told);
    for (const [id, path] of writable) {
      const measured = disk.get(path);
      if (measured) layers.set(id, measured);
    }
    return {
      disk,
      layers,
      places,
      nodeFs: this.nodeFs(),
      logsFs: localFilesystem(this.#options.podLogsDir),
      layersFs: places && localFilesystem(places.layers.mountpoint),
      volumes,
    };
  }

  /** Directories of writable layers by container ID, of overlays at least. */
  #writable(usage: readonly PodUsage[]): Map<string, string> {
    const found = new Map<string, string>();
    for (const { target } of usage) {
      for (const { id, cgroup } of target.containers) {
        const pid = anyProcess(this.#options.cgroups, cgroup);
        const path = pid === undefined ? undefined : writableLayer(this.#read(`/proc/${pid}/mountinfo`) ?? "");
        if (path !== undefined) found.set(id, path);
      }
    }
    return found;
  }

  get #podsDir(): string {
    return `${this.#options.rootDir}/pods`;
  }

  /** Of the node, every pod and container the two numbers that rates and `kubectl top` need. */
  #look({ containers: withContainers = true } = {}): Map<string, Point> {
    const { cgroups, clock } = this.#options;
    const points = new Map<string, Point>();
    const add = (key: string, path: string, startedAt: number) => {
      const cpuNs = cpuUsageNs(cgroups, path), memory = workingSetBytes(cgroups, path);
      if (cpuNs !== undefined && memory !== undefined) points.set(key, { cpuNs, workingSetBytes: memory, startedAt });
    };
    for (const { uid, cgroup, startedAt, containers } of this.targets()) {
      add(uid, cgroup, startedAt);
      for (const container of withContainers ? containers : []) {
        add(container.id, container.cgroup, container.startedAt);
      }
    }
    const cpuNs = machineCpuNs(cgroups, this.#read), memory = this.machine().memory;
    if (cpuNs !== undefined && memory) {
      points.set(nodeKey, { cpuNs, workingSetBytes: memory.workingSetBytes, startedAt: clock.now() });
    }
    return points;
  }

  #node(): NodeStats {
    const { nodeName, cgroups, clock, cgroupPaths } = this.#options;
    const at = clock.now();
    const { cpuNs, memory, memoryBytes, swapBytes } = this.machine();
    const reading: Reading = {
      at,
      cpuNs,
      memory,
      limitBytes: memoryBytes,
      swapLimitBytes: swapBytes,
      pressure: this.#machinePressure(),
    };
    const startTime = timestamp(bootTimeMs(this.#read) ?? at);
    const kubepods = readCgroup(cgroups, qosCgroup("Guaranteed", cgroupPaths), clock.now());
    return {
      nodeName,
      ...(kubepods ? { systemContainers: [{ name: "pods", startTime, ...usageStats(kubepods, undefined) }] } : {}),
      startTime,
      ...usageStats(reading, this.rate(nodeKey)?.nanoCores),
    };
  }

  #machinePressure(): Pressures | undefined {
    const { cgroups } = this.#options;
    const of = (resource: "cpu" | "memory" | "io") =>
      cgroupPressure(cgroups, "/", resource) ?? machinePressure(resource, { read: this.#read });
    const cpu = of("cpu");
    return cpu && { cpu, memory: of("memory"), io: of("io") };
  }

  #limits(now: number): Pick<NodeStats, "rlimit"> {
    const { maxPid, tasks } = this.machine();
    if (maxPid === undefined || tasks === undefined) return {};
    return { rlimit: { time: timestamp(now), maxpid: maxPid, curproc: tasks } };
  }

  #podStats({ target, pod, containers }: PodUsage): PodStats {
    const { name, namespace, uid, startedAt } = target;
    return {
      podRef: { name, namespace, uid },
      startTime: timestamp(startedAt),
      containers: containers.map(({ name, id, startedAt, reading }): ContainerStats => ({
        name,
        startTime: timestamp(startedAt),
        ...usageStats(reading, this.rate(id)?.nanoCores),
      })),
      ...(pod ? usageStats(pod, this.rate(uid)?.nanoCores) : {}),
    };
  }

  async #wholePodStats(usage: PodUsage, storage: Storage): Promise<PodStats> {
    const { target } = usage;
    const { disk, layers, nodeFs, logsFs, layersFs, volumes } = storage;
    const { clock, podLogsDir } = this.#options;
    const at = clock.now();
    const stats = this.#podStats(usage);
    const logs = podLogDirectory(podLogsDir, target);
    const containers = (stats.containers ?? []).map((container, index): ContainerStats => {
      const layer = layers.get(usage.containers[index].id);
      const log = disk.get(`${logs}/${container.name}`);
      return {
        ...container,
        ...(layer ? { rootfs: fsStats(layersFs ?? nodeFs, layer.at, layer) } : {}),
        ...(log ? { logs: fsStats(logsFs, log.at, log) } : {}),
      };
    });
    const measured = await Promise.all(
      (volumes.get(target.uid) ?? []).map(async (place) => ({
        place,
        stats: await volumeStats(place, disk, nodeFs, at),
      })),
    );
    const found = measured.flatMap(({ place, stats }) => stats ? [{ place, stats }] : []);
    const network = networkStats(this.interfaces(target), at);
    const tasks = this.#options.cgroups.read(target.cgroup, "pids.current");
    return {
      ...stats,
      containers,
      ...(network ? { network } : {}),
      ...(found.length > 0 ? { volume: found.map(({ stats }) => stats) } : {}),
      "ephemeral-storage": ephemeralStorage(
        containers,
        found.filter(({ place }) => place.ephemeral).map(({ stats }) => stats),
        nodeFs,
        at,
      ),
      ...(tasks === undefined ? {} : { process_stats: { process_count: Number(tasks) } }),
    };
  }

  #volumes(pods: readonly PodTarget[]): Map<string, VolumePlace[]> {
    return new Map(pods.map(({ uid, pod }) => [uid, measurableVolumes(pod, this.#podsDir, this.#options.claim)]));
  }

  /** Directories that `du` looks at. */
  #measured(usage: readonly PodUsage[], volumes: ReadonlyMap<string, VolumePlace[]>): string[] {
    const paths: string[] = [];
    for (const { target, containers } of usage) {
      const logs = podLogDirectory(this.#options.podLogsDir, target);
      for (const { name } of containers) paths.push(`${logs}/${name}`);
      for (const { by, path } of volumes.get(target.uid) ?? []) if (by === "du") paths.push(path);
    }
    return paths;
  }
}

/** What the parts of a pod hold, as far as it is known. */
interface Storage {
  disk: ReadonlyMap<string, DirectoryUsage>;
  layers: ReadonlyMap<string, DirectoryUsage>;
  places?: RuntimePlaces;
  nodeFs?: FilesystemUsage;
  logsFs?: FilesystemUsage;
  layersFs?: FilesystemUsage;
  volumes: ReadonlyMap<string, VolumePlace[]>;
}

async function volumeStats(
  { name, path, by, claim }: VolumePlace,
  disk: ReadonlyMap<string, DirectoryUsage>,
  nodeFs: FilesystemUsage | undefined,
  at: number,
): Promise<VolumeStats | undefined> {
  let stats: FsStats;
  if (by === "du") {
    const usage = disk.get(path);
    if (!usage) return undefined;
    stats = fsStats(nodeFs, usage.at, usage);
  } else {
    const usage = await anyFilesystem(path);
    if (!usage) return undefined;
    stats = fsStats(usage, at);
  }
  return { ...stats, name, ...(claim ? { pvcRef: { name: claim.name, namespace: claim.namespace } } : {}) };
}

/** When the machine booted, in wall-clock milliseconds. */
export function bootTimeMs(read: ReadText): number | undefined {
  const seconds = /^btime (\d+)$/m.exec(read("/proc/stat") ?? "")?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** A file's text; undefined when it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
