/**
 * The volumes of pods, level-triggered: `prepare` brings a pod's directory to what its spec and the objects that it
 * names ask for, from whatever it finds there. What is right already, after a restart of the agent too, is left alone
 * and costs a look; nothing is remembered that the disk does not say as well.
 */
import { type Clock, systemClock } from "../clock.ts";
import type { ConfigMap, PersistentVolume, PersistentVolumeClaim, Pod, Secret, Volume } from "../objects/mod.ts";
import { type Container, podContainers, quantityBytes } from "../objects/mod.ts";
import { podLimits } from "../resources/mod.ts";
import { type CriMount, type DownwardContext, hostsMount, terminationLogMount } from "../runtime/mod.ts";
import type { Logger } from "../telemetry/log.ts";
import { writeAtomically } from "./atomic_writer.ts";
import { type Backing, resolveClaim } from "./claim.ts";
import { cleanUpSubpaths, unmountBelow } from "./clean_up.ts";
import { isDirectory, setUpBind, setUpDirectory, setUpTmpfs } from "./directories.ts";
import { SetUpError, VolumeError } from "./errors.ts";
import { setUpHostPath } from "./host_path.ts";
import { inspect, type InspectOptions } from "./inspect.ts";
import { isName, type Plugin, type PodPaths, podPaths, volumeDir } from "./layout.ts";
import { buildPayload, hasPayload, type PayloadContext, payloadInputs, tokenRequests } from "./payload.ts";
import { type MountOptions, planMounts, type PlannedMount, type VolumePlace } from "./plan_mounts.ts";
import { mountSubpath } from "./subpath.ts";
import { isErrno, isMountPoint, O, openPath, removeTree } from "../linux/mod.ts";

/** Issues the token of a pod's service account; it caches, and renews before the end of a token's life. */
export type TokenProvider = (
  pod: Pod,
  request: { audience?: string; expirationSeconds: number },
  signal?: AbortSignal,
) => Promise<string>;

export interface VolumeManagerOptions {
  /** `<rootDir>/pods` */
  podsDir: string;
  /** An object that the pod refers to, in the pod's own realm. Cluster-wide kinds have the namespace "". */
  resolve(
    kind: "ConfigMap" | "Secret" | "PersistentVolumeClaim" | "PersistentVolume",
    namespace: string,
    name: string,
    pod: Pod,
  ): unknown;
  /** What the downward API says beyond the pod's own object. */
  facts(pod: Pod): DownwardContext;
  log: Logger;
  tokens?: TokenProvider;
  /** What the node affinity of PersistentVolumes is held against; default: the hostname label alone. */
  nodeLabels?: () => { readonly [label: string]: string };
  clock?: Clock;
  /** How host paths are looked at. */
  inspect?: Pick<InspectOptions, "deadlineMs" | "mayHang" | "programs">;
}

export interface ContainerMountOptions extends MountOptions {
  /** The container's restart count. */
  attempt: number;
}

/** What this process knows to have set up. */
interface Known {
  /** Per volume with a payload: what its files were made from. */
  inputs: Map<string, unknown[]>;
  /** Host paths that were checked. */
  checked: Set<string>;
}

export class VolumeManager {
  readonly #options: VolumeManagerOptions;
  readonly #clock: Clock;
  #known = new Map<string, Known>();
  /** The end of what is under way for each pod: one thing at a time. */
  #turns = new Map<string, Promise<unknown>>();

  constructor(options: VolumeManagerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Makes every volume ready that a container of the pod mounts.
   * @throws {VolumeError} FailedMount, for all volumes that are not ready at once; the others are.
   */
  prepare(pod: Pod, signal?: AbortSignal): Promise<void> {
    return this.#inTurn(uidOf(pod), async () => {
      const paths = this.#paths(pod);
      await Deno.mkdir(paths.dir, { recursive: true, mode: 0o700 });
      await this.#setUp(pod, usedVolumes(pod), signal);
    });
  }

  /**
   * Brings the files of configMap, secret, downwardAPI and projected volumes up to date in a running pod. True if any
   * changed. @throws {VolumeError} FailedMount, where an object is gone: its files stay as they were.
   */
  refresh(pod: Pod, signal?: AbortSignal): Promise<boolean> {
    return this.#inTurn(uidOf(pod), async () => {
      if (!isDirectory(this.#paths(pod).dir)) return false;
      return await this.#setUp(pod, usedVolumes(pod).filter(hasPayload), signal);
    });
  }

  /**
   * The mounts of a container as the runtime takes them: volumes in the manifest's order, /etc/hosts once it is
   * written, the file for the termination message. `prepare` came before.
   * @throws {VolumeError} CreateContainerConfigError
   */
  mounts(pod: Pod, container: Container, options: ContainerMountOptions): Promise<CriMount[]> {
    return this.#inTurn(uidOf(pod), async () => {
      const paths = this.#paths(pod);
      const places = new Map<string, VolumePlace>();
      for (const volume of pod.spec.volumes ?? []) {
        if (!(container.volumeMounts ?? []).some(({ name }) => name === volume.name)) continue;
        try {
          places.set(volume.name, this.#place(pod, volume));
        } catch (err) {
          if (!(err instanceof SetUpError)) throw err;
          throw new VolumeError("CreateContainerConfigError", `volume "${volume.name}": ${err.message}`, [], {
            cause: err,
          });
        }
      }
      const mounts: CriMount[] = [];
      for (const planned of planMounts(container, places, options)) {
        mounts.push({
          containerPath: planned.containerPath,
          hostPath: planned.subPath === ""
            ? planned.place.path
            : await this.#subpath(pod, container.name, paths, planned),
          readonly: planned.readOnly,
          recursiveReadOnly: planned.recursiveReadOnly,
          propagation: propagation[planned.propagation],
          selinuxRelabel: planned.place.managed && selinux(),
        });
      }
      const hosts = hostsMount(container, paths.dir);
      if (hosts && exists(paths.hosts)) mounts.push({ ...hosts, selinuxRelabel: selinux() });
      const last = terminationLogMount(container, paths.dir, options.attempt);
      if (last) {
        await this.#terminationLog(paths, container.name, last.hostPath!);
        mounts.push({ ...last, selinuxRelabel: selinux() });
      }
      return mounts;
    });
  }

  /** Writes the pod's /etc/hosts, in place, because it is mounted into containers. True if it changed. */
  writeHosts(uid: string, text: string): Promise<boolean> {
    return this.#inTurn(uid, async () => {
      const { dir, hosts } = podPaths(this.#options.podsDir, uid);
      try {
        if (await Deno.readTextFile(hosts) === text) return false;
      } catch (err) {
        if (!(err instanceof Deno.errors.NotFound)) throw err;
        await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
      }
      await Deno.writeTextFile(hosts, text);
      await Deno.chmod(hosts, 0o644);
      return true;
    });
  }

  /** Unmounts the subPaths of a container that is gone. */
  cleanupSubpaths(pod: Pod, container: string): Promise<void> {
    return this.#inTurn(uidOf(pod), () => cleanUpSubpaths(this.#paths(pod), container, this.#cleaning()));
  }

  /**
   * Removes a pod's directory with everything that is mounted in it; nothing there is fine. Only when all of the
   * pod's containers are gone.
   */
  teardown(uid: string): Promise<void> {
    return this.#inTurn(uid, async () => {
      const { podsDir } = this.#options;
      const { dir } = podPaths(podsDir, uid);
      this.#known.delete(uid);
      if (!exists(dir)) return;
      // Anything but a directory of ours is only a name to remove.
      if (isDirectory(dir)) await unmountBelow(dir, this.#cleaning());
      using parent = openPath(podsDir, O.RDONLY | O.DIRECTORY);
      await removeTree(parent, uid);
    });
  }

  /** The uids that have a directory. */
  async listPodDirs(): Promise<string[]> {
    const uids: string[] = [];
    try {
      for await (const entry of Deno.readDir(this.#options.podsDir)) if (entry.isDirectory) uids.push(entry.name);
    } catch (err) {
      if (!(err instanceof Deno.errors.NotFound)) throw err;
    }
    return uids.sort();
  }

  async #setUp(pod: Pod, volumes: readonly Volume[], signal?: AbortSignal): Promise<boolean> {
    const failures: { volume: string; cause: unknown }[] = [];
    let changed = false;
    for (const volume of volumes) {
      signal?.throwIfAborted();
      try {
        if (await this.#setUpOne(pod, volume, signal)) changed = true;
      } catch (err) {
        signal?.throwIfAborted();
        failures.push({ volume: volume.name, cause: err });
      }
    }
    if (failures.length > 0) throw VolumeError.failedMount(failures);
    return changed;
  }

  async #setUpOne(pod: Pod, volume: Volume, signal?: AbortSignal): Promise<boolean> {
    const device = podContainers(pod).some(({ container }) =>
      container.volumeDevices?.some(({ name }) => name === volume.name)
    );
    if (device) throw new SetUpError("raw block volumes (volumeDevices) are not supported by this node");
    const fsGroup = pod.spec.securityContext?.fsGroup;
    const policy = pod.spec.securityContext?.fsGroupChangePolicy;
    if (volume.emptyDir) {
      const { path } = this.#place(pod, volume);
      const medium = volume.emptyDir.medium ?? "";
      if (medium === "") return await setUpDirectory(path, { fsGroup });
      if (medium === "Memory") return await setUpTmpfs(path, { fsGroup, size: this.#tmpfsSize(pod, volume) });
      if (medium.startsWith("HugePages")) {
        throw new SetUpError(`emptyDir medium "${medium}" is not supported by this node`);
      }
      throw new SetUpError(`unknown storage medium "${medium}"`);
    }
    if (volume.hostPath) return await this.#checkHostPath(pod, volume.name, volume.hostPath, signal);
    if (volume.persistentVolumeClaim) {
      const backing = this.#claim(pod, volume);
      if (backing.kind === "hostPath") return await this.#checkHostPath(pod, volume.name, backing, signal);
      const { path, readOnly, mountOptions } = backing;
      if (path.split("/").includes("..")) throw new SetUpError(`invalid local path \`${path}\`: must not contain '..'`);
      const target = this.#place(pod, volume).path;
      if (isMountPoint(target)) return false;
      const found = await inspect(path, { ...this.#options.inspect, signal });
      if (found !== "directory") {
        throw new SetUpError(
          `local volume path ${path} ${found ? `is a ${found}, not a directory` : "does not exist"}`,
        );
      }
      return await setUpBind(path, target, { fsGroup, policy, readOnly, mountOptions });
    }
    if (hasPayload(volume)) return await this.#setUpPayload(pod, volume, signal);
    throw unsupported(volume);
  }

  async #checkHostPath(
    pod: Pod,
    name: string,
    source: { path: string; type?: string },
    signal?: AbortSignal,
  ): Promise<boolean> {
    const { checked } = this.#know(pod);
    const key = `${name}\0${source.path}\0${source.type ?? ""}`;
    // Once, as kubelet: a pod that runs is not called to account for what became of the path.
    if (checked.has(key)) return false;
    await setUpHostPath(source, { ...this.#options.inspect, signal });
    checked.add(key);
    return false;
  }

  async #setUpPayload(pod: Pod, volume: Volume, signal?: AbortSignal): Promise<boolean> {
    const { inputs: known } = this.#know(pod);
    const { path } = this.#place(pod, volume);
    const context: PayloadContext = {
      pod,
      lookup: (kind, name) => this.#resolve(pod, kind, name) as ConfigMap | Secret | undefined,
      facts: this.#options.facts(pod),
      tokens: await this.#tokens(pod, volume, signal),
    };
    const inputs = payloadInputs(volume, context);
    const before = known.get(volume.name);
    // kubelet keeps ConfigMaps on disk and everything else, which may be secret, in memory.
    const onDisk = Boolean(volume.configMap);
    const ready = onDisk ? isDirectory(path) : isMountPoint(path);
    if (ready && before && sameItems(before, inputs)) return false;
    const payload = buildPayload(volume, context);
    const fsGroup = pod.spec.securityContext?.fsGroup;
    const made = onDisk
      ? await setUpDirectory(path, { fsGroup })
      : await setUpTmpfs(path, { fsGroup, size: this.#tmpfsSize(pod) });
    const written = await writeAtomically(path, payload, { fsGroup, clock: this.#clock });
    known.set(volume.name, inputs);
    if (written && !made) {
      this.#options.log.debug("volume updated", {
        pod: `${pod.metadata.namespace}/${pod.metadata.name}`,
        volume: volume.name,
      });
    }
    return made || written;
  }

  async #tokens(pod: Pod, volume: Volume, signal?: AbortSignal): Promise<Map<number, string>> {
    const { tokens } = this.#options;
    const issued = new Map<number, string>();
    if (!tokens) return issued;
    for (const { index, path: _path, ...request } of tokenRequests(volume)) {
      try {
        issued.set(index, await tokens(pod, request, signal));
      } catch (err) {
        signal?.throwIfAborted();
        throw new SetUpError(`failed to fetch token: ${(err as Error).message}`, { cause: err });
      }
    }
    return issued;
  }

  /** The size of a tmpfs: the volume's own limit where it is below the pod's, and that where it is below the node's. */
  #tmpfsSize(pod: Pod, volume?: Volume): number {
    const limits = [this.#options.facts(pod).allocatable.memory, memoryLimit(pod)];
    const own = volume?.emptyDir?.sizeLimit;
    if (own !== undefined) limits.push(quantityBytes(own));
    const set = limits.filter((limit): limit is number => limit !== undefined && limit > 0);
    return set.length > 0 ? Math.min(...set) : 0;
  }

  #place(pod: Pod, volume: Volume): VolumePlace {
    const paths = this.#paths(pod);
    const { name } = volume;
    const own = (plugin: Plugin, readOnly: boolean): VolumePlace => ({
      specName: name,
      path: volumeDir(paths, plugin, name),
      readOnly,
      managed: true,
    });
    if (volume.emptyDir) return own("empty-dir", false);
    if (volume.configMap) return own("configmap", true);
    if (volume.secret) return own("secret", true);
    if (volume.projected) return own("projected", true);
    if (volume.downwardAPI) return own("downward-api", true);
    if (volume.hostPath) return { specName: name, path: volume.hostPath.path, readOnly: false, managed: false };
    if (volume.persistentVolumeClaim) {
      const { kind, volumeName, path, readOnly } = this.#claim(pod, volume);
      const place = kind === "local" ? volumeDir(paths, "local-volume", volumeName) : path;
      return { specName: volumeName, path: place, readOnly, managed: false };
    }
    throw unsupported(volume);
  }

  #claim(pod: Pod, volume: Volume): Backing {
    const { nodeLabels } = this.#options;
    return resolveClaim(pod, volume.persistentVolumeClaim!, {
      claim: (_namespace, name) =>
        this.#resolve(pod, "PersistentVolumeClaim", name) as PersistentVolumeClaim | undefined,
      volume: (name) => this.#options.resolve("PersistentVolume", "", name, pod) as PersistentVolume | undefined,
      nodeLabels: nodeLabels?.() ?? { "kubernetes.io/hostname": this.#options.facts(pod).nodeName },
    });
  }

  #resolve(pod: Pod, kind: "ConfigMap" | "Secret" | "PersistentVolumeClaim", name: string): unknown {
    return this.#options.resolve(kind, pod.metadata.namespace ?? "default", name, pod);
  }

  async #subpath(pod: Pod, container: string, paths: PodPaths, planned: PlannedMount): Promise<string> {
    const { place, subPath, index, volume } = planned;
    const refuse = (err: unknown) => {
      // The container's owner must not learn from it what the host's file system looks like: that goes into the log.
      this.#options.log.warn("cannot prepare subPath", {
        pod: `${pod.metadata.namespace}/${pod.metadata.name}`,
        container,
        volume,
        err,
      });
      return new VolumeError(
        "CreateContainerConfigError",
        `failed to prepare subPath for volumeMount "${volume}" of container "${container}"`,
        [],
        { cause: err },
      );
    };
    try {
      if (!isName(place.specName) || !isName(container)) throw new Error("Cannot name the mount of a subPath");
      const target = `${paths.subpaths}/${place.specName}/${container}/${index}`;
      // Opening it here waits for a server that may be gone; a child finds out first.
      if (!place.managed) await inspect(`${place.path}/${subPath}`, this.#options.inspect);
      mountSubpath({ volumePath: place.path, subPath, target, followAbsolute: !place.managed });
      return target;
    } catch (err) {
      throw refuse(err);
    }
  }

  async #terminationLog(paths: PodPaths, container: string, file: string): Promise<void> {
    if (!isName(container)) throw new Error(`Cannot name the directory of container ${JSON.stringify(container)}`);
    const dir = `${paths.containers}/${container}`;
    await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
    await Deno.writeFile(file, new Uint8Array(0), { mode: 0o666 });
    await Deno.chmod(file, 0o666);
    // A container that crashes for a year must not fill the disk: its status reads the last two.
    const attempt = Number(file.slice(file.lastIndexOf("/") + 1));
    for await (const { name } of Deno.readDir(dir)) {
      if (/^\d+$/.test(name) && Number(name) < attempt - 4) await Deno.remove(`${dir}/${name}`);
    }
  }

  #paths(pod: Pod): PodPaths {
    return podPaths(this.#options.podsDir, uidOf(pod));
  }

  #know(pod: Pod): Known {
    const uid = uidOf(pod);
    let known = this.#known.get(uid);
    if (!known) this.#known.set(uid, known = { inputs: new Map(), checked: new Set() });
    return known;
  }

  #cleaning() {
    return { log: this.#options.log, clock: this.#clock };
  }

  async #inTurn<T>(uid: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(uid);
    const turn = (async () => {
      await before?.catch(() => undefined);
      return await work();
    })();
    this.#turns.set(uid, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(uid) === turn) this.#turns.delete(uid);
    }
  }
}

/** CRI's MountPropagation. */
const propagation = { None: 0, HostToContainer: 1, Bidirectional: 2 } as const;

/** The volumes that some container mounts; kubelet leaves the others alone. */
export function usedVolumes(pod: Pod): Volume[] {
  const used = new Set<string>();
  for (const { container } of podContainers(pod)) {
    for (const { name } of container.volumeMounts ?? []) used.add(name);
    for (const { name } of container.volumeDevices ?? []) used.add(name);
  }
  return (pod.spec.volumes ?? []).filter(({ name }) => used.has(name));
}

/** What the pod's cgroup will be limited to; undefined where some container has no limit. */
function memoryLimit(pod: Pod): number | undefined {
  const all = podContainers(pod).filter(({ role }) => role !== "ephemeral");
  const whole = pod.spec.resources?.limits?.memory !== undefined;
  if (!whole && !all.every(({ container }) => container.resources?.limits?.memory !== undefined)) return undefined;
  return podLimits(pod).memory;
}

function unsupported(volume: Volume): SetUpError {
  const source = Object.keys(volume).find((key) => key !== "name" && volume[key as keyof Volume] !== undefined);
  return new SetUpError(source ? `volume source "${source}" is not supported by this node` : "it has no volume source");
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function uidOf(pod: Pod): string {
  return pod.metadata.uid ?? "";
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (err) {
    if (err instanceof Deno.errors.NotFound || isErrno(err, "ENOENT")) return false;
    throw err;
  }
}

let selinuxOn: boolean | undefined;

/** Whether files need SELinux labels at all. */
function selinux(): boolean {
  return selinuxOn ??= exists("/sys/fs/selinux/enforce");
}
