/**
 * The pure part of probing: what an attempt's outcome means for the container, and when the next attempt is due.
 * No clock, no I/O; the manager carries it out.
 *
 * A value changes only after `successThreshold` or `failureThreshold` equal outcomes in a row. A failed liveness or
 * startup probe asks nothing more until there is a new container.
 */
import type { ProbeOutcome, ProbeSpec, ProbeType, ProbeValue } from "./types.ts";

/** What a worker remembers between attempts at one container. */
export interface ProbeMemory {
  value: ProbeValue;
  /** The last counted outcome, and how often in a row it came. */
  last?: "success" | "failure";
  run: number;
  /** No attempts until there is a new container: the probe has failed for good, or a startup probe has passed. */
  onHold: boolean;
}

/** Before the first outcome: not ready, but alive. */
export function initialMemory(type: ProbeType): ProbeMemory {
  const value = { startup: "unknown", liveness: "success", readiness: "failure" } as const;
  return { value: value[type], run: 0, onHold: false };
}

/**
 * The memory of a container that was already running when the agent came: what was published of it stays until the
 * thresholds say otherwise, and a passed startup probe is never run again.
 */
export function adoptedMemory(type: ProbeType, known: { ready: boolean; started: boolean }): ProbeMemory {
  if (type === "startup" && known.started) return { value: "success", run: 0, onHold: true };
  if (type === "readiness" && known.ready) return { value: "success", run: 0, onHold: false };
  return initialMemory(type);
}

/** The memory after one more outcome. An error says nothing about the container: the memory stays as it is. */
export function judge(
  type: ProbeType,
  probe: Pick<ProbeSpec, "successThreshold" | "failureThreshold">,
  memory: ProbeMemory,
  result: ProbeOutcome["result"],
): ProbeMemory {
  if (result === "error" || memory.onHold) return memory;
  const outcome = result === "failure" ? "failure" : "success";
  const run = memory.last === outcome ? memory.run + 1 : 1;
  const threshold = outcome === "failure" ? probe.failureThreshold ?? 3 : probe.successThreshold ?? 1;
  if (run < threshold) return { ...memory, last: outcome, run };
  if (outcome === "failure" && type !== "readiness") return { value: "failure", last: outcome, run: 0, onHold: true };
  return { value: outcome, last: outcome, run, onHold: type === "startup" };
}

/** When attempts at one container may be made: monotonic milliseconds. */
export interface ProbeSchedule {
  /** The next attempt that counts. */
  next: number;
  /** The next early look, before the first attempt that counts. */
  early?: number;
  /** How many early looks there were. */
  looks: number;
}

/** Periods from which on attempts share their wake-ups: shorter ones would be put off too long. */
const sharing = 5000;

/**
 * The schedule of a container that may be probed from `from` on.
 *
 * Attempts that count lie one period apart, and the first at a random place in the first period, so that a hundred
 * pods that start together do not probe in step (kubelet's ticker has the same effect). Those of longer periods
 * are whole seconds of the monotonic clock: waking up costs as much as the probe itself, and probes that are due together share it. So that
 * nobody waits ten seconds for a server that is up after half of one, readiness and startup probes also take early looks:
 * they count when they succeed and are forgotten when they do not. Kubernetes allows extra readiness attempts while a
 * container is not ready.
 */
export function firstAttempt(
  type: ProbeType,
  probe: ProbeSpec,
  from: number,
  random: number,
  adopted: boolean,
): ProbeSchedule {
  const period = periodMs(probe);
  const due = from + random * period;
  const shared = Math.ceil(due / 1000) * 1000;
  // what would leave the period at its end comes in at its beginning
  const next = period < sharing ? due : shared <= from + period ? shared : shared - period;
  const early = !adopted && looksAllowed(type, probe) > 0 && from < next ? from : undefined;
  return { next, early, looks: 0 };
}

/** The schedule after an attempt that was due has been made at `now`: never drifting, never catching up. */
export function nextAttempt(type: ProbeType, probe: ProbeSpec, schedule: ProbeSchedule, now: number): ProbeSchedule {
  const period = periodMs(probe);
  if (schedule.next <= now) {
    return { next: schedule.next + period * (Math.floor((now - schedule.next) / period) + 1), looks: schedule.looks };
  }
  const looks = schedule.looks + 1;
  const early = now + 500 * 2 ** schedule.looks;
  return looks < looksAllowed(type, probe) && early < schedule.next
    ? { next: schedule.next, early, looks }
    : { next: schedule.next, looks };
}

/** When the schedule wants its next attempt. */
export function dueAt({ next, early }: ProbeSchedule): number {
  return early === undefined ? next : Math.min(early, next);
}

/** Commands cost the runtime a process, and count: only one early look at readiness, none at startup. */
function looksAllowed(type: ProbeType, probe: ProbeSpec): number {
  if (type === "liveness") return 0;
  if (probe.exec) return type === "readiness" ? 1 : 0;
  return 5;
}

export function periodMs(probe: ProbeSpec): number {
  return Math.max(1, probe.periodSeconds ?? 10) * 1000;
}

export function timeoutMs(probe: ProbeSpec): number {
  return Math.max(1, probe.timeoutSeconds ?? 1) * 1000;
}

/**
 * How long ago a container started, in milliseconds. Its age by the wall clock is trusted no further than `seenFor`,
 * the monotonic time since the pod was last observed without it running: a clock that jumps shortens no initial delay.
 */
export function trustedAge(age: number, seenFor = Infinity): number {
  return Math.min(Math.max(0, age), seenFor);
}

/** When a container that started at `startedAt` may be probed first. */
export function eligibleAt(probe: ProbeSpec, startedAt: number): number {
  return startedAt + (probe.initialDelaySeconds ?? 0) * 1000;
}

/** An event's text: kubelet's words for an outcome that deserves one, undefined for the others. */
export function eventFor(
  type: ProbeType,
  { result, message }: ProbeOutcome,
): { reason: "Unhealthy" | "ProbeWarning"; message: string } | undefined {
  const name = { startup: "Startup", liveness: "Liveness", readiness: "Readiness" }[type];
  const text = (what: string) => `${name} probe ${what}: ${message.trimEnd()}`.slice(0, 1024);
  if (result === "failure") return { reason: "Unhealthy", message: text("failed") };
  if (result === "error") return { reason: "Unhealthy", message: text("errored and resulted in unknown state") };
  if (result === "warning") return { reason: "ProbeWarning", message: text("warning") };
  return undefined;
}
