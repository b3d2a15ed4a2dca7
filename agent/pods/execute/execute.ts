/**
 * Does what plans ask for: one switch, no decisions. Every step either comes to its end or throws; trying again is the
 * plan's business.
 */
import { type CgroupFs, killAll } from "../../../cgroups/mod.ts";
import type { CriClient } from "../../../cri/mod.ts";
import type { Clock } from "../../clock.ts";
import type { ImageManager } from "../../images/mod.ts";
import { type EphemeralContainer, findContainer, type Pod } from "../../objects/mod.ts";
import type { ExecSync } from "../../probes/mod.ts";
import {
  type CgroupPathOptions,
  podCgroup,
  podCgroupLimits,
  type PodLimitOptions,
  widest,
} from "../../resources/mod.ts";
import { ContainerConfigError } from "../../runtime/mod.ts";
import { errorText, type Logger } from "../../telemetry/log.ts";
import type { VolumeManager } from "../../volumes/mod.ts";
import type { ActionNotes } from "./action_notes.ts";
import { ContainerEnds, gone } from "./end_container.ts";
import { StepError } from "./failures.ts";
import { runPodHook, tellHookFailure } from "./hooks.ts";
import type { PodMessages } from "./messages.ts";
import { growCgroup, resizeContainers } from "./resize_containers.ts";
import { letFinish, removeWithStrays } from "./stray_tasks.ts";
import type { PodAction } from "../types.ts";

export interface ExecutorDeps {
  cri: CriClient;
  images: Pick<ImageManager, "ensure" | "forget">;
  volumes: Pick<VolumeManager, "prepare" | "teardown" | "cleanupSubpaths">;
  cgroups: CgroupFs;
  cgroupPaths: CgroupPathOptions;
  podLimits: PodLimitOptions;
  messages: PodMessages;
  exec: ExecSync;
  clock: Clock;
  log: Logger;
  /** All logs of a pod, or those of one attempt of one of its containers, with `older` of earlier ones, too. */
  removeLogs(pod: Pod, attempt?: { container: string; attempt: number; older?: boolean }): Promise<void>;
  removeRow(pod: Pod): Promise<void>;
}

export class PodExecutor {
  readonly #deps: ExecutorDeps;
  readonly #ends: ContainerEnds;

  constructor(deps: ExecutorDeps) {
    this.#deps = deps;
    this.#ends = new ContainerEnds(deps);
  }

  async execute(pod: Pod, action: PodAction, signal: AbortSignal, notes: ActionNotes): Promise<void> {
    const { cri, volumes, cgroups, cgroupPaths } = this.#deps;
    switch (action.type) {
      case "prepare":
        await this.#prepare(pod, signal, notes);
        return;
      case "createSandbox":
        await this.#createSandbox(pod, action.attempt, signal, notes);
        return;
      case "stopSandbox":
        await gone(cri.runtime.stopPodSandbox({ podSandboxId: action.sandboxId }, { signal }));
        return;
      case "removeSandbox":
        await gone(cri.runtime.stopPodSandbox({ podSandboxId: action.sandboxId }, { signal }));
        await removeWithStrays(
          this.#deps,
          async () => {
            const { containers } = await cri.runtime.listContainers({ filter: { podSandboxId: action.sandboxId } });
            return containers.map(({ id }) => id);
          },
          () => gone(cri.runtime.removePodSandbox({ podSandboxId: action.sandboxId }, { signal })),
        );
        return;
      case "startContainer":
        await this.#startContainer(pod, action, signal, notes);
        return;
      case "killContainer":
        await this.#ends.kill(pod, action, signal, notes);
        return;
      case "grow":
        await growCgroup(this.#deps, pod, notes.actuated);
        return;
      case "resize":
        await resizeContainers(this.#deps, pod, action.containers, signal, notes);
        return;
      case "removeContainer": {
        const { containerId, name, attempt, unstarted, older } = action;
        // first, as with kubelet: once the container is gone nobody would think of its log any more
        await this.#deps.removeLogs(pod, { container: name, attempt, older });
        await removeWithStrays(
          this.#deps,
          () => Promise.resolve([containerId]),
          () => gone(cri.runtime.removeContainer({ containerId }, { signal })),
        );
        if (unstarted) await volumes.cleanupSubpaths(pod, name);
        return;
      }
      case "release":
        // the directory goes last: it is what a later life finds an interrupted release by
        await killAll(cgroups, podCgroup(pod, cgroupPaths));
        await cgroups.remove(podCgroup(pod, cgroupPaths));
        if (action.logs) await this.#deps.removeLogs(pod);
        await volumes.teardown(pod.metadata.uid!);
        return;
      case "forget":
        this.#deps.images.forget(pod.metadata.uid!);
        // a pod that had finished was released with its logs kept
        await this.#deps.removeLogs(pod);
        if (notes.wanted) await this.#deps.removeRow(pod);
        return;
      case "cancel":
        throw new Error("Cannot execute a cancellation: the worker does that itself");
      default:
        action satisfies never;
    }
  }

  async #prepare(pod: Pod, signal: AbortSignal, { actuated }: ActionNotes): Promise<void> {
    const { cgroups, cgroupPaths, podLimits, volumes, messages } = this.#deps;
    try {
      const limits = podCgroupLimits(pod, podLimits);
      // containers that run may have more than they are to have
      const room = actuated === pod ? limits : widest(podCgroupLimits(actuated, podLimits), limits);
      await cgroups.create(podCgroup(pod, cgroupPaths), room);
    } catch (err) {
      throw new StepError("ContainerCreating", `failed to create the pod's cgroup: ${errorText(err)}`, {
        cause: err,
        event: "FailedCreatePodContainer",
        eventMessage: `unable to ensure pod container exists: ${errorText(err)}`,
      });
    }
    await volumes.prepare(pod, signal);
    messages.prepareLogDirectory(pod);
  }

  async #createSandbox(pod: Pod, attempt: number, signal: AbortSignal, notes: ActionNotes): Promise<void> {
    const { config, runtimeHandler, warnings } = await this.#deps.messages.sandbox(pod, attempt);
    for (const { reason, message } of warnings) notes.event(undefined, "Warning", reason, message);
    await letFinish(
      this.#deps.clock,
      signal,
      (late) => this.#deps.cri.runtime.runPodSandbox({ config, runtimeHandler }, { signal: late }),
    );
  }

  async #startContainer(
    pod: Pod,
    { name, attempt }: Extract<PodAction, { type: "startContainer" }>,
    signal: AbortSignal,
    notes: ActionNotes,
  ): Promise<void> {
    const { clock, cri, images, messages } = this.#deps;
    const container = findContainer(pod, name)!.container;
    const image = await images.ensure(pod, container, {
      signal,
      onEvent: (type, reason, message) => notes.event(name, type, reason, message),
    });
    const { id: podSandboxId, attempt: sandboxAttempt } = notes.sandbox!;
    const { config, sandboxConfig, warnings } = await step(
      "CreateContainerConfigError",
      "Failed",
      () => {
        const targetContainerId = targetOf(container, notes);
        const { podIPs } = notes;
        return messages.container(pod, container, { attempt, sandboxAttempt, image, podIPs, targetContainerId });
      },
    );
    for (const { reason, message } of warnings) notes.event(name, "Warning", reason, message);
    const { containerId } = await step(
      "CreateContainerError",
      "Failed",
      () =>
        letFinish(
          clock,
          signal,
          (late) => cri.runtime.createContainer({ podSandboxId, config, sandboxConfig }, { signal: late }),
        ),
    );
    notes.event(name, "Normal", "Created", "Container created");
    await step(
      "RunContainerError",
      "Failed",
      () => letFinish(clock, signal, (late) => cri.runtime.startContainer({ containerId }, { signal: late })),
    );
    notes.event(name, "Normal", "Started", "Container started");
    const postStart = container.lifecycle?.postStart;
    if (!postStart) return;
    try {
      await runPodHook(this.#deps, pod, container, containerId, postStart, notes.podIPs, { signal });
    } catch (err) {
      if (signal.aborted) throw err;
      tellHookFailure(this.#deps, "PostStart", pod, name, err, notes);
      const deadline = this.#deps.clock.mono() + (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
      const message = "FailedPostStartHook";
      notes.event(name, "Normal", "Killing", message);
      await this.#ends.kill(
        pod,
        { type: "killContainer", name, containerId, deadline, restart: true, message },
        signal,
        notes,
      );
      throw new StepError("PostStartHookError", errorText(err), { cause: err });
    }
  }
}

/** The newest attempt of the container that an ephemeral one is aimed at, if it is aimed at any. */
function targetOf({ targetContainerName }: EphemeralContainer, { containerIds }: ActionNotes): string | undefined {
  if (!targetContainerName) return undefined;
  const id = containerIds.get(targetContainerName);
  if (id !== undefined) return id;
  throw new ContainerConfigError(`unable to find target container "${targetContainerName}"`);
}

/** Runs one step; its failure gets the waiting reason that kubelet gives it. */
async function step<T>(reason: string, event: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (err) {
    if (err instanceof StepError) throw err;
    const text = err instanceof Error && "detail" in err ? String(err.detail) : errorText(err);
    throw new StepError(reason, text, { cause: err, event, eventMessage: `Error: ${text}` });
  }
}
