/** How long a pod may take to end: the request's word, else its own; nothing where nothing runs any more. Pure. */
import type { Pod } from "../objects/mod.ts";

/**
 * Seconds of grace for a deletion; 0: the row goes at once, and the node removes whatever is left of the pod. A request
 * without a word of its own leaves a deletion that is under way as it is. `nodeName` is this node's: nobody else is there
 * to end a pod.
 */
export function deletionGrace({ metadata, spec, status }: Pod, asked: number | undefined, nodeName: string): number {
  if (metadata.deletionTimestamp && spec.nodeName === nodeName) {
    const before = metadata.deletionGracePeriodSeconds ?? 0;
    return asked === undefined ? before : Math.min(before, atLeast(asked));
  }
  // nobody has to end what never began, or is over
  if (spec.nodeName !== nodeName || status?.phase === "Succeeded" || status?.phase === "Failed") return 0;
  return atLeast(asked ?? spec.terminationGracePeriodSeconds ?? 30);
}

/** kube-apiserver takes a negative grace for one second. */
function atLeast(seconds: number): number {
  return seconds < 0 ? 1 : seconds;
}
