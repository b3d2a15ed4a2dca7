/**
 * What a worker has done with its pod, as far as no observation tells it: what stands, what was ended and why. Begins anew
 * with every life of the agent, but for the init containers that have completed.
 */
import type { ObservedPod } from "../../observed/types.ts";
import { noteCompletedInits } from "./completed_inits.ts";
import { forgetGone } from "./gone.ts";
import type { PodAction, PodState } from "../types.ts";

/** What of a state is progress. */
type Progressed = Pick<
  PodState,
  "prepared" | "released" | "restartWanted" | "stoppedSandboxes" | "completedInits"
>;

export class PodProgress {
  #prepared = false;
  #released: "no" | "logs kept" | "all" = "no";
  readonly #restartWanted = new Set<string>();
  readonly #stoppedSandboxes = new Set<string>();
  readonly #completedInits: Map<string, string>;

  /** `inits`: init container → the sandbox in which it completed, from an earlier life. */
  constructor(inits: Record<string, string>) {
    this.#completedInits = new Map(Object.entries(inits));
  }

  /** What is to be kept. */
  get inits(): Record<string, string> {
    return Object.fromEntries(this.#completedInits);
  }

  /** The pod has ended and holds nothing of the node any more but its logs. */
  get released(): boolean {
    return this.#released !== "no";
  }

  /** For a state; a pod that is deleted is released when its logs are gone, too. */
  of(intent: PodState["intent"]): Progressed {
    return {
      prepared: this.#prepared,
      released: intent.type === "delete" ? this.#released === "all" : this.released,
      restartWanted: this.#restartWanted,
      stoppedSandboxes: this.#stoppedSandboxes,
      completedInits: this.#completedInits,
    };
  }

  /** What holds from the beginning of an action on, whatever becomes of its answer. */
  begun(action: PodAction): void {
    if (action.type === "prepare") this.#released = "no";
    if (action.type === "release") this.#prepared = false;
    if (action.type === "killContainer" && action.restart) this.#restartWanted.add(action.containerId);
  }

  /** An action was done. */
  done(action: PodAction): void {
    if (action.type === "prepare") this.#prepared = true;
    if (action.type === "stopSandbox") this.#stoppedSandboxes.add(action.sandboxId);
    if (action.type === "release") this.#released = action.logs ? "all" : "logs kept";
  }

  /** Notes init containers that have completed; says whether that is news. */
  noteInits(state: PodState): boolean {
    return noteCompletedInits(state, this.#completedInits);
  }

  /** Forgets what is gone. */
  digest(observed: ObservedPod): void {
    forgetGone(observed, this.#restartWanted, this.#stoppedSandboxes);
  }
}
