/**
 * Whom a ready endpoint is meant for in the first place, by the Service's trafficDistribution (KEP-4444, KEP-3015): clients in
 * its own zone, or on its own node and else in its zone. Pure.
 */
import type { Endpoint, Service } from "../../objects/mod.ts";
import { topologyHintsAnnotation, topologyModeAnnotation } from "./labels.ts";

/** Undefined: for all. */
export function hintsOf(
  { spec: { trafficDistribution }, metadata: { annotations } }: Service,
  nodeName: string | undefined,
  zone: string | undefined,
): Endpoint["hints"] {
  if (!trafficDistribution || isShared(annotations)) return undefined;
  const hints = {
    ...(zone ? { forZones: [{ name: zone }] } : {}),
    ...(nodeName && trafficDistribution === "PreferSameNode" ? { forNodes: [{ name: nodeName }] } : {}),
  };
  return Object.keys(hints).length > 0 ? hints : undefined;
}

/**
 * The annotation's way beats the field's. It gives each zone a share by the processors of its nodes, from two zones on: the pods
 * that this node makes endpoints of are all in one, so that kube-controller-manager too would write no hints.
 */
function isShared(annotations: Readonly<Record<string, string>> = {}): boolean {
  const mode = annotations[topologyHintsAnnotation] ?? annotations[topologyModeAnnotation];
  return mode === "Auto" || mode === "auto";
}
