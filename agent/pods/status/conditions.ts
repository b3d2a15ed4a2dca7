/**
 * A pod's conditions: PodScheduled, PodReadyToStartContainers, Initialized, ContainersReady, Ready. Pure.
 * Source: Kubernetes "Pod Lifecycle: Pod conditions", KEP-580 (readiness gates), KEP-3085; messages as kubelet's.
 */
import { timestamp } from "../../clock.ts";
import { type ContainerStatus, isSidecar, type Pod, type PodCondition } from "../../objects/mod.ts";
import type { ResizeProgress } from "../types.ts";
import type { Phase } from "./phase.ts";

export interface ConditionFacts {
  pod: Pod;
  phase: Phase;
  init: readonly ContainerStatus[];
  regular: readonly ContainerStatus[];
  /** A sandbox with its network stands. */
  sandboxReady: boolean;
  resize: ResizeProgress;
  /** Why the node ends the pod for its own sake. */
  disruption?: string;
  /** As published last, those of others as they are now. */
  previous: readonly PodCondition[];
  /** Wall-clock ms. */
  now: number;
}

type Bare = Omit<PodCondition, "lastTransitionTime" | "lastProbeTime">;

const own = [
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
  "PodScheduled",
  "PodResizePending",
  "PodResizeInProgress",
];

/** Whether it is another one's to say whether that condition holds: readiness gates', DisruptionTarget. */
export function isForeign({ type }: Pick<PodCondition, "type">): boolean {
  return !own.includes(type);
}

/** All conditions; those that others set (readiness gates, DisruptionTarget) are kept as they are. */
export function podConditions(facts: ConditionFacts): PodCondition[] {
  const containers = containersReady(facts);
  const bare: Bare[] = [
    ...resizes(facts.resize),
    { type: "PodReadyToStartContainers", status: facts.sandboxReady ? "True" : "False" },
    initialized(facts),
    podReady(facts, containers),
    containers,
    { type: "PodScheduled", status: "True" },
    ...disrupted(facts.disruption),
  ];
  const foreign = facts.previous.filter((each) => isForeign(each) && !bare.some(({ type }) => type === each.type));
  return [...bare.map((condition) => stamp(condition, facts)), ...foreign];
}

function stamp(condition: Bare, { previous, now, pod }: ConditionFacts): PodCondition {
  const before = previous.find(({ type }) => type === condition.type);
  const lastTransitionTime = before?.status === condition.status && before.lastTransitionTime
    ? before.lastTransitionTime
    : timestamp(now);
  return {
    ...(pod.metadata.generation ? { observedGeneration: pod.metadata.generation } : {}),
    ...condition,
    lastTransitionTime,
  };
}

/** Source: KEP-1287. */
function resizes({ pending, inProgress }: ResizeProgress): Bare[] {
  const conditions: Bare[] = [];
  if (pending) conditions.push({ type: "PodResizePending", status: "True", ...pending });
  if (inProgress) {
    const { generation, error } = inProgress;
    conditions.push({
      type: "PodResizeInProgress",
      status: "True",
      ...(error === undefined ? {} : { reason: "Error", message: error }),
      ...(generation > 0 ? { observedGeneration: generation } : {}),
    });
  }
  return conditions;
}

function disrupted(message: string | undefined): Bare[] {
  return message ? [{ type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet", message }] : [];
}

function initialized({ pod, phase, init, regular }: ConditionFacts): Bare {
  if (phase === "Succeeded") return { type: "Initialized", status: "True", reason: "PodCompleted" };
  const begun = regular.some(({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated);
  const incomplete = (pod.spec.initContainers ?? []).filter((container, i) =>
    isSidecar(container) ? !init[i]?.started : init[i]?.state?.terminated?.exitCode !== 0
  ).map(({ name }) => name);
  if (begun || incomplete.length === 0) return { type: "Initialized", status: "True" };
  return {
    type: "Initialized",
    status: "False",
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${incomplete.join(" ")}]`,
  };
}

function containersReady({ pod, phase, init, regular }: ConditionFacts): Bare {
  const type = "ContainersReady";
  if (phase === "Succeeded") return { type, status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { type, status: "False", reason: "PodFailed" };
  const counted = [...init.filter((_, i) => isSidecar(pod.spec.initContainers![i])), ...regular];
  const unready = counted.filter(({ ready }) => !ready).map(({ name }) => name);
  if (unready.length === 0 && regular.length === pod.spec.containers.length) return { type, status: "True" };
  return {
    type,
    status: "False",
    reason: "ContainersNotReady",
    message: `containers with unready status: [${unready.join(" ")}]`,
  };
}

function podReady({ pod, previous }: ConditionFacts, containers: Bare): Bare {
  if (containers.status !== "True") return { ...containers, type: "Ready" };
  const open = (pod.spec.readinessGates ?? []).map(({ conditionType }) => conditionType)
    .filter((gate) => previous.find(({ type }) => type === gate)?.status !== "True");
  if (open.length === 0) return { type: "Ready", status: "True" };
  const messages = open.map((gate) => {
    const present = previous.find(({ type }) => type === gate);
    return present
      ? `the status of pod readiness gate "${gate}" is not "True", but ${present.status}`
      : `corresponding condition of pod readiness gate "${gate}" does not exist.`;
  });
  return { type: "Ready", status: "False", reason: "ReadinessGatesNotReady", message: messages.join(", ") };
}
