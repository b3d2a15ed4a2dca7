/**
 * Where a pod's files are, laid out as kubelet does:
 *
 * ```
 *   <podsDir>/<uid>/volumes/kubernetes.io~<plugin>/<volume>     the volumes
 *                   volume-subpaths/<volume>/<container>/<n>    bind mounts of subPaths, n = index in volumeMounts
 *                   containers/<container>/<attempt>            termination messages
 *                   etc-hosts
 * ```
 */

export type Plugin =
  | "empty-dir"
  | "configmap"
  | "secret"
  | "projected"
  | "downward-api"
  | "local-volume";

/** The paths of one pod. */
export interface PodPaths {
  dir: string;
  volumes: string;
  subpaths: string;
  containers: string;
  hosts: string;
}

/** @throws {Error} for a uid that could not be the name of a directory. */
export function podPaths(podsDir: string, uid: string): PodPaths {
  if (!isName(uid)) throw new Error(`Cannot name the directory of a pod: its uid is ${JSON.stringify(uid)}`);
  const dir = `${podsDir}/${uid}`;
  return {
    dir,
    volumes: `${dir}/volumes`,
    subpaths: `${dir}/volume-subpaths`,
    containers: `${dir}/containers`,
    hosts: `${dir}/etc-hosts`,
  };
}

/** Where a volume of this plugin and name is. */
export function volumeDir(paths: PodPaths, plugin: Plugin, name: string): string {
  if (!isName(name)) throw new Error(`Cannot name the directory of a volume: its name is ${JSON.stringify(name)}`);
  return `${paths.volumes}/kubernetes.io~${plugin}/${name}`;
}

/** Whether this can be one component of a path below a directory of ours. */
export function isName(name: unknown): name is string {
  return typeof name === "string" && name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name) &&
    name.length <= 255;
}
