/**
 * Does what plans ask for: one switch, no decisions. Every step either comes to its end or throws; trying again is the
 * plan's business.
 */
import { type CgroupFs, killAll, workingSetBytes } from "../../cgroups/mod.ts";
import { type CriClient, isNotFound } from "../../cri/mod.ts";
import type { Clock } from "../clock.ts";
import type { ImageManager } from "../images/mod.ts";
import { type Container, type EphemeralContainer, findContainer, type Pod } from "../objects/mod.ts";
import { type ExecSync, runHook } from "../probes/mod.ts";
import { ContainerConfigError, updatedResources } from "../runtime/mod.ts";
import { type CgroupPathOptions, podCgroup, podCgroupLimits, type PodLimitOptions } from "../resources/mod.ts";
import type { PodMessages } from "./messages.ts";
import { errorText, type Logger } from "../telemetry/log.ts";
import type { VolumeManager } from "../volumes/mod.ts";
import { StepError } from "./failures.ts";
import { widest } from "../resources/mod.ts";
import { resourcesOf } from "./resizing.ts";
import { sendStopSignal } from "./stop_signal.ts";
import { letFinish, removeWithStrays } from "./stray_tasks.ts";
import { minimumGraceMs, Overtaken, type PodAction } from "./types.ts";
import type { ActionNotes } from "./action_notes.ts";

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
  /** All logs of a pod, or those of one attempt of one of its containers. */
  removeLogs(pod: Pod, attempt?: { container: string; attempt: number }): Promise<void>;
  removeRow(pod: Pod): Promise<void>;
}

export class PodExecutor {
  readonly #deps: ExecutorDeps;

  constructor(deps: ExecutorDeps) {
    this.#deps = deps;
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
        await this.#killContainer(pod, action, signal, notes);
        return;
      case "grow":
        await this.#growCgroup(pod, notes.actuated);
        return;
      case "resize":
        await this.#resize(pod, action.containers, signal, notes);
        return;
      case "removeContainer": {
        const { containerId, name, attempt, unstarted } = action;
        await removeWithStrays(
          this.#deps,
          () => Promise.resolve([containerId]),
          () => gone(cri.runtime.removeContainer({ containerId }, { signal })),
        );
        await this.#deps.removeLogs(pod, { container: name, attempt });
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
      await this.#hook(pod, container, containerId, postStart, notes.podIPs, { signal });
    } catch (err) {
      if (signal.aborted) throw err;
      this.#hookFailed("PostStart", pod, name, err, notes);
      const deadline = this.#deps.clock.mono() + (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
      const message = "FailedPostStartHook";
      notes.event(name, "Normal", "Killing", message);
      await this.#killContainer(
        pod,
        { type: "killContainer", name, containerId, deadline, restart: true, message },
        signal,
        notes,
      );
      throw new StepError("PostStartHookError", errorText(err), { cause: err });
    }
  }

  /** Gives the pod's cgroup room for what its containers have and for what they are to have. */
  async #growCgroup(pod: Pod, actuated: Pod): Promise<void> {
    const { cgroups, cgroupPaths, podLimits } = this.#deps;
    const room = widest(podCgroupLimits(actuated, podLimits), podCgroupLimits(pod, podLimits));
    await cgroups.apply(podCgroup(pod, cgroupPaths), room);
  }

  /** Containers first, then the pod's cgroup, which has had room for both. Memory in use is not taken away. */
  async #resize(
    pod: Pod,
    containers: readonly { name: string; containerId: string }[],
    signal: AbortSignal,
    notes: ActionNotes,
  ): Promise<void> {
    const { cri, cgroups, cgroupPaths, podLimits, messages } = this.#deps;
    const path = podCgroup(pod, cgroupPaths);
    const limits = podCgroupLimits(pod, podLimits);
    refuseBelowUse(
      "pod",
      podCgroupLimits(notes.actuated, podLimits).memoryBytes,
      limits.memoryBytes,
      () => workingSetBytes(cgroups, path),
    );
    for (const { name, containerId } of containers) {
      const container = findContainer(pod, name)!.container;
      const before = messages.limits(notes.actuated, findContainer(notes.actuated, name)!.container);
      const now = messages.limits(pod, container);
      if (isLess(now.memoryBytes, before.memoryBytes)) {
        const { stats } = await cri.runtime.containerStats({ containerId }, { signal });
        refuseBelowUse(
          `container ${JSON.stringify(name)}`,
          before.memoryBytes,
          now.memoryBytes,
          () => Number(stats?.memory?.workingSetBytes?.value ?? 0n),
        );
      }
      await cri.runtime.updateContainerResources({ containerId, linux: updatedResources(now) }, { signal });
      notes.resized(containerId, resourcesOf(container));
    }
    await cgroups.apply(path, widest(limits, limits));
  }

  /** preStop within the grace period, then the runtime's own stop: SIGTERM, SIGKILL when the rest has passed. */
  async #killContainer(
    pod: Pod,
    { name, containerId, deadline }: Extract<PodAction, { type: "killContainer" }>,
    signal: AbortSignal,
    notes: ActionNotes,
  ): Promise<void> {
    const { clock, cri } = this.#deps;
    const container = findContainer(pod, name)?.container;
    if (container?.lifecycle?.preStop) await this.#preStop(pod, container, containerId, deadline, signal, notes);
    const end = Math.max(deadline, clock.mono() + minimumGraceMs);
    const stopSignal = container?.lifecycle?.stopSignal;
    // who had a signal of its own, and all its time, is not asked a second time
    const told = stopSignal !== undefined && await this.#tell(name, stopSignal, containerId, end, signal, notes);
    const left = told ? 0 : end - clock.mono();
    await gone(cri.runtime.stopContainer({ containerId, timeout: BigInt(Math.ceil(left / 1000)) }, { signal }));
    this.#preStops.delete(containerId);
    this.#told.delete(containerId);
  }

  /**
   * Waits for the container's preStop hook, until the deadline. The hook runs once: a kill that overtakes another one
   * waits for the hook that runs already.
   */
  async #preStop(
    pod: Pod,
    container: Container,
    containerId: string,
    deadline: number,
    signal: AbortSignal,
    notes: ActionNotes,
  ): Promise<void> {
    const { clock } = this.#deps;
    const graceMs = deadline - clock.mono();
    let hook = this.#preStops.get(containerId);
    if (!hook) {
      if (graceMs <= 0) return;
      const abort = new AbortController();
      const options = { timeoutMs: graceMs, signal: abort.signal };
      const run = this.#hook(pod, container, containerId, container.lifecycle!.preStop!, notes.podIPs, options);
      const done = run.catch((err) => {
        if (!(abort.signal.reason instanceof Abandoned)) {
          this.#hookFailed("PreStop", pod, container.name, err, notes);
        }
      });
      this.#preStops.set(containerId, hook = { abort, done, until: deadline });
    }
    const { abort, done, until } = hook;
    const over = Promise.withResolvers<void>();
    const cancel = deadline < until ? clock.after(Math.max(0, graceMs), over.resolve) : () => {};
    const stop = () => over.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    try {
      signal.throwIfAborted();
      await Promise.race([done, over.promise]);
      abort.abort(new Error("the grace period became shorter"));
    } catch (err) {
      if (!(signal.reason instanceof Overtaken)) abort.abort(new Abandoned());
      throw err;
    } finally {
      cancel();
      signal.removeEventListener("abort", stop);
    }
  }

  /** Containers that got the stop signal of their spec from here. */
  readonly #told = new Set<string>();

  /** Has the container get its own stop signal, once, where the runtime does not send it. */
  async #tell(
    name: string,
    stopSignal: string,
    containerId: string,
    end: number,
    signal: AbortSignal,
    notes: ActionNotes,
  ): Promise<boolean> {
    const sent = this.#told.has(containerId);
    this.#told.add(containerId);
    const deps = { runtime: this.#deps.cri.runtime, clock: this.#deps.clock };
    const plan = await sendStopSignal(stopSignal, containerId, end, deps, { signal, sent });
    if (plan.type === "cannot") {
      const message = `Cannot send ${stopSignal} to container ${name}: ${plan.why}; it gets the signal of its image`;
      notes.event(name, "Warning", "FailedStopSignal", message);
    }
    return plan.type === "send";
  }

  /** preStop hooks that run or have run, by container ID. */
  readonly #preStops = new Map<string, { abort: AbortController; done: Promise<void>; until: number }>();

  /** What a hook's program or server said may hold secrets: it goes into the log, never into an event. */
  #hookFailed(which: "PostStart" | "PreStop", pod: Pod, container: string, err: unknown, notes: ActionNotes): void {
    const { namespace, name } = pod.metadata;
    this.#deps.log.warn(`A container's ${which} hook failed`, { pod: `${namespace}/${name}`, container, err });
    notes.event(container, "Warning", `Failed${which}Hook`, `${which}Hook failed`);
  }

  #hook(
    pod: Pod,
    container: Container,
    containerId: string,
    handler: NonNullable<NonNullable<Container["lifecycle"]>["postStart"]>,
    podIPs: string[],
    options: { timeoutMs?: number; signal: AbortSignal },
  ): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    return runHook(
      handler,
      {
        containerId,
        podIP: podIPs[0] ?? "",
        container,
        pod: { name, namespace: namespace!, uid: uid! },
      },
      { ...options, exec: this.#deps.exec, clock: this.#deps.clock },
    );
  }
}

/** The abort reason of a hook whose container nobody waits for any more. */
class Abandoned extends Error {}

/** Ends well when the object is gone already. */
async function gone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (err) {
    if (!isNotFound(err)) throw err;
  }
}

/** The newest attempt of the container that an ephemeral one is aimed at, if it is aimed at any. */
function targetOf({ targetContainerName }: EphemeralContainer, { containerIds }: ActionNotes): string | undefined {
  if (!targetContainerName) return undefined;
  const id = containerIds.get(targetContainerName);
  if (id !== undefined) return id;
  throw new ContainerConfigError(`unable to find target container "${targetContainerName}"`);
}

/** @throws StepError where a memory limit would fall below what is in use. Best effort: use may grow right afterwards. */
function refuseBelowUse(
  of: string,
  before: number | undefined,
  now: number | undefined,
  use: () => number | undefined,
): void {
  if (!isLess(now, before)) return;
  const used = use() ?? 0;
  if (now! > used) return;
  const message = `attempting to set ${of} memory limit (${now}) below current usage (${used})`;
  throw new StepError("ResizeError", message);
}

/** Whether one limit is tighter than another; undefined is none. */
function isLess(now: number | undefined, before: number | undefined): boolean {
  return now !== undefined && now < (before ?? Infinity);
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
