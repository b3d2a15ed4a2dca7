/**
 * Which endpoints are close, by the hints of their slices (trafficDistribution, KEP-4444 and KEP-3015), as kube-proxy has it:
 * those for this node, else those for its zone, else all. Hints of one sort count only if every ready endpoint has some, and if
 * one of them is for here: whoever is not hinted at would get nothing, and clients of a zone without endpoints too. Pure.
 */

/** Whom the hints of an endpoint name; absent: they name no nodes, or no zones. */
export interface TopologyHints {
  /** Whether this node is among them. */
  node?: boolean;
  /** Whether this node's zone is among them. */
  zone?: boolean;
}

const areas = ["node", "zone"] as const;

/** `ready`: all ready endpoints of a port, each with hints of some sort. Undefined: hints do not count. */
export function closest<T extends { hints: TopologyHints }>(ready: readonly T[]): readonly T[] | undefined {
  for (const area of areas) {
    if (!ready.every(({ hints }) => hints[area] !== undefined)) continue;
    const close = ready.filter(({ hints }) => hints[area]);
    if (close.length > 0) return close;
  }
  return undefined;
}
