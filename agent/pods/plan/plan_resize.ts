/**
 * How a pod is brought to the amounts that it was granted (KEP-1287): containers that have to be started anew for it are,
 * then its cgroup grows, then running containers are changed, then the cgroup shrinks.
 */
import { type Container, podContainers } from "../../objects/mod.ts";
import type { ObservedContainer, ObservedSandbox } from "../../observed/types.ts";
import { changes, needsRestart, resourcesOf } from "./amounts.ts";
import { lastEnd } from "./standing.ts";
import type { PodAction, PodState } from "../types.ts";

export interface ResizeSteps {
  /** Running containers that take their new amounts only with a new start. */
  restarts: { container: Container; present: ObservedContainer }[];
  /** What can be done now beside that. */
  action?: PodAction;
}

export function resizeSteps(state: PodState, sandbox: ObservedSandbox): ResizeSteps {
  const steps: ResizeSteps = { restarts: [] };
  if (!state.prepared) return steps;
  const containers: { name: string; containerId: string }[] = [];
  for (const { container, role } of podContainers(state.pod)) {
    const present = state.observed!.containers.find(({ name, sandboxId }) =>
      name === container.name && sandboxId === sandbox.id
    );
    if (role === "ephemeral" || present?.state !== "running") continue;
    const changed = changes(state.actuated.get(present.id) ?? {}, resourcesOf(container));
    if (changed.length === 0) continue;
    if (needsRestart(container, changed)) steps.restarts.push({ container, present });
    else containers.push({ name: container.name, containerId: present.id });
  }
  if (!state.grown) return { ...steps, action: { type: "grow" } };
  // what ends holds what it has until it has ended
  const waits = steps.restarts.length > 0 || state.operations.some(({ type }) => type === "grow");
  if (waits || containers.length === 0 && state.settled) return steps;
  return { ...steps, action: { type: "resize", containers } };
}

/** All amounts that the pod was granted are in force; a container that is to start again has started with them. */
export function isResized(state: PodState): boolean {
  const { pod, observed, actuated, grown, settled } = state;
  return grown && settled && podContainers(pod).every(({ container, role }) => {
    const newest = observed!.containers.find(({ name }) => name === container.name);
    if (role === "ephemeral" || !newest) return true;
    const ended = newest.state === "exited" && lastEnd(state, container)?.restart === false;
    return ended || changes(actuated.get(newest.id) ?? {}, resourcesOf(container)).length === 0;
  });
}
