/** May a running pod have more or less than it was granted? As kubelet decides on in-place resizes (KEP-1287). Pure. */
import type { Pod } from "../objects/mod.ts";
import type { ResizeRefusal } from "../pods/types.ts";
import { podRequests, qosClass } from "../resources/mod.ts";
import { type AdmissionNode, admitPod, Usage } from "./admission.ts";

/** `pod` as it asks to be, `others` with what they were granted. undefined: it may; Infeasible: never, on this node. */
export function planResize(pod: Pod, others: Iterable<Pod>, node: AdmissionNode): ResizeRefusal | undefined {
  if (node.staticCpus && qosClass(pod) === "Guaranteed") {
    const message = "Resize is infeasible for Guaranteed Pods alongside CPU Manager static policy";
    return { reason: "Infeasible", message };
  }
  const requests = podRequests(pod);
  for (const name of ["memory", "cpu"]) {
    const requested = requests[name] ?? 0, capacity = node.allocatable[name] ?? 0;
    if (requested <= capacity) continue;
    const message = `Node didn't have enough capacity: ${name}, requested: ${requested}, capacity: ${capacity}`;
    return { reason: "Infeasible", message };
  }
  const used = new Usage();
  for (const other of others) used.add(other);
  // what it was let in for, but for its amounts, it is not asked for again
  const decision = admitPod({ pod, admitted: false, manifest: true }, used, {
    ...node,
    shuttingDown: false,
    pressures: [],
  });
  return decision.admit === false && decision.lacking ? { reason: "Deferred", message: decision.message } : undefined;
}
