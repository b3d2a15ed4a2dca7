/**
 * PodStatus from what is wanted, what is there and what was published before. Pure: the same state gives the same
 * status, so nothing is written while nothing changes.
 */
import { timestamp } from "../../clock.ts";
import {
  type Container,
  type ContainerRole,
  type ContainerStatus,
  isSidecar,
  type Pod,
  type PodStatus,
  type ResourceRequirements,
} from "../../objects/mod.ts";
import { qosClass } from "../../resources/qos.ts";
import { backoffUntil, lastEnd, outcome, usableSandbox } from "../plan/standing.ts";
import { changes } from "../plan/amounts.ts";
import type { PodState } from "../types.ts";
import { isForeign, podConditions } from "./conditions.ts";
import { containerStatus } from "./container_status.ts";
import { podPhase } from "./phase.ts";

export interface StatusFacts {
  /** As published last; empty for a new pod. */
  previous: PodStatus;
  /** The node's addresses, primary first. */
  hostIPs: readonly string[];
  /** `containerd`, as container IDs are prefixed. */
  runtimeName: string;
  /** Wall-clock ms. */
  now: number;
  /** Cap of CrashLoopBackOff; for its message. */
  backoffSeconds(containerId: string): number;
}

/** Computes the status to publish; with an unknown runtime the last one stands. */
export function podStatus(state: PodState, facts: StatusFacts): PodStatus {
  const { pod, intent, observed } = state;
  const { previous, hostIPs, now } = facts;
  if (!observed) return previous;
  const sandbox = usableSandbox(state);
  const ending = intent.type === "delete" || intent.type === "finish" && !intent.forNow || outcome(state) !== "open";
  const init = (pod.spec.initContainers ?? []).map((container) =>
    status(state, facts, container, isSidecar(container) ? "sidecar" : "init", ending)
  );
  const regular = pod.spec.containers.map((container) => status(state, facts, container, "regular", ending));
  const ephemeral = (pod.spec.ephemeralContainers ?? []).map((container) =>
    status(state, facts, container, "ephemeral", ending)
  );
  const alive = observed.containers.some(({ state }) => state === "running" || state === "unknown") ||
    state.operations.some(({ type }) => type === "startContainer");
  const told = intent.type === "finish" && intent.reason !== "" ? intent : undefined;
  const ended = told !== undefined && !told.forNow;
  const settled = previous.phase === "Succeeded" || previous.phase === "Failed";
  const phase = settled ? previous.phase : podPhase({ pod, init, regular, ending, ended, alive });
  const podIPs = pod.spec.hostNetwork && sandbox
    ? hostIPs.map((ip) => ({ ip }))
    : sandbox
    ? sandbox.ips.map((ip) => ({ ip }))
    : previous.podIPs ?? [];
  const result: PodStatus = {
    ...(pod.metadata.generation ? { observedGeneration: pod.metadata.generation } : {}),
    phase,
    conditions: podConditions({
      pod,
      phase: phase as "Pending",
      init,
      regular,
      sandboxReady: sandbox !== undefined,
      resize: intent.type === "run" ? state.resize : {},
      ...(intent.type === "finish" && intent.disruption ? { disruption: intent.disruption } : {}),
      previous: [
        ...(previous.conditions ?? []).filter((condition) => !isForeign(condition)),
        ...(pod.status?.conditions ?? []).filter(isForeign),
      ],
      now,
    }),
    ...(settled && previous.reason ? { reason: previous.reason, message: previous.message } : {}),
    ...(told && !settled ? { reason: told.reason, message: told.message } : {}),
    ...(hostIPs.length > 0 ? { hostIP: hostIPs[0], hostIPs: hostIPs.map((ip) => ({ ip })) } : {}),
    ...(podIPs.length > 0 ? { podIP: podIPs[0].ip, podIPs } : {}),
    startTime: previous.startTime ?? timestamp(now),
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: regular,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    qosClass: qosClass(pod),
  };
  if (turnedAway(result)) {
    // containers that will not be made wait for nothing: without them, the pod's own reason is what is shown
    delete result.containerStatuses;
    delete result.initContainerStatuses;
    delete result.ephemeralContainerStatuses;
  }
  return result;
}

function status(
  state: PodState,
  facts: StatusFacts,
  container: Container,
  kind: ContainerRole,
  ending: boolean,
): ContainerStatus {
  const { pod, observed, operations, retries, probes } = state;
  const attempts = observed!.containers.filter(({ name }) => name === container.name);
  const newest = attempts[0];
  const { containerStatuses, initContainerStatuses, ephemeralContainerStatuses } = facts.previous;
  const list = kind === "regular"
    ? containerStatuses
    : kind === "ephemeral"
    ? ephemeralContainerStatuses
    : initContainerStatuses;
  const previous = list?.find(({ name }) => name === container.name);
  const probed = newest && probes.get(container.name)?.containerId === newest.id
    ? probes.get(container.name)
    : undefined;
  const restarts = !ending && lastEnd(state, container)?.restart !== false;
  return containerStatus({
    container,
    kind,
    attempts,
    previous,
    restarts,
    waiting: ending ? undefined : waitingReason(),
    starting: operations.some(({ key }) => key === `start/${container.name}`),
    initialReason: (pod.spec.initContainers ?? []).length > 0 ? "PodInitializing" : "ContainerCreating",
    startupPassed: !container.startupProbe || probed?.startup === "success",
    readinessPassed: !container.readinessProbe || probed?.readiness === "success",
    actuated: newest?.state === "running" ? inForce(container, state.actuated.get(newest.id)) : undefined,
    runtimeName: facts.runtimeName,
  });

  function waitingReason(): { reason: string; message?: string } | undefined {
    const { name } = container;
    const retry = retries.get(`start/${name}`);
    const until = backoffUntil(state, container, newest);
    if (until !== undefined && until > (retry?.at ?? 0)) {
      return { reason: "CrashLoopBackOff", message: backoffMessage(pod, name, facts.backoffSeconds(newest!.id)) };
    }
    return retry && { reason: retry.reason, ...(retry.message ? { message: retry.message } : {}) };
  }
}

/** The amounts that a container runs with; the same value while they are what it was granted. */
function inForce(
  { resources }: Container,
  actuated: ResourceRequirements | undefined,
): ResourceRequirements | undefined {
  if (!actuated || !resources || changes(actuated, resources).length === 0) return resources;
  return { ...(resources.claims ? { claims: resources.claims } : {}), ...actuated };
}

/** kubelet's words for a container that waits for its restart. */
export function backoffMessage(pod: Pod, container: string, seconds: number): string {
  return `back-off ${goDuration(seconds)} restarting failed container=${container} pod=${podTitle(pod)}`;
}

/** A pod as kubelet's messages name it. */
export function podTitle({ metadata: { name, namespace, uid } }: Pod): string {
  return `${name}_${namespace}(${uid})`;
}

/** Seconds as Go prints a duration: 10s, 1m20s, 5m0s. */
function goDuration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}

/** How the message of a pod begins that was not let in; kubelet's. */
export const rejected = "Pod was rejected: ";

/**
 * Whether the status is that of a pod that admission turned away: it failed for a reason of the node's before any of its
 * containers existed. Such a pod is let in when there is room (a difference from kubelet, for manifest pods' sake).
 */
export function turnedAway(
  { phase, reason, message = "", containerStatuses = [], initContainerStatuses = [] }: PodStatus,
): boolean {
  if (phase !== "Failed" || !reason || reason === "DeadlineExceeded") return false;
  // both who was not let in and who had to go for want of something are called so
  if (reason === "Evicted" && !message.startsWith(rejected)) return false;
  return ![...containerStatuses, ...initContainerStatuses].some(({ containerID }) => containerID);
}

/** Why a pod ends that had to make room for a critical one; kubelet's word. */
export const displacedReason = "Preempting";

/** Whether the pod ran, and had to make room for a critical one. */
export function isDisplaced(status: PodStatus): boolean {
  return status.phase === "Failed" && status.reason === displacedReason && !turnedAway(status);
}
