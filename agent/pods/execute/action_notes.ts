/** What an action is given, besides its pod, and what it tells besides its end. */
import type { Pod, ResourceRequirements } from "../../objects/mod.ts";
import type { ObservedSandbox } from "../../observed/types.ts";
import type { EventType } from "../../telemetry/events.ts";
import { actuatedPod } from "../plan/amounts.ts";
import { usableSandbox } from "../plan/standing.ts";
import type { PodState } from "../types.ts";

export interface ActionNotes {
  event(container: string | undefined, type: EventType, reason: string, message: string): void;
  /** The sandbox to start containers in. */
  sandbox: ObservedSandbox | undefined;
  podIPs: string[];
  /** The pod with the amounts that its running containers have. */
  actuated: Pod;
  /** A running container has got these amounts. */
  resized(containerId: string, resources: ResourceRequirements): void;
  /** Container name → its newest attempt in that sandbox. */
  containerIds: ReadonlyMap<string, string>;
  /** The store has a row for the pod. */
  wanted: boolean;
}

/** The notes of an action that is planned in this state. */
export function actionNotes(
  state: PodState,
  hostIPs: () => string[],
  rest: Pick<ActionNotes, "event" | "resized" | "wanted">,
): ActionNotes {
  const { pod, actuated, observed: { containers } = { containers: [] } } = state;
  const sandbox = usableSandbox(state);
  const here = containers.filter(({ sandboxId }) => sandboxId === sandbox?.id);
  return {
    ...rest,
    sandbox,
    podIPs: pod.spec.hostNetwork ? hostIPs() : sandbox?.ips ?? [],
    actuated: actuatedPod(pod, containers.filter((seen) => seen.state === "running"), actuated),
    // the newest stands first
    containerIds: new Map(here.reverse().map(({ name, id }) => [name, id])),
  };
}
