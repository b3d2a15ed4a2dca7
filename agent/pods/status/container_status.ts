/**
 * The status of one container: waiting, running or terminated, with what it was before. Pure.
 * Source: Kubernetes API reference, ContainerStatus; reasons as kubelet writes them.
 */
import { timestamp } from "../../clock.ts";
import type {
  Container,
  ContainerRole,
  ContainerState,
  ContainerStatus,
  ResourceRequirements,
} from "../../objects/mod.ts";
import type { ObservedContainer } from "../../observed/types.ts";
import { unknownExitCode } from "../types.ts";

export interface ContainerFacts {
  container: Container;
  /** As kubelet does, an ephemeral container is never called ready. */
  kind: ContainerRole;
  /** All attempts the runtime knows, newest first. */
  attempts: readonly ObservedContainer[];
  /** This container's status as published last. */
  previous: ContainerStatus | undefined;
  /** Why it is not started or restarted yet, if there is a reason. */
  waiting: { reason: string; message?: string } | undefined;
  /** It ended and will run again. */
  restarts: boolean;
  /** A start (pull, create, postStart) is under way. */
  starting: boolean;
  /** What a container that was never created waits for. */
  initialReason: "PodInitializing" | "ContainerCreating";
  /** Startup probe passed, or there is none. */
  startupPassed: boolean;
  /** Readiness probe passed, or there is none. */
  readinessPassed: boolean;
  /** The amounts that it runs with, where they may not be those that it is to have. */
  actuated?: ResourceRequirements;
  runtimeName: string;
}

/** Builds the status from the facts. */
export function containerStatus(facts: ContainerFacts): ContainerStatus {
  const { container, kind, attempts, previous, runtimeName } = facts;
  const newest = attempts[0];
  const state = containerState(facts);
  const running = newest?.state === "running" && "running" in state;
  const started = running && facts.startupPassed && !facts.starting;
  const ready = kind === "init"
    ? state.terminated?.exitCode === 0
    : kind !== "ephemeral" && started && facts.readinessPassed;
  const lastState = lastContainerState(facts, state);
  return {
    name: container.name,
    state,
    lastState,
    ready,
    ...(kind === "ephemeral" ? {} : { started: kind === "init" ? running : started }),
    restartCount: newest?.attempt ?? previous?.restartCount ?? 0,
    image: newest?.image || container.image || "",
    imageID: newest?.imageId ?? previous?.imageID ?? "",
    ...(newest
      ? { containerID: `${runtimeName}://${newest.id}` }
      : previous?.containerID
      ? { containerID: previous.containerID }
      : {}),
    ...(container.resources ? { resources: facts.actuated ?? container.resources } : {}),
    ...(container.resources?.requests ? { allocatedResources: container.resources.requests } : {}),
  };
}

function containerState(facts: ContainerFacts): ContainerState {
  const { attempts, previous, waiting, restarts, starting, initialReason } = facts;
  const newest = attempts[0];
  const notYet = (): ContainerState => ({ waiting: waiting ?? { reason: initialReason } });
  switch (newest?.state) {
    case undefined:
      if (!restarts && !waiting && previous?.state?.terminated) return { terminated: previous.state.terminated };
      if (!restarts && !waiting && previous?.state?.running) return endedUnseen(previous);
      return notYet();
    case "created":
      return { waiting: waiting ?? { reason: "ContainerCreating" } };
    case "running":
      return { running: { startedAt: timestamp(newest.startedAt) } };
    case "exited":
      if (restarts && waiting) return { waiting };
      if (restarts && starting) return { waiting: { reason: initialReason } };
      return terminated(newest, facts);
    case "unknown":
      return {
        terminated: {
          exitCode: 137,
          reason: "ContainerStatusUnknown",
          message: "The container could not be located when the pod was terminated",
          containerID: `${facts.runtimeName}://${newest.id}`,
        },
      };
  }
}

/** The end of a container that ran when it was last seen, and of which the runtime knows nothing any more. */
function endedUnseen({ containerID, state }: ContainerStatus): ContainerState {
  return {
    terminated: {
      exitCode: unknownExitCode,
      reason: "ContainerStatusUnknown",
      message: "The container could not be located when the pod was deleted.  The container used to be Running",
      ...(state?.running?.startedAt ? { startedAt: state.running.startedAt } : {}),
      ...(containerID ? { containerID } : {}),
    },
  };
}

/** How an attempt ended. What was published of it stays: its message may be gone from the disk by now. */
function terminated(container: ObservedContainer, { previous, runtimeName }: ContainerFacts): ContainerState {
  const containerID = `${runtimeName}://${container.id}`;
  const told = [previous?.state, previous?.lastState].find((state) => state?.terminated?.containerID === containerID);
  if (told) return { terminated: told.terminated };
  const { exitCode, reason, message, startedAt, finishedAt } = container;
  return {
    terminated: {
      exitCode,
      reason: reason || (exitCode === 0 ? "Completed" : "Error"),
      ...(message ? { message } : {}),
      ...(startedAt > 0 ? { startedAt: timestamp(startedAt) } : {}),
      ...(finishedAt > 0 ? { finishedAt: timestamp(finishedAt) } : {}),
      containerID,
    },
  };
}

/** The end of the attempt before the present state: from the runtime, else as the last status remembers it. */
function lastContainerState(facts: ContainerFacts, state: ContainerState): ContainerState {
  const { attempts, previous, runtimeName } = facts;
  const newest = attempts[0];
  if (state.waiting && newest?.state === "exited") return terminated(newest, facts);
  const before = attempts.slice(1).find((attempt) => attempt.state === "exited");
  if (before) return terminated(before, facts);
  const id = newest && `${runtimeName}://${newest.id}`;
  if (previous?.state?.terminated && (!id || previous.state.terminated.containerID !== id) && !state.terminated) {
    return { terminated: previous.state.terminated };
  }
  if (previous?.state?.running && previous.containerID && !state.terminated && !attempts.some(isPrevious)) {
    return endedUnseen(previous);
  }
  const last = previous?.lastState ?? {};
  return last.terminated && last.terminated.containerID === id ? {} : last;

  function isPrevious(attempt: ObservedContainer): boolean {
    return `${runtimeName}://${attempt.id}` === previous?.containerID;
  }
}
