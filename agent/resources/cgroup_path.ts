/**
 * Where a pod's cgroup is. The same tree has two spellings: plain directories, and slices when systemd owns the tree.
 *
 * ```
 *   cgroupfs   /kubepods/burstable/pod0c35-11
 *   systemd    /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0c35_11.slice
 * ```
 *
 * Guaranteed pods sit directly below `kubepods`. Both spellings are paths below the root of a cgroup mount and go to the
 * runtime as `cgroup_parent`.
 */
import { type CgroupDriver, kubepodsPaths } from "../../cgroups/mod.ts";
import type { Pod } from "../objects/mod.ts";
import { type QosClass, qosClass } from "./qos.ts";

export interface CgroupPathOptions {
  driver: CgroupDriver;
  /** The cgroup under which `kubepods` is: `cgroupRoot` of the configuration. Default `/`. */
  root?: string;
}

/** The cgroup of a QoS class; for Guaranteed it is the one of all pods. */
export function qosCgroup(qos: QosClass, { driver, root }: CgroupPathOptions): string {
  const { guaranteed, burstable, bestEffort } = kubepodsPaths(driver, root);
  return { Guaranteed: guaranteed, Burstable: burstable, BestEffort: bestEffort }[qos];
}

/** The cgroup of one pod. */
export function podCgroup(pod: Pod, options: CgroupPathOptions): string {
  return podCgroupFor(pod.metadata.uid ?? "", qosClass(pod), options);
}

/** The cgroup of a pod of which only the UID and class are known. */
export function podCgroupFor(uid: string, qos: QosClass, options: CgroupPathOptions): string {
  if (!/^[A-Za-z0-9_.-]+$/.test(uid)) {
    throw new Error(`Cannot name the cgroup of a pod: its uid is ${JSON.stringify(uid)}`);
  }
  const parent = qosCgroup(qos, options);
  if (options.driver === "cgroupfs") return `${parent}/pod${uid}`;
  // A slice's name repeats its parent's; a dash within it would read as one more level.
  const above = parent.slice(parent.lastIndexOf("/") + 1, -".slice".length);
  return `${parent}/${above}-pod${uid.replaceAll("-", "_")}.slice`;
}

/** The three places where pods' cgroups can be: what a search for leftovers lists. */
export function podCgroupParents(options: CgroupPathOptions): string[] {
  return (["Guaranteed", "Burstable", "BestEffort"] as const).map((qos) => qosCgroup(qos, options));
}

/** The UID of the pod whose cgroup this is, by the last part of its path; undefined if it is not a pod's. */
export function podUidOfCgroup(path: string, driver: CgroupDriver): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (driver === "cgroupfs") return /^pod(.+)$/.exec(name)?.[1];
  const uid = /(?:^|-)kubepods(?:-burstable|-besteffort)?-pod([^-]+)\.slice$/.exec(name)?.[1];
  return uid?.replaceAll("_", "-");
}
