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
import type { Pod } from "../objects/mod.ts";
import { type QosClass, qosClass } from "./qos.ts";

export type CgroupDriver = "cgroupfs" | "systemd";

export interface CgroupPathOptions {
  driver: CgroupDriver;
  /** The cgroup under which `kubepods` is: `cgroupRoot` of the configuration. Default `/`. */
  root?: string;
}

/** The cgroup that holds every pod. */
export function kubepodsCgroup(options: CgroupPathOptions): string {
  return spell(["kubepods"], options);
}

/** The cgroup of a QoS class; for Guaranteed it is the one of all pods. */
export function qosCgroup(qos: QosClass, options: CgroupPathOptions): string {
  return spell(["kubepods", ...qosPart(qos)], options);
}

/** The cgroup of one pod. */
export function podCgroup(pod: Pod, options: CgroupPathOptions): string {
  return podCgroupFor(pod.metadata.uid ?? "", qosClass(pod), options);
}

/** The cgroup of a pod of which only the UID and class are known. */
export function podCgroupFor(uid: string, qos: QosClass, options: CgroupPathOptions): string {
  if (uid === "" || uid.includes("/")) throw new Error(`Cannot name a pod's cgroup: the UID is ${JSON.stringify(uid)}`);
  return spell(["kubepods", ...qosPart(qos), `pod${uid}`], options);
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

function qosPart(qos: QosClass): string[] {
  return qos === "Guaranteed" ? [] : [qos.toLowerCase()];
}

function spell(names: string[], { driver, root = "/" }: CgroupPathOptions): string {
  const above = root.split("/").filter(Boolean);
  if (driver === "cgroupfs") return "/" + [...above, ...names].join("/");
  // A slice's name repeats those of its ancestors, joined by dashes; a dash within a name would read as one more level.
  const parts = [...above.map((part) => part.replace(/\.slice$/, "").split("-").pop()!), ...names]
    .map((part) => part.replaceAll("-", "_"));
  return "/" + parts.map((_, i) => `${parts.slice(0, i + 1).join("-")}.slice`).join("/");
}
