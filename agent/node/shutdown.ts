/**
 * How pods end when the machine is shut down, as kubelet's graceful node shutdown: group after group from the lowest
 * priority up, each group given its time. Pure; the caller ends the pods of a phase together, goes on when they are
 * gone or `waitSeconds` are over, and marks them with `shutdownReason` and `shutdownMessage`.
 */
import type { Pod } from "../objects/mod.ts";
import { criticalPriority } from "./critical.ts";

export const shutdownReason = "Terminated";
export const shutdownMessage = "Pod was terminated in response to imminent node shutdown.";

/** Beyond the longest grace, where no time is configured: for kills, and for sandboxes and their network. */
const aftermathSeconds = 10;

/** KubeletConfiguration's fields, durations in seconds. */
export interface ShutdownConfig {
  /** shutdownGracePeriod: time for everything. */
  totalSeconds?: number;
  /** shutdownGracePeriodCriticalPods: the part of it at the end that is for critical pods. */
  criticalSeconds?: number;
  /** shutdownGracePeriodByPodPriority; wins over both. */
  byPodPriority?: readonly { priority: number; shutdownGracePeriodSeconds: number }[];
}

export interface ShutdownPhase {
  /** The lowest priority of the phase. */
  priority: number;
  /** The longest that the next phase waits for this one. */
  waitSeconds: number;
  pods: { pod: Pod; graceSeconds: number }[];
}

/** The phases in order, empty ones left out: nobody waits for them. */
export function planShutdown(pods: readonly Pod[], config: ShutdownConfig = {}): ShutdownPhase[] {
  const groups = shutdownGroups(config);
  const phases = groups.map(({ priority, seconds }): ShutdownPhase => ({
    priority,
    waitSeconds: seconds ?? 0,
    pods: [],
  }));
  for (const pod of pods) {
    // The highest group that begins at or below the pod's priority; below all of them the lowest.
    const priority = pod.spec.priority ?? 0;
    const at = Math.max(0, groups.findLastIndex((group) => group.priority <= priority));
    const own = pod.spec.terminationGracePeriodSeconds ?? 30;
    const limit = groups[at].seconds;
    const graceSeconds = limit === undefined ? own : Math.min(own, limit);
    phases[at].pods.push({ pod, graceSeconds });
    // Without a configured time a phase lasts as long as its slowest pod needs.
    if (limit === undefined) {
      phases[at].waitSeconds = Math.max(phases[at].waitSeconds, graceSeconds + aftermathSeconds);
    }
  }
  return phases.filter((phase) => phase.pods.length > 0);
}

/** How long a shutdown may take in all: what a shutdown inhibitor has to ask for. Undefined without a limit. */
export function shutdownSeconds(config: ShutdownConfig): number | undefined {
  const groups = shutdownGroups(config);
  if (groups.some((group) => group.seconds === undefined)) return undefined;
  return groups.reduce((total, group) => total + group.seconds!, 0);
}

function shutdownGroups(config: ShutdownConfig): { priority: number; seconds: number | undefined }[] {
  const { byPodPriority = [], totalSeconds = 0, criticalSeconds = 0 } = config;
  if (byPodPriority.length > 0) {
    return byPodPriority.map((each) => ({ priority: each.priority, seconds: each.shutdownGracePeriodSeconds }))
      .sort((a, b) => a.priority - b.priority);
  }
  const limited = totalSeconds > 0 && criticalSeconds <= totalSeconds;
  return [
    { priority: 0, seconds: limited ? totalSeconds - criticalSeconds : undefined },
    { priority: criticalPriority, seconds: limited ? criticalSeconds : undefined },
  ];
}
