/**
 * One pod as a row: NAME READY STATUS RESTARTS AGE, and what `-o wide` adds. STATUS is not the phase but the word that
 * says most: what the first unready init container does, else what the first troubled container does.
 */
import type { ContainerState, ContainerStatus, Pod } from "../../objects/mod.ts";
import { age } from "../../age.ts";
import type { Column } from "./table.ts";

export const podColumns: readonly Column[] = [
  { name: "Name", description: "Name of the pod" },
  { name: "Ready", description: "Containers that are ready, of all" },
  { name: "Status", description: "What the pod does" },
  { name: "Restarts", description: "Restarts of its containers, and when the last one was" },
  { name: "Age", description: "Time since the pod was created" },
  { name: "IP", description: "Address of the pod", wide: true },
  { name: "Node", description: "Node of the pod", wide: true },
  { name: "Nominated Node", description: "Node that room is being made on", wide: true },
  { name: "Readiness Gates", description: "Readiness gates that are passed, of all", wide: true },
];

/** The cells of {@link podColumns}. */
export function podRow(pod: Pod, now: number): string[] {
  const { ready, total, status, restarts, lastRestart } = podSummary(pod);
  const gates = pod.spec.readinessGates ?? [];
  const passed = gates.filter(({ conditionType }) => conditionIs(pod, conditionType)).length;
  return [
    pod.metadata.name,
    `${ready}/${total}`,
    status,
    restarts > 0 && lastRestart !== undefined ? `${restarts} (${age(lastRestart, now)} ago)` : String(restarts),
    age(pod.metadata.creationTimestamp, now),
    pod.status?.podIP || pod.status?.podIPs?.[0]?.ip || "<none>",
    pod.spec.nodeName || "<none>",
    pod.status?.nominatedNodeName || "<none>",
    gates.length > 0 ? `${passed}/${gates.length}` : "<none>",
  ];
}

export interface PodSummary {
  ready: number;
  total: number;
  status: string;
  restarts: number;
  /** RFC 3339, of the last restart. */
  lastRestart?: string;
}

/** The figures of a pod's row. */
export function podSummary({ metadata, spec, status = {} }: Pod): PodSummary {
  const sidecars = new Set((spec.initContainers ?? []).filter((c) => c.restartPolicy === "Always").map((c) => c.name));
  const inits = status.initContainerStatuses ?? [];
  const summary: PodSummary = {
    ready: 0,
    total: spec.containers.length + sidecars.size,
    status: isGated(status) ? "SchedulingGated" : status.reason || status.phase || "Pending",
    restarts: 0,
  };

  let initializing = false;
  let at = 0;
  for (; at < inits.length; at++) {
    const container = inits[at];
    count(summary, container);
    if (container.state?.terminated?.exitCode === 0) continue;
    if (sidecars.has(container.name) && container.started) {
      if (container.ready) summary.ready++;
      continue;
    }
    initializing = true;
    const { terminated, waiting } = container.state ?? {};
    const why = terminated
      ? ended(terminated)
      : waiting?.reason && waiting.reason !== "PodInitializing"
      ? waiting.reason
      : `${at}/${spec.initContainers?.length ?? inits.length}`;
    summary.status = `Init:${why}`;
    break;
  }

  if (!initializing || status.conditions?.some(({ type, status }) => type === "Initialized" && status === "True")) {
    summary.restarts = 0;
    delete summary.lastRestart;
    for (const container of inits.slice(0, at + 1)) if (sidecars.has(container.name)) count(summary, container);
    let anyRunning = false;
    // Backwards: the first container's word is the one that stays.
    for (const container of (status.containerStatuses ?? []).toReversed()) {
      count(summary, container);
      const { waiting, terminated, running } = container.state ?? {};
      if (waiting?.reason) summary.status = waiting.reason;
      else if (terminated) summary.status = ended(terminated);
      else if (running && container.ready) {
        anyRunning = true;
        summary.ready++;
      }
    }
    if (summary.status === "Completed" && anyRunning) {
      const ready = status.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
      summary.status = ready ? "Running" : "NotReady";
    }
  }
  if (metadata.deletionTimestamp && status.phase !== "Succeeded" && status.phase !== "Failed") {
    summary.status = "Terminating";
  }
  return summary;
}

function ended({ reason, signal, exitCode }: NonNullable<ContainerState["terminated"]>): string {
  return reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);
}

function count(summary: PodSummary, { restartCount, lastState }: ContainerStatus): void {
  summary.restarts += restartCount;
  const finished = lastState?.terminated?.finishedAt;
  if (finished && (summary.lastRestart === undefined || Date.parse(finished) > Date.parse(summary.lastRestart))) {
    summary.lastRestart = finished;
  }
}

function isGated({ conditions = [] }: NonNullable<Pod["status"]>): boolean {
  return conditions.some(({ type, reason }) => type === "PodScheduled" && reason === "SchedulingGated");
}

function conditionIs({ status }: Pod, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}
