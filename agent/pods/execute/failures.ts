/**
 * Failed actions in kubelet's words: the waiting reason of the container, the event, and when to try again.
 */
import { CriError } from "../../../cri/mod.ts";
import { ImageError } from "../../images/mod.ts";
import { errorText } from "../../telemetry/log.ts";
import { VolumeError } from "../../volumes/mod.ts";
import type { PodAction } from "../types.ts";

/** A failure that knows its name: thrown by the steps that actions are made of. */
export class StepError extends Error {
  constructor(
    /** As container statuses show it: CreateContainerError, ErrImagePull … */
    readonly reason: string,
    message: string,
    options: {
      cause?: unknown;
      /** The event to record; none when the step recorded its own. */
      event?: string;
      eventMessage?: string;
      retryAfterMs?: number;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "StepError";
    this.event = options.event;
    this.eventMessage = options.eventMessage;
    this.retryAfterMs = options.retryAfterMs;
  }
  readonly event: string | undefined;
  readonly eventMessage: string | undefined;
  readonly retryAfterMs: number | undefined;
}

export interface Failure {
  reason: string;
  message: string;
  event?: string;
  eventMessage: string;
  retryAfterMs?: number;
  /** Something else has to end first, and will: nothing to warn of. */
  wait?: boolean;
}

/** Between tries of what waits for something to end in the runtime. */
const waitMs = 250;

/**
 * Whether containerd is still at something of the same name or container that an earlier call asked for: the agent was killed,
 * or gave up waiting, and what was begun for it takes a while to be given up.
 */
function isStillAtIt(err: unknown): boolean {
  return err instanceof CriError && /is in starting state/.test(err.detail);
}

/** Actions as the log names them: "Cannot …". */
export const inWords: Record<PodAction["type"], string> = {
  prepare: "prepare the pod",
  createSandbox: "create the pod's sandbox",
  stopSandbox: "stop the pod's sandbox",
  removeSandbox: "remove the pod's sandbox",
  startContainer: "start the container",
  killContainer: "end the container",
  grow: "make room in the pod's cgroup",
  resize: "resize the pod",
  removeContainer: "remove the container",
  cancel: "cancel what was under way",
  release: "clean up after the pod",
  forget: "forget the pod",
};

/** What to say of an action that failed with `err`. */
export function describeFailure(action: PodAction, err: unknown): Failure {
  const text = errorText(err);
  if (err instanceof StepError) {
    // its message says all that its causes say
    const { reason, message, event, eventMessage = message, retryAfterMs } = err;
    return { reason, message, event, eventMessage, retryAfterMs };
  }
  if (err instanceof ImageError) {
    // the image manager has recorded the events itself
    const { reason, message, retryAfterMs } = err;
    return { reason, message, eventMessage: message, retryAfterMs, wait: reason === "ImagePullBackOff" };
  }
  if (isStillAtIt(err)) return { reason: "Error", message: text, eventMessage: text, retryAfterMs: waitMs, wait: true };
  if (err instanceof VolumeError && action.type === "prepare") {
    return { reason: "ContainerCreating", message: text, event: err.reason, eventMessage: text };
  }
  switch (action.type) {
    case "grow":
    case "resize":
      // the worker tells of it
      return { reason: "ResizeError", message: text, eventMessage: text };
    case "createSandbox":
      return said("CreatePodSandboxError", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${text}`);
    case "prepare":
      return said("ContainerCreating", "FailedMount", text);
    case "stopSandbox":
    case "removeSandbox":
      return said("KillPodSandboxError", "FailedKillPod", `error killing pod: ${text}`);
    case "killContainer":
      return said("KillContainerError", "FailedKillPod", `error killing pod: ${text}`);
    case "startContainer":
      return said("CreateContainerError", "Failed", `Error: ${text}`);
    default:
      return { reason: "Error", message: text, eventMessage: text };
  }

  function said(reason: string, event: string, eventMessage: string): Failure {
    return { reason, message: text, event, eventMessage };
  }
}
