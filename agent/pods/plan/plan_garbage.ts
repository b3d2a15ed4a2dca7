/**
 * What pods leave behind: of every container so many ended attempts are kept (one, unless configured: its log is
 * `logs --previous`), older ones go, and sandboxes go with their last container. The rules are kubelet's: MinAge,
 * MaxPerPodContainer; what its MaxContainers has no room for comes from dead_containers.ts.
 */
import type { ObservedContainer, ObservedSandbox } from "../../observed/types.ts";
import { due } from "./plan_end.ts";
import type { PodAction, PodPlan, PodState } from "../types.ts";

/**
 * Removals for records that nothing needs any more. `current` is the sandbox in use; none: the pod has finished, and what is
 * left of it was released.
 */
export function planGarbage(state: PodState, current: ObservedSandbox | undefined): PodPlan {
  const { containers, sandboxes } = state.observed!;
  const { perContainer, minAgeMs, excess, wall } = state.garbage;
  const actions: PodAction[] = [];
  const kept = new Map<string, number>();
  const used = new Set([current?.id ?? sandboxes[0]?.id]);
  let nextAt: number | undefined;
  for (const container of containers) {
    const { id, name, attempt, sandboxId } = container;
    const count = kept.get(name) ?? 0;
    const dispensable = container.state === "created"
      ? current !== undefined && sandboxId !== current.id
      : container.state === "exited" && !isNeeded(state, container, current) &&
        (excess.has(id) || perContainer >= 0 && count >= perContainer);
    const age = wall - container.createdAt;
    const tooYoung = container.state === "exited" && age < minAgeMs;
    if (dispensable && !tooYoung) {
      // what comes before one that is not kept is not kept either
      const older = container.state === "exited" ? { older: true } : {};
      actions.push({ type: "removeContainer", name, containerId: id, attempt, ...older });
      continue;
    }
    // never longer than the age itself, whatever the wall clock says
    if (dispensable) nextAt = Math.min(nextAt ?? Infinity, state.now + Math.min(minAgeMs, minAgeMs - age));
    if (container.state === "exited") kept.set(name, count + 1);
    used.add(sandboxId);
  }
  for (const { id, ready } of sandboxes) {
    if (!ready && !used.has(id)) actions.push({ type: "removeSandbox", sandboxId: id });
  }
  const plan = due(state, actions);
  const wakes = [plan.nextAt, nextAt].filter((at) => at !== undefined);
  return { ...plan, ...(wakes.length > 0 ? { nextAt: Math.min(...wakes) } : {}) };
}

/**
 * Whether a container's last attempt is what the pod stands on: it says whether and when the container runs again. In a pod
 * that has finished the published status says the same.
 */
export function isNeeded(
  { observed, remembered }: Pick<PodState, "observed" | "remembered">,
  { id, name }: ObservedContainer,
  current: ObservedSandbox | undefined,
): boolean {
  if (observed!.containers.find((newest) => newest.name === name)?.id !== id) return false;
  const known = remembered.get(name);
  return current !== undefined || known?.containerId !== id || known.exitCode === undefined;
}
