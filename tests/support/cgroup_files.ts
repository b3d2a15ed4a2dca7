/**
 * What the kernel says of the cgroups of a test node's pods, in the same words on cgroup v1 and v2. The files are read here, not
 * by the product's own means, which tests hold against this.
 */
import { existsSync } from "node:fs";
import type { NodeClient } from "./node_client.ts";
import { containerId, type Pod } from "./pods.ts";

/** Whether this machine has cgroup v2. */
export const v2 = existsSync("/sys/fs/cgroup/cgroup.controllers");

/** A pod's cgroup below the node's own, with the cgroupfs driver. */
export function podCgroup({ metadata, status }: Pod): string {
  const { qosClass } = status!;
  return `kubepods/${qosClass === "Guaranteed" ? "" : `${qosClass!.toLowerCase()}/`}pod${metadata.uid}`;
}

/** That of one of its containers; without a name, of the only one. */
export function containerCgroup(pod: Pod, name?: string): string {
  return `${podCgroup(pod)}/${containerId(pod, name)}`;
}

/** The number behind a key of a file of `key number` lines; 0 where it is not there. */
export function counted(text: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
}

/** CPU time in nanoseconds. */
export function cpuNs(node: NodeClient, path: string): number {
  return v2
    ? counted(node.cgroupFile("cpu", path, "cpu.stat"), "usage_usec") * 1000
    : Number(node.cgroupFile("cpuacct", path, "cpuacct.usage"));
}

/** Memory in use without file pages that were not used lately, bytes. */
export function workingSet(node: NodeClient, path: string): number {
  const stat = node.cgroupFile("memory", path, "memory.stat");
  const use = Number(node.cgroupFile("memory", path, v2 ? "memory.current" : "memory.usage_in_bytes"));
  return use - counted(stat, v2 ? "inactive_file" : "total_inactive_file");
}

/** A cgroup's limits in Kubernetes' words; −1: none. */
export interface Limits {
  shares: number;
  quota: number;
  period: number;
  memory: number;
}

export function limits(node: NodeClient, path: string): Limits {
  const value = (text: string) => text === "max" || Number(text) > 2 ** 60 ? -1 : Number(text);
  if (v2) {
    const [quota, period] = node.cgroupFile("", path, "cpu.max").split(" ");
    return {
      shares: sharesOf(Number(node.cgroupFile("", path, "cpu.weight"))),
      quota: value(quota),
      period: Number(period),
      memory: value(node.cgroupFile("", path, "memory.max")),
    };
  }
  return {
    shares: Number(node.cgroupFile("cpu", path, "cpu.shares")),
    quota: Number(node.cgroupFile("cpu", path, "cpu.cfs_quota_us")),
    period: Number(node.cgroupFile("cpu", path, "cpu.cfs_period_us")),
    memory: value(node.cgroupFile("memory", path, "memory.limit_in_bytes")),
  };
}

/** Limits as the machine can hold them: cgroup v2 keeps shares as whole weights, which are smaller numbers. */
export function held(asked: Limits): Limits {
  return v2 ? { ...asked, shares: sharesOf(Math.floor(1 + (asked.shares - 2) * 9999 / 262142)) } : asked;
}

function sharesOf(weight: number): number {
  return Math.ceil(2 + (weight - 1) * 262142 / 9999);
}
