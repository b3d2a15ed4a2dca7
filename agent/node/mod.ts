/**
 * The node as such: what the machine is and has (`facts.ts`, `addresses.ts`), what pods may use of it
 * (`allocatable.ts`), which pods may run (`admission.ts`), and in which order they end with the machine (`shutdown.ts`).
 */
export {
  AddressWatcher,
  type AddressWatchOptions,
  hostIPs,
  nodeAddresses,
  nodeStatusAddresses,
  readAddresses,
} from "./addresses.ts";
export {
  type AdmissionNode,
  admissionOrder,
  type AdmissionPod,
  admitPod,
  type Decision,
  planAdmission,
  type Refusal,
  Usage,
} from "./admission.ts";
export {
  allocatable,
  podsBudget,
  quantities,
  type Reservation,
  reservationProblems,
  thresholdAmount,
} from "./allocatable.ts";
export { criticalPriority, isCritical } from "./critical.ts";
export { deletionGrace } from "./deletion.ts";
export { copesWithMemoryPressure } from "./eviction/admission.ts";
export { type Pressure, pressureTaints } from "./eviction/signals.ts";
export { type FactsOptions, type Machine, type NodeFacts, nodeLabels, readFacts, thisMachine } from "./facts.ts";
export { oomMessage, oomReason, OomWatch, type OomWatchOptions } from "./oom_watch.ts";
export { boundPod, withPodCondition } from "./pod_condition.ts";
export { planResize } from "./resize.ts";
export {
  planShutdown,
  type ShutdownConfig,
  shutdownMessage,
  type ShutdownPhase,
  shutdownReason,
  shutdownSeconds,
} from "./shutdown.ts";
export { isOfPod, type OomKill, oomKill, systemOomMessage, systemOomReason } from "./system_oom.ts";
export { allowedSysctlProblems, safeSysctls } from "./sysctls.ts";
export { matchesNode } from "./node_affinity.ts";
export { type Taint, tolerates } from "./taints.ts";
