/** A container's mounts, made: subPaths bound, the file for the termination message there, all in the runtime's words. */
import type { Container, Pod } from "../objects/mod.ts";
import { type CriMount, hostsMount, terminationLogMount } from "../runtime/mod.ts";
import { SetUpError, VolumeError } from "./errors.ts";
import { inspect } from "./inspect.ts";
import { isName, type PodPaths } from "./layout.ts";
import type { VolumeManagerOptions } from "./options.ts";
import { pathsOf, placeOf } from "./places.ts";
import { type MountOptions, planMounts, type PlannedMount, type VolumePlace } from "./plan_mounts.ts";
import { mountSubpath } from "./subpath.ts";

export interface ContainerMountOptions extends MountOptions {
  /** The container's restart count. */
  attempt: number;
}

/** @throws {VolumeError} CreateContainerConfigError */
export async function containerMounts(
  pod: Pod,
  container: Container,
  options: ContainerMountOptions,
  deps: VolumeManagerOptions,
): Promise<CriMount[]> {
  const paths = pathsOf(pod, deps);
  const places = new Map<string, VolumePlace>();
  for (const volume of pod.spec.volumes ?? []) {
    if (!(container.volumeMounts ?? []).some(({ name }) => name === volume.name)) continue;
    try {
      places.set(volume.name, placeOf(pod, volume, deps));
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
        : await prepareSubpath(pod, container.name, paths, planned, deps),
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
    makeTerminationLog(paths, container.name, last.hostPath!);
    mounts.push({ ...last, selinuxRelabel: selinux() });
  }
  return mounts;
}

/** CRI's MountPropagation. */
const propagation = { None: 0, HostToContainer: 1, Bidirectional: 2 } as const;

async function prepareSubpath(
  pod: Pod,
  container: string,
  paths: PodPaths,
  planned: PlannedMount,
  deps: VolumeManagerOptions,
): Promise<string> {
  const { place, subPath, index, volume } = planned;
  const refuse = (err: unknown) => {
    // The container's owner must not learn from it what the host's file system looks like: that goes into the log.
    deps.log.warn("cannot prepare subPath", {
      pod: `${pod.metadata.namespace}/${pod.metadata.name}`,
      container,
      volume,
      err,
    });
    return new VolumeError(
      "CreateContainerConfigError",
      `failed to prepare subPath for volumeMount "${volume}" of container "${container}"`,
    );
  };
  try {
    if (!isName(place.specName) || !isName(container)) throw new Error("Cannot name the mount of a subPath");
    const target = `${paths.subpaths}/${place.specName}/${container}/${index}`;
    // Opening it here waits for a server that may be gone; a child finds out first.
    if (!place.managed) await inspect(`${place.path}/${subPath}`, deps.inspect);
    mountSubpath({ volumePath: place.path, subPath, target, followAbsolute: !place.managed });
    return target;
  } catch (err) {
    throw refuse(err);
  }
}

/** Synchronous, as everything small in rootDir: a hand-over to another thread and back costs more than the call. */
function makeTerminationLog(paths: PodPaths, container: string, file: string): void {
  if (!isName(container)) throw new Error(`Cannot name the directory of container ${JSON.stringify(container)}`);
  const dir = `${paths.containers}/${container}`;
  Deno.mkdirSync(dir, { recursive: true, mode: 0o700 });
  Deno.writeFileSync(file, new Uint8Array(0), { mode: 0o666 });
  Deno.chmodSync(file, 0o666);
  // A container that crashes for a year must not fill the disk: its status reads the last two.
  const attempt = Number(file.slice(file.lastIndexOf("/") + 1));
  for (const { name } of [...Deno.readDirSync(dir)]) {
    if (/^\d+$/.test(name) && Number(name) < attempt - 4) Deno.removeSync(`${dir}/${name}`);
  }
}

/** Whether there is anything of that name. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (err) {
    if (err instanceof Deno.errors.NotFound) return false;
    throw err;
  }
}

let selinuxOn: boolean | undefined;

/** Whether files need SELinux labels at all. */
function selinux(): boolean {
  return selinuxOn ??= exists("/sys/fs/selinux/enforce");
}
