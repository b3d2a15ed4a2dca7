/** The observer's source on a real runtime: CRI lists filtered by owner, details by status calls, events. */
import { type ContainerStatus as CriContainerStatus, type CriClient, isNotFound } from "../../cri/mod.ts";
import type { Clock } from "../clock.ts";
import {
  isReady,
  observedContainer,
  observedContainerStatus,
  observedSandbox,
  ownSelector,
  stateName,
} from "../runtime/mod.ts";
import type { Logger } from "../telemetry/log.ts";
import { settled } from "./late_reason.ts";
import { containerStamp, type RuntimeSource, sandboxStamp } from "./observer.ts";
import { terminationMessage } from "./termination_message.ts";
import type { ObservedContainer, ObservedSandbox } from "./types.ts";

/** A runtime that takes longer over a question is taken for silent. */
const timeoutMs = 30_000;

export interface CriSourceOptions {
  cri: CriClient;
  /** The installation's id: what others made is never looked at. */
  owner: string;
  clock: Clock;
  log: Logger;
  /** Where container logs are, for messages taken from logs. */
  logFile(container: ObservedContainer): string;
}

export function criSource({ cri, owner, clock, log, logFile }: CriSourceOptions): RuntimeSource {
  const began = clock.now();
  return {
    async list(uid) {
      const labelSelector = ownSelector(owner, uid);
      const [{ items }, { containers }] = await Promise.all([
        cri.runtime.listPodSandbox({ filter: { labelSelector } }, { timeoutMs }),
        cri.runtime.listContainers({ filter: { labelSelector } }, { timeoutMs }),
      ]);
      return {
        sandboxes: items.map((item) => observedSandbox(item)).filter((item) => item !== undefined),
        containers: containers.map((item) => observedContainer(item)).filter((item) => item !== undefined),
      };
    },
    async stamps() {
      const { sandboxes, containers } = await cri.states({ labelSelector: ownSelector(owner) }, { timeoutMs });
      const stamps = new Map<string, string>();
      for (const [id, state] of sandboxes) stamps.set(id, sandboxStamp({ ready: isReady(state) }));
      for (const [id, state] of containers) stamps.set(id, containerStamp({ state: stateName(state) }));
      return stamps;
    },
    async sandboxDetail(sandbox): Promise<ObservedSandbox | undefined> {
      if (!sandbox.ready) return sandbox;
      const status = await found(cri.runtime.podSandboxStatus({ podSandboxId: sandbox.id }, { timeoutMs }));
      if (!status) return undefined;
      return status.status ? observedSandbox(status.status) ?? sandbox : sandbox;
    },
    async containerDetail(container): Promise<ObservedContainer | undefined> {
      const answer = await settled(
        clock,
        () => found(cri.runtime.containerStatus({ containerId: container.id }, { timeoutMs })),
        (seen) => seen?.status && observedContainerStatus(seen.status, container.sandboxId),
      );
      if (!answer) return undefined;
      const status: CriContainerStatus | undefined = answer.status;
      if (!status) return container;
      const detailed = observedContainerStatus(status, container.sandboxId) ?? container;
      if (detailed.state !== "exited") return detailed;
      if (startWasCut(detailed, began)) {
        return { ...detailed, state: "created", exitCode: 0, finishedAt: 0, reason: "", message: "" };
      }
      const mounts = status.mounts.map(({ containerPath, hostPath }) => ({ containerPath, hostPath }));
      const message = await terminationMessage(detailed, mounts, logFile(detailed));
      return { ...detailed, message: message || detailed.message };
    },
    watch({ onEvent, onOom, onConnected, onBroken }) {
      return cri.watchEvents({
        clock,
        onEvent: ({ id, type }) => type === "oom" ? onOom(id) : onEvent(id, type === "stopped"),
        onConnected: (source) => {
          log.debug("Where container events come from", { source });
          if (source !== "none") onConnected(source === "containerd");
        },
        onBroken,
      });
    },
  };
}

/** How long before this life of the agent the last one was certainly still there. */
const betweenLivesMs = 2_000;

/**
 * Whether the container never ran because nobody waited for its start any more: the agent was killed in that moment, and
 * containerd gives a start up when its caller goes, and kills the programs that were at it; or containerd itself was killed.
 * That is a start to be made again, not a crash to be counted. `began`: when this life of the agent did (ms). What an earlier
 * life had made, and what failed when that was gone, did not fail by itself; a program that was killed since then was killed
 * for another reason.
 */
export function startWasCut(container: ObservedContainer, began: number): boolean {
  const { createdAt, startedAt, finishedAt, reason, message } = container;
  if (startedAt !== 0) return false;
  if (reason !== "StartError" || /context canceled/.test(message)) return true;
  return createdAt < began && (finishedAt > began - betweenLivesMs || /signal: killed|ttrpc: closed/.test(message));
}

/** undefined where the object has vanished since the list. */
async function found<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (err) {
    if (isNotFound(err)) return undefined;
    throw err;
  }
}
