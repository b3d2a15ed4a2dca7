/** A pod's phase from its containers' states. Source: Kubernetes "Pod Lifecycle: Pod phase". Pure. */
import { type ContainerStatus, isSidecar, type Pod } from "../../objects/mod.ts";

export type Phase = "Pending" | "Running" | "Succeeded" | "Failed";

export interface PhaseFacts {
  pod: Pod;
  init: readonly ContainerStatus[];
  regular: readonly ContainerStatus[];
  /** The pod is ending for good (completed, failed, deadline, deletion): no container starts again. */
  ending: boolean;
  /** It was ended by the node (deadline, rejection, eviction): Failed whatever the exit codes. */
  ended: boolean;
  /** A container still runs, a sidecar counts too. */
  alive: boolean;
}

/** The phase; a pod is terminal only once nothing of it runs. */
export function podPhase({ pod, init, regular, ending, ended, alive }: PhaseFacts): Phase {
  if (ending && !alive) {
    if (ended) return "Failed";
    const ran = [...init, ...regular].some(({ state }) => state?.terminated);
    const failedInit = pod.spec.initContainers?.some((container, i) =>
      !isSidecar(container) && (init[i]?.state?.terminated?.exitCode ?? 0) !== 0
    );
    if (ran && failedInit) return "Failed";
    if (regular.length > 0 && regular.every(({ state }) => state?.terminated)) {
      return regular.every(({ state }) => state?.terminated?.exitCode === 0) ? "Succeeded" : "Failed";
    }
    return "Failed";
  }
  const uninitialized = pod.spec.initContainers?.some((container, i) => {
    const status = init[i];
    return isSidecar(container)
      ? !status?.started && !status?.lastState?.terminated
      : status?.state?.terminated?.exitCode !== 0;
  });
  const begun = regular.some(({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated);
  if (uninitialized && !begun) return "Pending";
  const waiting = regular.some(({ state, lastState }) => state?.waiting && !lastState?.terminated);
  return waiting || regular.length === 0 ? "Pending" : "Running";
}
