/**
 * How a container ends: its preStop hook, the signal of its spec where the runtime would not send it, then the runtime's own
 * stop. Remembers what it has begun, because a kill may be overtaken by a faster one.
 */
import { type CriClient, isNotFound } from "../../../cri/mod.ts";
import { type Container, findContainer, type Pod } from "../../objects/mod.ts";
import type { ActionNotes } from "./action_notes.ts";
import { type HookDeps, runPodHook, tellHookFailure } from "./hooks.ts";
import { sendStopSignal } from "./stop_signal.ts";
import { minimumGraceMs, Overtaken, type PodAction } from "../types.ts";

export interface EndDeps extends HookDeps {
  cri: CriClient;
}

export class ContainerEnds {
  readonly #deps: EndDeps;

  constructor(deps: EndDeps) {
    this.#deps = deps;
  }

  /** preStop within the grace period, then the runtime's own stop: SIGTERM, SIGKILL when the rest has passed. */
  async kill(
    pod: Pod,
    { name, containerId, deadline, atOnce }: Extract<PodAction, { type: "killContainer" }>,
    signal: AbortSignal,
    notes: ActionNotes,
  ): Promise<void> {
    const { clock } = this.#deps;
    if (atOnce) return await this.#stop(containerId, 0, signal);
    const container = findContainer(pod, name)?.container;
    if (container?.lifecycle?.preStop) await this.#preStop(pod, container, containerId, deadline, signal, notes);
    const end = Math.max(deadline, clock.mono() + minimumGraceMs);
    const stopSignal = container?.lifecycle?.stopSignal;
    // who had a signal of its own, and all its time, is not asked a second time
    const told = stopSignal !== undefined && await this.#tell(name, stopSignal, containerId, end, signal, notes);
    const left = told ? 0 : end - clock.mono();
    await this.#stop(containerId, Math.ceil(left / 1000), signal);
  }

  async #stop(containerId: string, seconds: number, signal: AbortSignal): Promise<void> {
    await gone(this.#deps.cri.runtime.stopContainer({ containerId, timeout: BigInt(seconds) }, { signal }));
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
      const run = runPodHook(
        this.#deps,
        pod,
        container,
        containerId,
        container.lifecycle!.preStop!,
        notes.podIPs,
        options,
      );
      const done = run.catch((err) => {
        if (!(abort.signal.reason instanceof Abandoned)) {
          tellHookFailure(this.#deps, "PreStop", pod, container.name, err, notes);
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
}

/** The abort reason of a hook whose container nobody waits for any more. */
class Abandoned extends Error {}

/** Ends well when the object is gone already. */
export async function gone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (err) {
    if (!isNotFound(err)) throw err;
  }
}
