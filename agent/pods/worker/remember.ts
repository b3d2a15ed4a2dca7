/** What a published status remembers of containers, for the life of the agent that comes after. Pure. */
import type { ContainerStatus, PodStatus } from "../../objects/mod.ts";
import { type Remembered, unknownExitCode } from "../types.ts";

/** Readiness kept from before a restart of the agent. */
export interface InitialProbe {
  containerId: string;
  ready: boolean;
  started: boolean;
}

/** By container name: the newest attempt that was published, and how it ended as far as that is known. */
export function remembered(status: PodStatus): Map<string, Remembered> {
  const result = new Map<string, Remembered>();
  for (const { name, containerID, restartCount, state, lastState } of statuses(status)) {
    if (!containerID) continue;
    if (state?.waiting && lastState?.terminated?.containerID !== containerID) {
      // made and not yet started: its number is still free
      if (restartCount > 0) result.set(name, { restartCount: restartCount - 1, containerId: idOf(containerID) });
      continue;
    }
    const exitCode = state?.terminated?.exitCode ?? (state?.running ? unknownExitCode : undefined);
    result.set(name, { restartCount, containerId: idOf(containerID), ...(exitCode === undefined ? {} : { exitCode }) });
  }
  return result;
}

/** By container name: what was published of containers that ran. */
export function initialProbes(status: PodStatus): Map<string, InitialProbe> {
  const result = new Map<string, InitialProbe>();
  for (const { name, containerID, ready, started = false, state } of statuses(status)) {
    if (containerID && state?.running) result.set(name, { containerId: idOf(containerID), ready, started });
  }
  return result;
}

function statuses(status: PodStatus): ContainerStatus[] {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = status;
  return [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses];
}

/** `containerd://abc` → `abc` */
function idOf(containerID: string): string {
  return containerID.replace(/^[^:]*:\/\//, "");
}
