/** Events about pods and their containers, as kubelet refers to them. */
import type { Pod } from "../objects/mod.ts";
import type { EventRecorder, EventType } from "../telemetry/events.ts";

/** Records an event about a pod, or about one of its containers. */
export type TellEvent = (
  pod: Pod,
  container: string | undefined,
  type: EventType,
  reason: string,
  message: string,
) => void;

export function podEvents(events: EventRecorder): TellEvent {
  return (pod, container, type, reason, message) => {
    const { name, namespace, uid } = pod.metadata;
    const fieldPath = container && containerField(pod, container);
    events.event({ kind: "Pod", namespace, name, uid, ...(fieldPath ? { fieldPath } : {}) }, type, reason, message);
  };
}

/** `spec.containers{web}`: how events name a container. */
export function containerField({ spec }: Pod, name: string): string {
  const lists = ["initContainers", "ephemeralContainers"] as const;
  const list = lists.find((list) => spec[list]?.some((container) => container.name === name)) ?? "containers";
  return `spec.${list}{${name}}`;
}
