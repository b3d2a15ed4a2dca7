/**
 * The runtime's answers → observed pods. List answers are cheap and enough to see what is there and in which state;
 * status answers add addresses, exit codes and stamps. Every function takes the list's item with or without the status.
 */
import {
  type Container as CriContainer,
  ContainerState,
  type ContainerStatus as CriContainerStatus,
  type PodSandbox,
  PodSandboxState,
  type PodSandboxStatus,
} from "../../cri/mod.ts";
import type { ObservedContainer, ObservedPod, ObservedSandbox } from "../observed/types.ts";
import { containerNameLabel, imageAnnotation, ownerLabel, podUidLabel, readIdentity } from "./labels.ts";

/** A sandbox by its list item, its status or both. Undefined where the labels are no pod's. */
export function observedSandbox(
  item: PodSandbox | PodSandboxStatus,
  status?: PodSandboxStatus,
): ObservedSandbox | undefined {
  const identity = readIdentity(item);
  if (!identity) return undefined;
  const full = status ?? (item.$typeName === "runtime.v1.PodSandboxStatus" ? item : undefined);
  const latest = status ?? item;
  return {
    id: item.id,
    podUid: identity.uid,
    namespace: identity.namespace,
    name: identity.name,
    attempt: item.metadata?.attempt ?? 0,
    ready: isReady(latest.state),
    createdAt: milliseconds(item.createdAt),
    ips: full ? addresses(full) : [],
    labels: item.labels,
    annotations: item.annotations,
  };
}

/** Whether a sandbox in this state can hold containers. */
export function isReady(state: PodSandboxState): boolean {
  return state === PodSandboxState.SANDBOX_READY;
}

/**
 * A container by its list item and, where asked for, its status. Without the status exit code, reason and stamps but the
 * creation's are empty. Undefined where the labels are no pod's container's.
 */
export function observedContainer(item: CriContainer, status?: CriContainerStatus): ObservedContainer | undefined {
  return container(item, item.podSandboxId, status);
}

/** A container by its status alone; a status does not name its sandbox. */
export function observedContainerStatus(
  status: CriContainerStatus,
  sandboxId: string,
): ObservedContainer | undefined {
  return container(status, sandboxId, status);
}

export interface ObservedAnswers {
  sandboxes: Iterable<PodSandbox>;
  containers: Iterable<CriContainer>;
  /** By id, as far as they were asked for. */
  sandboxStatus?: ReadonlyMap<string, PodSandboxStatus>;
  containerStatus?: ReadonlyMap<string, CriContainerStatus>;
  /** Leaves everything out that another installation made. */
  owner?: string;
  /** Monotonic ms at which the query began. */
  observedAt: number;
}

/** Pods by UID, from whole lists. A container whose sandbox is gone still counts for its pod. */
export function observedPods(answers: ObservedAnswers): Map<string, ObservedPod> {
  const pods = new Map<string, ObservedPod>();
  const own = (labels: Record<string, string>) => answers.owner === undefined || labels[ownerLabel] === answers.owner;
  const podOf = (uid: string, namespace: string, name: string) => {
    const known = pods.get(uid);
    if (known) return known;
    const fresh = { uid, namespace, name, sandboxes: [], containers: [], observedAt: answers.observedAt };
    pods.set(uid, fresh);
    return fresh as ObservedPod;
  };
  for (const item of answers.sandboxes) {
    const sandbox = own(item.labels) ? observedSandbox(item, answers.sandboxStatus?.get(item.id)) : undefined;
    if (sandbox) podOf(sandbox.podUid, sandbox.namespace, sandbox.name).sandboxes.push(sandbox);
  }
  for (const item of answers.containers) {
    const seen = own(item.labels) ? observedContainer(item, answers.containerStatus?.get(item.id)) : undefined;
    if (!seen) continue;
    const { namespace, name } = readIdentity(seen)!;
    podOf(seen.podUid, namespace, name).containers.push(seen);
  }
  for (const pod of pods.values()) sortPod(pod);
  return pods;
}

/** The newest first: by attempt, which only counts up. Stamps do not decide, because clocks are set back. */
export function sortPod(pod: ObservedPod): void {
  pod.sandboxes.sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt);
  pod.containers.sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt);
}

function container(
  item: CriContainer | CriContainerStatus,
  sandboxId: string,
  status: CriContainerStatus | undefined,
): ObservedContainer | undefined {
  const name = item.labels[containerNameLabel];
  const podUid = item.labels[podUidLabel];
  if (!name || !readIdentity(item)) return undefined;
  const latest = status ?? item;
  return {
    id: item.id,
    sandboxId,
    podUid,
    name,
    attempt: item.metadata?.attempt ?? 0,
    state: stateName(latest.state),
    image: item.annotations[imageAnnotation] || latest.image?.userSpecifiedImage || latest.image?.image || "",
    imageId: latest.imageRef || latest.imageId,
    createdAt: milliseconds(latest.createdAt),
    startedAt: milliseconds(status?.startedAt),
    finishedAt: milliseconds(status?.finishedAt),
    exitCode: status?.exitCode ?? 0,
    reason: status?.reason ?? "",
    message: status?.message ?? "",
    logPath: status?.logPath ?? "",
    labels: item.labels,
    annotations: item.annotations,
  };
}

/** A container's state as the agent calls it. */
export function stateName(state: ContainerState): ObservedContainer["state"] {
  switch (state) {
    case ContainerState.CONTAINER_CREATED:
      return "created";
    case ContainerState.CONTAINER_RUNNING:
      return "running";
    case ContainerState.CONTAINER_EXITED:
      return "exited";
    default:
      return "unknown";
  }
}

function addresses({ network }: PodSandboxStatus): string[] {
  const all = [network?.ip ?? "", ...(network?.additionalIps ?? []).map(({ ip }) => ip)];
  return [...new Set(all.filter(Boolean))];
}

/** Nanoseconds → milliseconds; 0 for "not yet", which some runtimes write as the year 1. */
function milliseconds(ns: bigint | undefined): number {
  return ns === undefined || ns <= 0n ? 0 : Number(ns / 1_000_000n);
}
