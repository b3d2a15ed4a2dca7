/** Brings a pod's cgroup and its running containers to the amounts that it was granted. `plan_resize.ts` says when. */
import { type CgroupFs, workingSetBytes } from "../../../cgroups/mod.ts";
import type { CriClient } from "../../../cri/mod.ts";
import { findContainer, type Pod } from "../../objects/mod.ts";
import {
  type CgroupPathOptions,
  podCgroup,
  podCgroupLimits,
  type PodLimitOptions,
  widest,
} from "../../resources/mod.ts";
import { updatedResources } from "../../runtime/mod.ts";
import type { ActionNotes } from "./action_notes.ts";
import { StepError } from "./failures.ts";
import type { PodMessages } from "./messages.ts";
import { resourcesOf } from "../plan/amounts.ts";

export interface ResizeDeps {
  cri: CriClient;
  cgroups: CgroupFs;
  cgroupPaths: CgroupPathOptions;
  podLimits: PodLimitOptions;
  messages: Pick<PodMessages, "limits">;
}

/** Gives the pod's cgroup room for what its containers have and for what they are to have. */
export async function growCgroup(
  { cgroups, cgroupPaths, podLimits }: Omit<ResizeDeps, "cri" | "messages">,
  pod: Pod,
  actuated: Pod,
): Promise<void> {
  const room = widest(podCgroupLimits(actuated, podLimits), podCgroupLimits(pod, podLimits));
  await cgroups.apply(podCgroup(pod, cgroupPaths), room);
}

/** Containers first, then the pod's cgroup, which has had room for both. Memory in use is not taken away. */
export async function resizeContainers(
  { cri, cgroups, cgroupPaths, podLimits, messages }: ResizeDeps,
  pod: Pod,
  containers: readonly { name: string; containerId: string }[],
  signal: AbortSignal,
  notes: ActionNotes,
): Promise<void> {
  const path = podCgroup(pod, cgroupPaths);
  const limits = podCgroupLimits(pod, podLimits);
  refuseBelowUse(
    "pod",
    podCgroupLimits(notes.actuated, podLimits).memoryBytes,
    limits.memoryBytes,
    () => workingSetBytes(cgroups, path),
  );
  for (const { name, containerId } of containers) {
    const container = findContainer(pod, name)!.container;
    const before = messages.limits(notes.actuated, findContainer(notes.actuated, name)!.container);
    const now = messages.limits(pod, container);
    if (isLess(now.memoryBytes, before.memoryBytes)) {
      const { stats } = await cri.runtime.containerStats({ containerId }, { signal });
      refuseBelowUse(
        `container ${JSON.stringify(name)}`,
        before.memoryBytes,
        now.memoryBytes,
        () => Number(stats?.memory?.workingSetBytes?.value ?? 0n),
      );
    }
    await cri.runtime.updateContainerResources({ containerId, linux: updatedResources(now) }, { signal });
    notes.resized(containerId, resourcesOf(container));
  }
  await cgroups.apply(path, widest(limits, limits));
}

/** @throws StepError where a memory limit would fall below what is in use. Best effort: use may grow right afterwards. */
function refuseBelowUse(
  of: string,
  before: number | undefined,
  now: number | undefined,
  use: () => number | undefined,
): void {
  if (!isLess(now, before)) return;
  const used = use() ?? 0;
  if (now! > used) return;
  const message = `attempting to set ${of} memory limit (${now}) below current usage (${used})`;
  throw new StepError("ResizeError", message);
}

/** Whether one limit is tighter than another; undefined is none. */
function isLess(now: number | undefined, before: number | undefined): boolean {
  return now !== undefined && now < (before ?? Infinity);
}
