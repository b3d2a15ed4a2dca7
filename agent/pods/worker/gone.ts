/** What is noted by the ID of a container or sandbox is forgotten when that is gone. */
import type { ObservedPod } from "../../observed/types.ts";

/** Drops what is noted of containers and sandboxes that an observation does not show any more. */
export function forgetGone(
  { containers, sandboxes }: ObservedPod,
  ...notes: (Set<string> | Map<string, unknown>)[]
): void {
  const ids = new Set([...containers, ...sandboxes].map(({ id }) => id));
  for (const noted of notes) {
    for (const id of noted.keys()) if (!ids.has(id)) noted.delete(id);
  }
}
