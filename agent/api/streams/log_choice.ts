/** Which attempt of a container a log request is about, by the pod's status as kubelet decides it; pure. */
import type { ContainerStatus } from "../../objects/mod.ts";
import { runtimeId } from "./container.ts";
import { badRequest } from "../status.ts";

export interface LogChoice {
  /** The runtime's id. */
  id: string;
  running: boolean;
}

/** Throws a 400 in kubelet's words where there is no log to read. */
export function chooseLog(
  { pod, container, previous }: { pod: string; container: string; previous: boolean },
  status: ContainerStatus | undefined,
): LogChoice {
  const named = `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod)}`;
  if (!status) throw badRequest(`${named} is not available`);
  const { waiting, running, terminated } = status.state ?? {};
  const last = status.lastState?.terminated;
  const ended = (id: string | undefined): LogChoice => {
    if (!id) throw badRequest(`${named} is terminated`);
    return { id: runtimeId(id), running: false };
  };
  if (previous) {
    if (!last?.containerID) throw badRequest(`previous terminated ${named} not found`);
    return ended(last.containerID);
  }
  if (running) return { id: runtimeId(status.containerID), running: true };
  if (terminated) return ended(terminated.containerID || last?.containerID);
  if (last) return ended(last.containerID);
  if (!waiting) throw badRequest(`${named} is waiting to start - no logs yet`);
  throw badRequest(`${named} is waiting to start: ${waitingFor(waiting.reason)}`);
}

function waitingFor(reason: string | undefined): string {
  if (reason === "ErrImagePull") return "image can't be pulled";
  if (reason === "ImagePullBackOff") return "trying and failing to pull image";
  return reason ?? "no reason is known";
}
