/**
 * Which ended containers the node has no room for (kubelet's MaxContainers), over all pods. Pure. Of pods that run, the last
 * attempt of a container is never among them; of pods that have finished all may be.
 */
import type { ObservedContainer, ObservedPod } from "../observed/types.ts";

/** Which ended containers are kept; a negative number is no limit. */
export interface DeadContainerPolicy {
  /** Younger ones stay, ms. */
  minAgeMs: number;
  /** Ended attempts of each container. */
  perContainer: number;
  /** On the node. */
  total: number;
}

export const defaultDeadContainerPolicy: DeadContainerPolicy = { minAgeMs: 0, perContainer: 1, total: -1 };

export interface DeadPod {
  observed: ObservedPod;
  /** It will not run again, and its status is published. */
  finished: boolean;
}

/** IDs of the containers that are too many: first those beyond an equal share of each container, then the oldest. */
export function excessContainers(pods: readonly DeadPod[], total: number): Set<string> {
  const excess = new Set<string>();
  if (total < 0) return excess;
  /** Ended attempts of one container of one pod, newest first; the last attempt of one that runs left out. */
  const units: { container: ObservedContainer; free: boolean }[][] = [];
  for (const { observed: { containers }, finished } of pods) {
    for (const name of new Set(containers.map(({ name }) => name))) {
      const attempts = containers.filter((container) => container.name === name);
      const unit = attempts.filter(({ state }) => state === "exited")
        .map((container) => ({ container, free: finished || container !== attempts[0] }));
      if (unit.length > 0) units.push(unit);
    }
  }
  let left = units.reduce((sum, unit) => sum + unit.length, 0) - total;
  const remove = ({ container, free }: { container: ObservedContainer; free: boolean }) => {
    if (left <= 0 || !free || excess.has(container.id)) return;
    excess.add(container.id);
    left--;
  };
  const share = Math.max(1, Math.floor(total / Math.max(1, units.length)));
  for (const unit of units) for (const dead of unit.slice(share).reverse()) remove(dead);
  for (const dead of units.flat().sort((a, b) => a.container.createdAt - b.container.createdAt)) remove(dead);
  return excess;
}

/** All ended containers of pods that have finished: what is given up before any pod is. */
export function finishedContainers(pods: readonly DeadPod[]): Set<string> {
  return new Set(
    pods.filter(({ finished }) => finished)
      .flatMap(({ observed: { containers } }) => containers)
      .filter(({ state }) => state === "exited").map(({ id }) => id),
  );
}
