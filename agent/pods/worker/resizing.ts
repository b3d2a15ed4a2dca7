/**
 * In-place resize (KEP-1287): what a pod's containers are to have, what the node has given them, and what they run with.
 *
 *     desired     spec.containers[].resources, as the source writes them
 *     allocated   what admission has granted: everything but the status of the spec's works with this
 *     actuated    what a container was made with (its annotation says so), or was brought to since
 *
 * A resize is granted when the node has room for it, else it waits; then running containers are brought to it, by the
 * runtime or by a restart. What was granted outlives the agent; nothing is kept of pods that were never resized.
 */
import { deepEqual, type Pod, type ResourceRequirements } from "../../objects/mod.ts";
import type { ObservedContainer, ObservedPod } from "../../observed/types.ts";
import { madeWith } from "../../runtime/mod.ts";
import { containersOf, resourcesOf, withResources } from "../plan/amounts.ts";
import type { PodAction, PodState, ResizeProgress, ResizeRefusal } from "../types.ts";
import { forgetGone } from "./gone.ts";

/** By container name. */
export type Allocation = ReadonlyMap<string, ResourceRequirements>;

/** What of a pod's resizes outlives the agent. */
export interface ResizeMemory {
  /** By container name. */
  allocated: Record<string, ResourceRequirements>;
  /** By container ID, where it is not what the container was made with. */
  actuated: Record<string, ResourceRequirements>;
  /** Of the spec whose amounts were granted last, while they are not all in force. */
  generation?: number;
}

export class Resizing {
  /** undefined until the pod is admitted for the first time. */
  #allocated: Allocation | undefined;
  readonly #actuated: Map<string, ResourceRequirements>;
  /** The allocation for which the pod's cgroup has room, and the one to which it was brought. */
  #grown: Allocation | undefined;
  #settled: Allocation | undefined;
  #pending: ResizeRefusal | undefined;
  #generation: number | undefined;
  #error: string | undefined;
  /** The pod was resized in this life or an earlier one. */
  #resized: boolean;
  #effective: { of: Pod; allocated: Allocation | undefined; pod: Pod } | undefined;

  constructor(pod: Pod, kept: ResizeMemory | undefined, observed: ObservedPod | undefined) {
    this.#resized = kept !== undefined;
    this.#actuated = new Map(Object.entries(kept?.actuated ?? {}));
    this.#generation = kept?.generation;
    if (!kept && !observed?.containers.length) return;
    // a resize that was asked for when the agent ended has not been granted yet
    this.#allocated = new Map(
      containersOf(pod).map((container) => {
        const newest = observed?.containers.find(({ name }) => name === container.name);
        return [
          container.name,
          kept?.allocated[container.name] ?? (newest && madeWith(newest)) ?? resourcesOf(container),
        ];
      }),
    );
  }

  /** What is to be kept. */
  get memory(): ResizeMemory | undefined {
    if (!this.#resized) return undefined;
    return {
      allocated: Object.fromEntries(this.#allocated ?? []),
      actuated: Object.fromEntries(this.#actuated),
      ...(this.#generation === undefined ? {} : { generation: this.#generation }),
    };
  }

  /** The pod with what it was granted in the place of what it asks for. */
  effective(pod: Pod): Pod {
    const allocated = this.#allocated;
    if (this.#effective?.of !== pod || this.#effective.allocated !== allocated) {
      this.#effective = { of: pod, allocated, pod: allocated ? withResources(pod, allocated) : pod };
    }
    return this.#effective.pod;
  }

  /** Whether the pod asks for other amounts than it was granted. */
  wanted(pod: Pod): boolean {
    return this.#allocated !== undefined && this.effective(pod) !== pod;
  }

  /** Grants what the pod asks for. Says whether that is a resize: its first grant comes with its admission. */
  allocate(pod: Pod): boolean {
    if (this.#allocated && !this.wanted(pod)) return false;
    const first = this.#allocated === undefined;
    this.#allocated = new Map(containersOf(pod).map((container) => [container.name, resourcesOf(container)]));
    this.#pending = undefined;
    if (first) return false;
    this.#resized = true;
    this.#generation = pod.metadata.generation ?? 0;
    this.#error = undefined;
    return true;
  }

  /** Puts a resize off. Says whether that is news. */
  postpone(refusal: ResizeRefusal): boolean {
    const news = !deepEqual(this.#pending, refusal);
    this.#pending = refusal;
    return news;
  }

  /**
   * An action on the pod's cgroup has been done; `allocated` is what the pod was granted when it began, `even`: its running
   * containers had just that.
   */
  done(action: PodAction["type"], allocated: Allocation | undefined, even: boolean): void {
    if (action !== "prepare" && action !== "grow" && action !== "resize") return;
    this.#grown = allocated;
    if (action === "resize" || action === "prepare" && even) this.#settled = allocated;
    if (action === "resize") this.#error = undefined;
  }

  get allocated(): Allocation | undefined {
    return this.#allocated;
  }

  /** A running container has got these amounts. */
  actuate(containerId: string, resources: ResourceRequirements): void {
    this.#resized = true;
    this.#actuated.set(containerId, resources);
  }

  /** For a state. */
  of(pod: Pod, observed: ObservedPod | undefined): Pick<PodState, "pod" | "actuated" | "grown" | "settled"> {
    return {
      pod: this.effective(pod),
      actuated: this.#runsWith(pod, observed?.containers ?? []),
      grown: this.#grown === this.#allocated,
      settled: this.#settled === this.#allocated,
    };
  }

  /** Forgets what is gone. */
  digest(observed: ObservedPod): void {
    forgetGone(observed, this.#actuated);
  }

  /** A resize under way did not get on. Says whether that is news. */
  fail(error: string): boolean {
    const news = error !== this.#error;
    this.#error = error;
    return news;
  }

  /** All that was granted is in force. Says whether that is news. */
  complete(): boolean {
    const news = this.#generation !== undefined;
    this.#generation = undefined;
    this.#error = undefined;
    return news;
  }

  /** For the status. */
  progress(pod: Pod): ResizeProgress {
    const generation = this.#generation;
    return {
      ...(this.#pending && this.wanted(pod) ? { pending: this.#pending } : {}),
      ...(generation === undefined
        ? {}
        : { inProgress: { generation, ...(this.#error === undefined ? {} : { error: this.#error }) } }),
    };
  }

  /** Of the spec that was granted last. */
  get generation(): number | undefined {
    return this.#generation;
  }

  /** ID of a container → what it runs, or ran, with. */
  #runsWith(pod: Pod, containers: readonly ObservedContainer[]): Map<string, ResourceRequirements> {
    const spec = new Map(containersOf(this.effective(pod)).map((container) => [container.name, container]));
    return new Map(containers.map((seen) => {
      const container = spec.get(seen.name);
      return [seen.id, this.#actuated.get(seen.id) ?? madeWith(seen) ?? (container ? resourcesOf(container) : {})];
    }));
  }
}
