/** How a pod and its containers stand: what can be built on, what has ended for good, what waits. Pure. */
import { type Container, isSidecar, type Pod } from "../../objects/mod.ts";
import type { ObservedContainer, ObservedSandbox } from "../../observed/types.ts";
import { containerHashVersion, sameContainer } from "../../runtime/hash.ts";
import { hashAnnotation, hashVersionAnnotation, imageAnnotation } from "../../runtime/labels.ts";
import { restartPolicy, shouldRestart } from "./restart_policy.ts";
import type { PodState } from "../types.ts";

/** The newest sandbox, if it can carry containers: ready, and with an address where the pod has its own network. */
export function usableSandbox(state: PodState): ObservedSandbox | undefined {
  const newest = state.observed?.sandboxes[0];
  if (!newest?.ready || state.stoppedSandboxes.has(newest.id)) return undefined;
  return state.pod.spec.hostNetwork || newest.ips.length > 0 ? newest : undefined;
}

/**
 * How a pod that runs to completion stands: "failed" once an init container has failed for good, "completed" once no
 * regular container is to run any more.
 */
export function outcome(state: PodState): "open" | "completed" | "failed" {
  const { pod } = state;
  for (const container of pod.spec.initContainers ?? []) {
    if (isSidecar(container)) continue;
    const end = lastEnd(state, container);
    if (end && end.exitCode !== 0 && !end.restart) return "failed";
  }
  return pod.spec.containers.every((container) => lastEnd(state, container)?.restart === false) ? "completed" : "open";
}

/** The end of the newest attempt of a container, from the runtime or, where its record is gone, from the last status. */
export function lastEnd(state: PodState, container: Container): { exitCode: number; restart: boolean } | undefined {
  const newest = state.observed?.containers.find(({ name }) => name === container.name);
  if (newest) {
    if (newest.state !== "exited") return undefined;
    return { exitCode: newest.exitCode, restart: wantsRestart(state, container, newest) };
  }
  const exitCode = state.remembered.get(container.name)?.exitCode;
  return exitCode === undefined ? undefined : { exitCode, restart: shouldRestart(state.pod, container, exitCode) };
}

function wantsRestart(state: PodState, container: Container, ended: ObservedContainer): boolean {
  if (state.restartWanted.has(ended.id) || shouldRestart(state.pod, container, ended.exitCode)) return true;
  return isEdited(container, ended) && restartPolicy(state.pod, container) !== "Never";
}

/** Whether the container was made from another image (or name) than the spec asks for now. */
export function isEdited(container: Container, { annotations, image }: ObservedContainer): boolean {
  const hash = annotations[hashAnnotation];
  if (hash === undefined) return false;
  const version = Number(annotations[hashVersionAnnotation] ?? containerHashVersion);
  return !sameContainer(container, { hash, version, image: annotations[imageAnnotation] ?? image });
}

/** Monotonic ms before which the container is not restarted after `last`. Another image owes nothing for the old one's crashes. */
export function backoffUntil(
  state: PodState,
  container: Container,
  last: ObservedContainer | undefined,
): number | undefined {
  const until = last?.state === "exited" ? state.backoff.get(last.id) : undefined;
  return until !== undefined && until > state.now && !isEdited(container, last!) ? until : undefined;
}

/** Seconds that a pod's containers get to end. */
export function gracePeriodSeconds(pod: Pod): number {
  return pod.spec.terminationGracePeriodSeconds ?? 30;
}
