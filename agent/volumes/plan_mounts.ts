/** Which mounts a container asks for: the checks that kubelet makes, and the plan as plain data. Pure. */
import type { Container, VolumeMount } from "../objects/mod.ts";
import { expand } from "../runtime/mod.ts";
import { VolumeError } from "./errors.ts";

/** Where a volume of the pod is on the host. */
export interface VolumePlace {
  /** The volume's own name; for a claim the PersistentVolume's. */
  specName: string;
  path: string;
  readOnly: boolean;
  /** Whether it is ours, in the pod's directory, and no path that the host's owner named. */
  managed: boolean;
}

export type Propagation = "None" | "HostToContainer" | "Bidirectional";

/** One mount to make. */
export interface PlannedMount {
  /** Index in volumeMounts. */
  index: number;
  volume: string;
  place: VolumePlace;
  /** Relative path inside the volume; empty for all of it. */
  subPath: string;
  containerPath: string;
  readOnly: boolean;
  recursiveReadOnly: boolean;
  propagation: Propagation;
}

export interface MountOptions {
  /** The container's environment, for subPathExpr. */
  env?: ReadonlyMap<string, string>;
  /** Whether the runtime handler can make mounts read-only all the way down. */
  recursiveReadOnly?: boolean;
}

/** A container's mounts in the order of volumeMounts. @throws {VolumeError} CreateContainerConfigError */
export function planMounts(
  container: Pick<Container, "name" | "volumeMounts">,
  places: ReadonlyMap<string, VolumePlace>,
  options: MountOptions = {},
): PlannedMount[] {
  return (container.volumeMounts ?? []).map((mount, index) => {
    const place = places.get(mount.name);
    if (!place) {
      throw configError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
    }
    return {
      index,
      volume: mount.name,
      place,
      subPath: subPathOf(mount, options.env ?? new Map()),
      containerPath: mount.mountPath.startsWith("/") ? mount.mountPath : `/${mount.mountPath}`,
      readOnly: Boolean(mount.readOnly) || place.readOnly,
      recursiveReadOnly: recursively(mount, options.recursiveReadOnly ?? false),
      propagation: (mount.mountPropagation ?? "None") as Propagation,
    };
  });
}

function configError(message: string): VolumeError {
  return new VolumeError("CreateContainerConfigError", message);
}

function subPathOf(mount: VolumeMount, env: ReadonlyMap<string, string>): string {
  let { subPath = "" } = mount;
  if (mount.subPathExpr) {
    const missing = new Set<string>();
    subPath = expand(mount.subPathExpr, (name) => {
      const value = env.get(name) ?? "";
      if (value === "") missing.add(name);
      return value;
    });
    if (missing.size > 0) throw configError(`missing value for ${[...missing].sort().join(", ")}`);
  }
  if (subPath.startsWith("/")) throw configError(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split("/").includes("..")) {
    throw configError(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
  }
  if (subPath.includes("\0")) throw configError("unable to provision SubPath: it contains a NUL");
  return subPath;
}

function recursively(mount: VolumeMount, supported: boolean): boolean {
  const mode = mount.recursiveReadOnly;
  if (!mode || mode === "Disabled") return false;
  const asked = `volume "${mount.name}" requested recursive read-only mode, but it is not`;
  if (!mount.readOnly) throw configError(`${asked} read-only`);
  if (mount.mountPropagation && mount.mountPropagation !== "None") {
    throw configError(`${asked} compatible with propagation "${mount.mountPropagation}"`);
  }
  if (mode === "IfPossible") return supported;
  if (!supported) throw configError(`${asked} supported by the runtime`);
  return true;
}
