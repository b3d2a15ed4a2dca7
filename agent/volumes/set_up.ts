/**
 * Making volumes ready, each by its kind. What is right already is left alone and costs a look; nothing is remembered
 * that the disk does not say as well.
 */
import { isMounted, isMountPoint } from "../linux/mod.ts";
import { type ConfigMap, type Pod, podContainers, quantityBytes, type Secret, type Volume } from "../objects/mod.ts";
import { podLimits } from "../resources/mod.ts";
import { writeAtomically } from "./atomic_writer.ts";
import { isDirectory, setUpBind, setUpDirectory, setUpTmpfs } from "./directories.ts";
import { SetUpError, VolumeError } from "./errors.ts";
import { setUpHostPath } from "./host_path.ts";
import { inspect } from "./inspect.ts";
import type { VolumeManagerOptions } from "./options.ts";
import { buildPayload, hasPayload, type PayloadContext, payloadInputs, tokenRequests } from "./payload.ts";
import { claimOf, placeOf, resolveFor, unsupported } from "./places.ts";

/** What this process knows to have set up. */
interface Known {
  /** Per volume with a payload: what its files were made from. */
  inputs: Map<string, unknown[]>;
  /** Host paths that were checked. */
  checked: Set<string>;
}

export class VolumeSetUp {
  #known = new Map<string, Known>();
  readonly #options: VolumeManagerOptions;

  constructor(options: VolumeManagerOptions) {
    this.#options = options;
  }

  /** Drops what is known of a pod that is gone. */
  forget(uid: string): void {
    this.#known.delete(uid);
  }

  /**
   * Brings each of `volumes` to what it should be. True if any changed.
   * @throws {VolumeError} FailedMount, for all that are not ready at once; the others are.
   */
  async run(pod: Pod, volumes: readonly Volume[], signal?: AbortSignal): Promise<boolean> {
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
      const { path } = placeOf(pod, volume, this.#options);
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
      const backing = claimOf(pod, volume, this.#options);
      if (backing.kind === "hostPath") return await this.#checkHostPath(pod, volume.name, backing, signal);
      const { path, readOnly, mountOptions } = backing;
      if (path.split("/").includes("..")) throw new SetUpError(`invalid local path \`${path}\`: must not contain '..'`);
      const target = placeOf(pod, volume, this.#options).path;
      if (isMounted(target)) return false;
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
    const { path } = placeOf(pod, volume, this.#options);
    const context: PayloadContext = {
      pod,
      lookup: (kind, name) => resolveFor(pod, kind, name, this.#options) as ConfigMap | Secret | undefined,
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
    const written = await writeAtomically(path, payload, { fsGroup, clock: this.#options.clock });
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

  #know(pod: Pod): Known {
    const uid = pod.metadata.uid ?? "";
    let known = this.#known.get(uid);
    if (!known) this.#known.set(uid, known = { inputs: new Map(), checked: new Set() });
    return known;
  }
}

/** What the pod's cgroup will be limited to; undefined where some container has no limit. */
function memoryLimit(pod: Pod): number | undefined {
  const all = podContainers(pod).filter(({ role }) => role !== "ephemeral");
  const whole = pod.spec.resources?.limits?.memory !== undefined;
  if (!whole && !all.every(({ container }) => container.resources?.limits?.memory !== undefined)) return undefined;
  return podLimits(pod).memory;
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
