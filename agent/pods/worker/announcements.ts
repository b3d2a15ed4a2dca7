/**
 * What a worker tells of its pod besides the status, each thing once: events in kubelet's words, and the log.
 */
import { type Pod, podContainers } from "../../objects/mod.ts";
import type { ObservedPod } from "../../observed/types.ts";
import type { Logger } from "../../telemetry/log.ts";
import { type Failure, inWords } from "../execute/failures.ts";
import { forgetGone } from "./gone.ts";
import type { TellEvent } from "../pod_events.ts";
import { resizeMessage } from "../plan/amounts.ts";
import { shouldRestart } from "../plan/restart_policy.ts";
import { backoffUntil } from "../plan/standing.ts";
import { podTitle } from "../status/pod_status.ts";
import type { Intent, PodAction, PodState } from "../types.ts";

export class Announcements {
  readonly #event: TellEvent;
  readonly #log: Logger;
  #deadlineTold = false;
  /** IDs of ended containers whose back-off was told. */
  readonly #backoffTold = new Set<string>();

  constructor(event: TellEvent, log: Logger) {
    this.#event = event;
    this.#log = log;
  }

  /** The pod has run for as long as it may. */
  deadline(pod: Pod, intent: Intent): void {
    if (intent.type !== "finish" || intent.reason !== "DeadlineExceeded" || this.#deadlineTold) return;
    this.#deadlineTold = true;
    this.#event(pod, undefined, "Normal", intent.reason, intent.message);
  }

  /** An action begins; `overtakes`: in the place of a slower one of its kind. */
  begins(action: PodAction, { pod, observed }: PodState, overtakes: boolean): void {
    this.#log.debug("Acting", { ...action });
    if (action.type === "createSandbox" && observed!.sandboxes.length > 0) {
      const message = "Pod sandbox changed, it will be killed and re-created.";
      this.#event(pod, undefined, "Normal", "SandboxChanged", message);
    }
    if (action.type === "killContainer" && !overtakes) {
      this.#event(pod, action.name, "Normal", "Killing", action.message);
    }
  }

  /** An action has failed; `isNew`: the log has not told it yet. */
  failed(pod: Pod, action: PodAction, { event, eventMessage, reason, message }: Failure, isNew: boolean): void {
    const container = "name" in action ? action.name : undefined;
    if (event) this.#event(pod, container, "Warning", event, eventMessage);
    this.#log[isNew ? "warn" : "debug"](`Cannot ${inWords[action.type]}; trying again`, {
      ...(container === undefined ? {} : { container }),
      reason,
      err: message,
    });
  }

  /** A look has failed. */
  unseen(err: unknown): void {
    this.#log.debug("Cannot look at the pod", { err });
  }

  /** Containers that wait before they are started again. */
  backOffs(state: PodState): void {
    if (state.intent.type !== "run") return;
    for (const { container } of podContainers(state.pod)) {
      const newest = state.observed!.containers.find(({ name }) => name === container.name);
      if (backoffUntil(state, container, newest) === undefined || this.#backoffTold.has(newest!.id)) continue;
      if (!shouldRestart(state.pod, container, newest!.exitCode)) continue;
      this.#backoffTold.add(newest!.id);
      const message = `Back-off restarting failed container ${container.name} in pod ${podTitle(state.pod)}`;
      this.#event(state.pod, container.name, "Warning", "BackOff", message);
    }
  }

  /** A step of a resize of the spec of that generation. */
  resize(
    pod: Pod,
    step: "Started" | "Completed" | "Error" | "Deferred" | "Infeasible",
    generation: number,
    error?: string,
  ): void {
    const type = step === "Started" || step === "Completed" ? "Normal" : "Warning";
    const words = step === "Deferred" || step === "Infeasible" ? step : step.toLowerCase();
    const message = resizeMessage(`Pod resize ${words}`, pod, generation, error);
    this.#event(pod, undefined, type, `Resize${step}`, message);
  }

  /** Forgets what is gone. */
  digest(observed: ObservedPod): void {
    forgetGone(observed, this.#backoffTold);
  }
}
