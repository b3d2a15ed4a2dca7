/** What an action is given, besides its pod, and what it tells besides its end. */
import type { Pod, ResourceRequirements } from "../objects/mod.ts";
import type { ObservedSandbox } from "../observed/types.ts";
import type { EventType } from "../telemetry/events.ts";

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
